import type { ClipView, PromptView, TakeView } from '../protocol';
import type { Page } from './state';

/** A take as the page shows it for one prompt. */
export interface Lane {
  readonly take: TakeView;
  /** The key that chooses it, from 1 in the order shown; above 9 it has none. */
  readonly number: number;
  /** Place among the colours, 0 … COLOURS − 1. */
  readonly colour: number;
  /** Undefined: no evaluation promises such a clip. */
  readonly clip: ClipView | undefined;
}

/** How many takes get a colour of their own before the first returns; see takeColours.ts and comparison.css. */
export const COLOURS = 9;

/** The takes that are not put away, in the host's order: grouped by run. */
export function shownTakes(page: Page): readonly TakeView[] {
  return (page.comparison?.takes ?? []).filter((take) => !page.hidden.has(take.id));
}

/** The lanes of a prompt. */
export function lanesOf(page: Page, prompt: string | null): readonly Lane[] {
  return shownTakes(page).map((take, i) => ({
    take,
    number: i + 1,
    colour: colourOf(page, take.id),
    clip: prompt === null ? undefined : page.index.clip(prompt, take.id),
  }));
}

export function colourOf(page: Page, take: string): number {
  return (page.index.takeAt.get(take) ?? 0) % COLOURS;
}

export function currentPrompt(page: Page): PromptView | undefined {
  return page.prompt === null
    ? undefined
    : page.comparison?.prompts[page.index.promptAt.get(page.prompt) ?? -1];
}

export function currentTake(page: Page): TakeView | undefined {
  return page.comparison?.takes.find((take) => take.id === page.take);
}

export function isHeard(page: Page, clip: ClipView): boolean {
  return clip.heard || page.heardHere.has(clip.id);
}

/** How many clips there are to hear, and how many of them were. */
export function heardCount(page: Page): { readonly heard: number; readonly total: number } {
  const there = (page.comparison?.clips ?? []).filter((clip) => clip.uri !== null);
  return { heard: there.filter((clip) => isHeard(page, clip)).length, total: there.length };
}

/** Takes of several evaluations need headings that tell them apart. */
export function isAcrossRuns(takes: readonly TakeView[]): boolean {
  return new Set(takes.map((take) => JSON.stringify([take.run, take.evaluation]))).size > 1;
}
