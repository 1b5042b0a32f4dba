import { describe, expect, it } from 'vitest';
import {
  formatDuration,
  formatLoss,
  formatMoment,
  formatSpan,
  formatStatus,
  formatStep,
} from '../../../src/views/format';

const now = new Date(2026, 10, 24, 18, 0);

describe('figures', () => {
  it('tell losses to the digit in which checkpoints differ', () => {
    expect(formatLoss(8.0306)).toBe('8.0306');
    expect(formatLoss(8)).toBe('8.0000');
    expect(formatLoss(null)).toBe('–');
  });

  it('group thousands as the language does', () => {
    expect(formatStep(3200, 'en')).toBe('step 3,200');
    expect(formatStep(3200, 'de')).toBe('step 3.200');
  });

  it.each([
    [15, '15 s'],
    [14.96, '15 s'],
    [7.25, '7.3 s'],
    [62, '1:02'],
    [59.99, '1:00'],
    [3600, '60:00'],
  ])('tell %d seconds of sound as %s', (seconds, shown) => {
    expect(formatDuration(seconds)).toBe(shown);
  });

  it.each([
    [0.2, '1 s'],
    [89, '89 s'],
    [90, '2 min'],
    [3570, '1 h 0 min'],
    [7500, '2 h 5 min'],
  ])('tell that %d seconds are left as %s', (seconds, shown) => {
    expect(formatSpan(seconds)).toBe(shown);
  });
});

describe('moments', () => {
  it('are a time on the same day, and have a date on any other', () => {
    expect(formatMoment(new Date(2026, 10, 24, 9, 5), now, 'en-GB')).toBe('09:05');
    expect(formatMoment(new Date(2026, 10, 23, 14, 2), now, 'en-GB')).toBe('23 Nov, 14:02');
    // Less than a day ago, but yesterday.
    expect(formatMoment(new Date(2026, 10, 23, 23, 59), now, 'en-GB')).toBe('23 Nov, 23:59');
  });
});

describe('states of runs', () => {
  const at = new Date(2026, 10, 24, 9, 5).getTime() / 1000;
  it.each([
    [{ kind: 'training', lastEvent: at }, 'training, last word 09:05'],
    [{ kind: 'silent', lastEvent: at }, 'no word since 09:05; whether it still trains is not known'],
    [{ kind: 'completed', at }, 'completed 09:05'],
    [{ kind: 'completed', at: null }, 'completed'],
    [{ kind: 'stopped', at }, 'stopped 09:05'],
    [{ kind: 'stopped', at: null }, 'stopped'],
    [{ kind: 'failed', at, reason: 'CUDA out of memory' }, 'failed: CUDA out of memory'],
    [{ kind: 'failed', at: null, reason: '' }, 'failed'],
    [{ kind: 'unknown' }, 'state not known from its files'],
  ] as const)('%o', (status, shown) => {
    expect(formatStatus(status, now, 'en-GB')).toBe(shown);
  });
});
