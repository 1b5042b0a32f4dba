import { describe, expect, it } from 'vitest';
import { clock, gain, level, shortClock } from '../../../src/webview/format';
import { tickStep } from '../../../src/webview/laneCanvas';
import { contrast } from '../../../src/webview/takeColours';
import { extremes } from '../../../src/webview/waveform';

describe('times and levels', () => {
  it('are written as the page writes them', () => {
    expect([0, 9.42, 59.999, 61.5, 600, -1].map(clock)).toEqual([
      '00:00.00',
      '00:09.42',
      '00:59.99',
      '01:01.50',
      '10:00.00',
      '00:00.00',
    ]);
    expect([0, 9, 9.5, 9.56, 75].map(shortClock)).toEqual(['0:00', '0:09', '0:09.5', '0:09.5', '1:15']);
    expect([-16.24, 0, -0.04, 3].map(level)).toEqual(['−16.2', '0.0', '0.0', '3.0']);
    expect([-2.1, 0, -0.01].map(gain)).toEqual(['−2.1', '+0.0', '+0.0']);
  });

  it('do not lose a hundredth to binary fractions', () => {
    expect(clock(0.29)).toBe('00:00.29');
    expect(shortClock(0.3)).toBe('0:00.3');
  });
});

it('puts ticks as far apart as their labels need', () => {
  expect(tickStep(100)).toBe(1);
  expect(tickStep(32)).toBe(2);
  expect(tickStep(13)).toBe(5);
  expect(tickStep(0.001)).toBe(1800);
});

it('finds the extremes of a stretch, at least of one column', () => {
  const peaks = Int16Array.from([-32767, 0, 0, 16384, -8192, 8192]);
  expect(extremes(peaks, 0, 2)).toEqual([-1, 16384 / 32767]);
  expect(extremes(peaks, 2.2, 2.3)).toEqual([-8192 / 32767, 8192 / 32767]);
  expect(extremes(peaks, 9, 10)).toEqual([-8192 / 32767, 8192 / 32767]);
});

it('measures contrast as WCAG does', () => {
  expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21, 5);
  expect(contrast([118, 118, 118], [255, 255, 255])).toBeCloseTo(4.54, 2);
});
