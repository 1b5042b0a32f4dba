import type { NoteRecord } from '../../../src/notes/record';

/** A line with everything empty but what the test is about. */
export function record(given: Partial<NoteRecord> & { readonly id: string }): NoteRecord {
  return {
    v: 1,
    at: '2026-03-01T14:02:00.000Z',
    by: 'Ann',
    op: 'note',
    run: 'run-a',
    evaluation: null,
    prompt: null,
    takes: [],
    seconds: null,
    text: `text of ${given.id}`,
    tags: [],
    ratings: {},
    clip_sha256: {},
    replaces: null,
    ...given,
  };
}

/** Repeatable random numbers in [0, 1): mulberry32, public domain, by Tommy Ettinger. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function shuffled<T>(items: readonly T[], next: () => number): T[] {
  return items
    .map((item) => ({ item, key: next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
