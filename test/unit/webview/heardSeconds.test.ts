import { expect, it } from 'vitest';
import { addStretch, isEnough, secondsHeard, type Stretches } from '../../../src/webview/heardSeconds';

const heard = (...spans: [number, number][]): Stretches =>
  spans.reduce<Stretches>((stretches, [from, to]) => addStretch(stretches, from, to), []);

it('joins what touches and keeps apart what does not', () => {
  expect(heard([0, 1], [2, 3], [1, 2])).toEqual([[0, 3]]);
  expect(heard([4, 5], [0, 1])).toEqual([
    [0, 1],
    [4, 5],
  ]);
});

it('counts a second that is heard again once', () => {
  expect(secondsHeard(heard([0, 2], [0, 2], [1, 2]))).toBe(2);
});

it('ignores stretches without length', () => {
  expect(heard([3, 3], [5, 4])).toEqual([]);
});

it('is enough after five seconds, or half of a short clip', () => {
  expect(isEnough(heard([0, 4.9]), 15)).toBe(false);
  expect(isEnough(heard([0, 3], [8, 10]), 15)).toBe(true);
  expect(isEnough(heard([0, 1]), 2)).toBe(true);
  expect(isEnough(heard([0, 0.9]), 2)).toBe(false);
});
