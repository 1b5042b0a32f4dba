import type { PromptView } from '../protocol';
import { isHeard, shownTakes } from './lane';
import type { Filter, Page } from './state';

/** The prompts that pass the filter, in order. A number (`12`, `p12`) finds the prompt of that number as well. */
export function filteredPrompts(page: Page): readonly PromptView[] {
  const { filter, comparison } = page;
  const prompts = comparison?.prompts ?? [];
  if (filter.text.trim() === '' && !filter.unheard) return prompts;
  const open = filter.unheard ? unheardPrompts(page) : null;
  const matches = matcher(filter);
  return prompts.filter((prompt) => matches(prompt) && open?.has(prompt.id) !== false);
}

/** The next (1) or previous (−1) prompt among those shown; null at the end. */
export function neighbour(page: Page, step: 1 | -1): string | null {
  const at = page.prompt === null ? -1 : (page.index.promptAt.get(page.prompt) ?? -1);
  const shown = filteredPrompts(page);
  const place = (prompt: PromptView): number => page.index.promptAt.get(prompt.id) ?? -1;
  const next =
    step === 1 ? shown.find((prompt) => place(prompt) > at) : shown.findLast((prompt) => place(prompt) < at);
  return next?.id ?? null;
}

/** The first clip after the current one that was not heard, prompt by prompt, from the start again at the end. */
export function nextUnheard(page: Page): { readonly prompt: string; readonly take: string } | null {
  const prompts = page.comparison?.prompts ?? [];
  const takes = shownTakes(page);
  if (!prompts.length || !takes.length) return null;
  const takeNow = Math.max(
    0,
    takes.findIndex((take) => take.id === page.take),
  );
  const here = (page.index.promptAt.get(page.prompt ?? '') ?? 0) * takes.length + takeNow;
  const cells = prompts.length * takes.length;
  for (let step = 1; step <= cells; step++) {
    const cell = (here + step) % cells;
    const prompt = prompts[Math.floor(cell / takes.length)]?.id ?? '';
    const take = takes[cell % takes.length]?.id ?? '';
    const clip = page.index.clip(prompt, take);
    if (clip !== undefined && clip.uri !== null && !page.unplayable.has(clip.id) && !isHeard(page, clip)) {
      return { prompt, take };
    }
  }
  return null;
}

function unheardPrompts(page: Page): ReadonlySet<string> {
  return new Set(
    (page.comparison?.clips ?? [])
      .filter((clip) => clip.uri !== null && !page.hidden.has(clip.take) && !isHeard(page, clip))
      .map((clip) => clip.prompt),
  );
}

function matcher(filter: Filter): (prompt: PromptView) => boolean {
  const words = filter.text.toLocaleLowerCase().split(/\s+/u).filter(Boolean);
  const number = /^\s*p?(\d+)\s*$/iu.exec(filter.text)?.[1];
  return (prompt) => {
    if (number !== undefined && prompt.number === Number(number)) return true;
    const text = prompt.text.toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  };
}
