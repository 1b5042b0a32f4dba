import type { ClipView, ComparisonState, PromptView, TakeView } from '../protocol';

/** A comparison made quick to ask: built once per state, never changed. */
export interface ComparisonIndex {
  /** Prompt id → place in the list, from 0. */
  readonly promptAt: ReadonlyMap<string, number>;
  /** Take id → place among all takes, from 0: its colour for as long as the page lives. */
  readonly takeAt: ReadonlyMap<string, number>;
  readonly clips: ReadonlyMap<string, ClipView>;
  clip(prompt: string, take: string): ClipView | undefined;
}

export function indexComparison(comparison: ComparisonState | null): ComparisonIndex {
  const byPrompt = new Map<string, Map<string, ClipView>>();
  for (const clip of comparison?.clips ?? []) {
    const takes = byPrompt.get(clip.prompt) ?? new Map<string, ClipView>();
    takes.set(clip.take, clip);
    byPrompt.set(clip.prompt, takes);
  }
  return {
    promptAt: places(comparison?.prompts ?? []),
    takeAt: places(comparison?.takes ?? []),
    clips: new Map((comparison?.clips ?? []).map((clip) => [clip.id, clip])),
    clip: (prompt, take) => byPrompt.get(prompt)?.get(take),
  };
}

function places(things: readonly (PromptView | TakeView)[]): Map<string, number> {
  return new Map(things.map((thing, place) => [thing.id, place]));
}
