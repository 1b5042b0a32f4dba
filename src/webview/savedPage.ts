import { noteScopeOf } from './noteScope';
import type { Draft, Filter, Loop, Page } from './state';

/** What outlives a reload of the window, beside what the host needs (`restore`). */
export interface SavedPage {
  readonly prompt: string | null;
  readonly take: string | null;
  /** Where the playhead was, in seconds. */
  readonly second: number;
  readonly hidden: readonly string[];
  readonly filter: Filter;
  readonly loop: Loop | null;
  readonly loudnessMatch: boolean | null;
  readonly overview: boolean;
  readonly drafts: Readonly<Record<string, Draft>>;
  readonly editing: string | null;
}

export function savedPage(page: Page, second: number): SavedPage {
  const { prompt, take, hidden, filter, loop, loudnessMatch, overview, drafts, editing } = page;
  return {
    prompt,
    take,
    second,
    hidden: [...hidden],
    filter,
    loop,
    loudnessMatch,
    overview,
    drafts,
    editing,
  };
}

/** Reads what an earlier page saved; whatever is not as it should be is left out. */
export function parseSavedPage(saved: unknown): SavedPage {
  const page = fields(fields(saved)['page']);
  const filter = fields(page['filter']);
  return {
    prompt: text(page['prompt']),
    take: text(page['take']),
    second: number(page['second']) ?? 0,
    hidden: Array.isArray(page['hidden']) ? page['hidden'].filter((id) => typeof id === 'string') : [],
    filter: { text: text(filter['text']) ?? '', unheard: filter['unheard'] === true },
    loop: parseLoop(fields(page['loop'])),
    loudnessMatch: typeof page['loudnessMatch'] === 'boolean' ? page['loudnessMatch'] : null,
    overview: page['overview'] === true,
    drafts: parseDrafts(fields(page['drafts'])),
    editing: text(page['editing']),
  };
}

function parseLoop(loop: Record<string, unknown>): Loop | null {
  const from = number(loop['from']);
  const to = number(loop['to']);
  return from === null || to === null || to <= from ? null : { from, to, on: loop['on'] === true };
}

function parseDrafts(drafts: Record<string, unknown>): Record<string, Draft> {
  return Object.fromEntries(
    Object.entries(drafts).flatMap(([key, value]) => {
      const draft = fields(value);
      const words = text(draft['text']);
      return words === null ? [] : [[key, { text: words, scope: noteScopeOf(draft['scope']) }]];
    }),
  );
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}
