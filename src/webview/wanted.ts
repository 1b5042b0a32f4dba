import { neighbour } from './navigate';
import { lanesOf } from './lane';
import type { Page } from './state';

/** Up to this many clips, all are analysed as soon as the page is open; beyond, only what is looked at. */
export const ALL_AT_ONCE = 600;

/**
 * The clips whose peaks and loudness are still unknown, most wanted first: of the prompt that is looked at, of those
 * a key press away, of the rows in view, then all others unless there are too many.
 */
export function wantedClips(
  page: Page,
  rowsInView: readonly string[],
  isKnown: (clip: string) => boolean,
): readonly string[] {
  const clips = page.comparison?.clips ?? [];
  const near = [page.prompt, neighbour(page, 1), neighbour(page, -1), ...rowsInView].filter(
    (id) => id !== null,
  );
  const first = near.flatMap((prompt) => lanesOf(page, prompt).map((lane) => lane.clip));
  const all = [...first, ...(clips.length <= ALL_AT_ONCE ? clips : [])];
  const ids = all.flatMap((clip) =>
    clip === undefined || clip.uri === null || isKnown(clip.id) ? [] : [clip.id],
  );
  return [...new Set(ids)];
}
