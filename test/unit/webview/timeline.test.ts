import { describe, expect, it } from 'vitest';
import { frameAt, loopOf, spansBetween, type Timeline } from '../../../src/webview/timeline';

const line = (more: Partial<Timeline> = {}): Timeline => ({
  at: 1000,
  from: 0,
  length: 500,
  loop: null,
  before: null,
  ...more,
});

describe('what sounds when', () => {
  it('is the clip from its start to its end', () => {
    expect([0, 1000, 1100, 2000].map((clock) => frameAt(line(), clock))).toEqual([0, 0, 100, 500]);
  });

  it('goes round in a loop without drifting', () => {
    const looped = line({ from: 120, loop: [100, 130] });
    expect([1000, 1009, 1010, 1040, 1010 + 30_000].map((clock) => frameAt(looped, clock))).toEqual([
      120, 129, 100, 100, 100,
    ]);
  });

  it('is what was planned before, until a new line takes over', () => {
    const next = line({ at: 1200, from: 200, before: line() });
    expect(frameAt(next, 1100)).toBe(100);
    expect(spansBetween(next, 1000, 1300)).toEqual([
      [0, 200],
      [200, 300],
    ]);
  });

  it('tells each round of a loop', () => {
    expect(spansBetween(line({ from: 120, loop: [100, 130] }), 1000, 1050)).toEqual([
      [120, 130],
      [100, 130],
      [100, 110],
    ]);
  });
});

describe('a loop', () => {
  it('is cut to the clip', () => {
    expect(loopOf([-1, 2], 32_000, 32_000)).toEqual([0, 32_000]);
  });

  it('is none when it is too short to be meant, or beyond the clip', () => {
    expect(loopOf([0.5, 0.54], 32_000, 32_000)).toBeNull();
    expect(loopOf([3, 4], 32_000, 32_000)).toBeNull();
  });
});
