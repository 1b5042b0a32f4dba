import { describe, expect, it } from 'vitest';
import { matchLoudness, type Loudness } from '../../../src/webview/loudnessMatch';

const take = (clip: string, loudness: number | null, truePeak: number | null = -12): Loudness => ({
  clip,
  loudness,
  truePeak,
});

/** Decibels, to a thousandth. */
function matched(...takes: Loudness[]): { target: number | null; gains: number[] } {
  const { target, gains } = matchLoudness(takes);
  const round = (value: number): number => Math.round(value * 1000) / 1000;
  return { target: target === null ? null : round(target), gains: [...gains.values()].map(round) };
}

describe('the loudness match', () => {
  it('turns all takes down to the quietest', () => {
    expect(matched(take('a', -16.2), take('b', -14.1), take('c', -15))).toEqual({
      target: -16.2,
      gains: [0, -2.1, -1.2],
    });
  });

  it('leaves silent and unmeasured takes as they are, and does not count them', () => {
    expect(matched(take('a', null, null), take('b', -14), take('c', -Infinity), take('d', -15))).toEqual({
      target: -15,
      gains: [0, -1, 0, 0],
    });
  });

  it('takes at most 20 dB', () => {
    expect(matched(take('a', -40), take('b', -10))).toEqual({ target: -40, gains: [0, -20] });
  });

  it('keeps every take below -1 dBTP, and all equally loud', () => {
    // The quiet one peaks at +0.5: everything goes down by 1.5 dB more.
    expect(matched(take('a', -16, 0.5), take('b', -14, -2))).toEqual({ target: -17.5, gains: [-1.5, -3.5] });
    // The loud one peaks at +0.5, but the match takes it down by more than that.
    expect(matched(take('a', -16), take('b', -14, 0.5))).toEqual({ target: -16, gains: [0, -2] });
  });

  it('never turns up', () => {
    for (const gain of matched(take('a', -30, -20), take('b', -9, 0), take('c', -12, -6)).gains) {
      expect(gain).toBeLessThanOrEqual(0);
    }
  });

  it('has no target where nothing is heard', () => {
    expect(matched()).toEqual({ target: null, gains: [] });
    expect(matched(take('a', null))).toEqual({ target: null, gains: [0] });
  });
});
