import { describe, expect, it } from 'vitest';
import {
  curvesOf,
  digitsOf,
  lossRange,
  lowest,
  thinned,
  UNIFORM_LOSS,
} from '../../../src/webview/lossPoints';
import { commandLine, differences, formatValue, sortedNames } from '../../../src/webview/runPageDiff';

const point = (step: number, loss: number | null) => ({ step, loss, epoch: null });

describe('the loss', () => {
  it('puts both curves on one axis, a step that was logged twice as it was logged last', () => {
    expect(curvesOf([point(20, 8), point(10, 9), point(20, 7)], [point(20, 8.5), point(30, null)])).toEqual({
      steps: [10, 20, 30],
      train: [9, 7, undefined],
      valid: [undefined, 8.5, null],
    });
  });

  it('shows the line of uniform guessing where the curve is near or above it', () => {
    const [low, high] = lossRange(7.9, 8.3);
    expect(low).toBeLessThan(UNIFORM_LOSS);
    expect(high).toBeGreaterThan(8.3);
    expect(lossRange(2, 3)[1]).toBeLessThan(UNIFORM_LOSS);
    expect(lossRange(5, 5)[0]).toBeLessThan(5);
  });

  it('labels its axis with the decimals that its steps have', () => {
    expect([1, 0.5, 0.25, 0.1, 0.05, 0.1 + 0.2, 1 / 3, 0].map(digitsOf)).toEqual([0, 1, 2, 1, 2, 1, 6, 0]);
  });

  it('finds the lowest, the first of several', () => {
    expect(lowest([point(1, null), point(2, 8), point(3, 8)])).toEqual({ step: 2, loss: 8 });
    expect(lowest([point(1, null)])).toBeNull();
  });

  it('thins points evenly and keeps both ends', () => {
    expect(thinned([1, 2, 3, 4, 5, 6, 7], 3)).toEqual([1, 4, 7]);
    expect(thinned([1, 2], 3)).toEqual([1, 2]);
  });
});

describe('what differs from the parent', () => {
  it('is what both tell differently, places aside', () => {
    const parent = { learning_rate: 1e-4, lora_rank: 12, output_dir: 'a', fp16: true, only: 1 };
    const run = { output_dir: 'b', fp16: true, lora_rank: 16, learning_rate: 5e-5, other: 2 };
    expect(differences(parent, run)).toEqual([
      { name: 'learning_rate', before: 1e-4, after: 5e-5 },
      { name: 'lora_rank', before: 12, after: 16 },
    ]);
  });

  it('tells names in the order of the field, the rest by name', () => {
    expect(sortedNames({ zeta: 1, batch_size: 1, alpha: 1, lora_rank: 1 })).toEqual([
      'lora_rank',
      'batch_size',
      'alpha',
      'zeta',
    ]);
  });

  it('writes values as people do', () => {
    expect([1e-4, 5e-5, 0.05, 1200, 12_000, 0, true, null].map((value) => formatValue(value, 'en'))).toEqual([
      '1e-4',
      '5e-5',
      '0.05',
      '1200',
      '12,000',
      '0',
      'true',
      '–',
    ]);
  });
});

it('quotes a command so that a shell takes it apart again', () => {
  expect(commandLine(['python', 'a b.py', '--name', "it's", '-5', '--flag'])).toBe(
    `python 'a b.py' \\\n  --name 'it'\\''s' -5 \\\n  --flag`,
  );
});
