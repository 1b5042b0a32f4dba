import { expect, test } from 'vitest';
import { examine } from '../../../src/runs/forensics';
import type { Checkpoint, LossPoint } from '../../../src/runs/run';
import { run } from './runOf';
import { codes } from './samples';

const points = (...losses: (number | null)[]): LossPoint[] =>
  losses.map((loss, index) => ({ step: (index + 1) * 100, epoch: null, loss }));

const checkpoint = (kind: Checkpoint['kind'], step: number | null): Checkpoint => ({
  name: kind,
  kind,
  folder: `/w/run/${kind}`,
  step,
  epoch: null,
  validLoss: null,
});

test('a valid loss above ln 2048 is told with its reason', () => {
  const [problem] = examine(run({ valid: points(8.2329, 8.1681, 8.0306) }));
  expect(problem).toMatchObject({ code: 'loss-above-uniform', severity: 'warning', file: '/w/run' });
  expect(problem?.message).toContain('8.03');
  expect(problem?.message).toContain('7.62');
});

test('a healthy run is left alone', () => {
  const healthy = run({
    train: points(3.5, null, 3.2),
    valid: points(null, 8.2, 3.3),
    hyperparameters: { gradient_accumulation_steps: 8, train_split_name: '', eval_split_name: '' },
    checkpoints: [checkpoint('best', 200), checkpoint('final', 300)],
  });
  expect(examine(healthy)).toEqual([]);
  expect(examine(run({}))).toEqual([]);
});

test('other models have other vocabularies', () => {
  const valid = points(8.5);
  expect(examine(run({ layout: 'trainer', model: 'some/text-model', valid }))).toEqual([]);
  expect(codes(examine(run({ layout: 'trainer', model: 'facebook/musicgen-small', valid })))).toHaveLength(1);
});

test('a train loss that is a sum over the accumulation is told', () => {
  // The figures of a public notebook: accumulation 8, logged 22.7, evaluated 2.2189.
  const figures = { train: points(23.1, 22.7), valid: points(2.2189) };
  expect(codes(examine(run({ ...figures, hyperparameters: { gradient_accumulation_steps: 8 } })))).toEqual([
    'loss-scaled',
  ]);
  expect(codes(examine(run(figures)))).toEqual(['loss-scaled']);
  const own = run({ ...figures, hyperparameters: { gradient_accumulation_steps: 1 } });
  expect(examine(own)).toEqual([]);
});

test('best and final at one step are the same adapter', () => {
  const same = run({ checkpoints: [checkpoint('best', 300), checkpoint('final', 300)] });
  expect(codes(examine(same))).toEqual(['best-is-final']);
  const unknown = run({ checkpoints: [checkpoint('best', null), checkpoint('final', null)] });
  expect(examine(unknown)).toEqual([]);
});

test('valid clips that are the train clips are told', () => {
  const split = { train_split_name: 'clean', eval_split_name: 'clean' };
  expect(codes(examine(run({ hyperparameters: split })))).toEqual(['valid-is-train']);
  expect(codes(examine(run({ train: points(3.5, 3.4, 3.3), valid: points(3.5, 3.4) })))).toEqual([
    'valid-is-train',
  ]);
  expect(examine(run({ train: points(3.5, 3.4), valid: points(3.5) }))).toEqual([]);
});
