import { expect, test } from 'vitest';
import { formatDifferences, formatHyperparameters, formatValue } from '../../../src/runs/hyperparameters';
import { compareHyperparameters, findParent } from '../../../src/runs/lineage';
import type { Run } from '../../../src/runs/run';
import { run } from './runOf';

const epoch1 = run({
  id: 'e1',
  folder: '/w/finetune/output_epoch1',
  hyperparameters: {
    learning_rate: 1e-4,
    lora_rank: 12,
    lora_alpha: 24,
    batch_size: 2,
    gradient_accumulation_steps: 4,
    num_epochs: 1,
    seed: 0,
    output_dir: 'a',
    zeta: 1,
  },
});
const epoch3 = run({
  id: 'e3',
  folder: '/w/finetune/output_epoch3',
  parent: { run: 'output_epoch1', reason: '' },
  hyperparameters: {
    zeta: 2,
    output_dir: 'b',
    num_epochs: 3,
    gradient_accumulation_steps: 8,
    batch_size: 1,
    lora_alpha: 32,
    lora_rank: 16,
    learning_rate: 5e-5,
    seed: 0,
    fp16: true,
  },
});

test('tells what differs from the parent, in the field’s short words', () => {
  const differences = compareHyperparameters(epoch3, epoch1);
  expect(differences[0]).toEqual({ name: 'learning_rate', value: 5e-5, parentValue: 1e-4 });
  expect(formatDifferences(differences)).toEqual([
    'lr 5e-5',
    'rank 16',
    'alpha 32',
    'batch 1 × 8',
    'epochs 3',
    'zeta 2',
  ]);
  expect(compareHyperparameters(epoch3, epoch3)).toEqual([]);
});

test('writes only one of batch and accumulation where only one differs', () => {
  expect(formatDifferences([{ name: 'gradient_accumulation_steps', value: 8, parentValue: 4 }])).toEqual([
    'accumulation 8',
  ]);
});

test('lists what has a short name', () => {
  expect(formatHyperparameters(epoch1.hyperparameters)).toEqual([
    'lr 1e-4',
    'rank 12',
    'alpha 24',
    'batch 2 × 4',
    'epochs 1',
    'seed 0',
  ]);
});

test('numbers read as people write them', () => {
  expect([9.999999999999999e-5, 0.05, 0, 1.5e-5, 300, 1e8, null, true, 'cosine'].map(formatValue)).toEqual([
    '1e-4',
    '0.05',
    '0',
    '1.5e-5',
    '300',
    '1e8',
    '–',
    'true',
    'cosine',
  ]);
});

test('the parent is found by id, else by folder name, the nearest of several', () => {
  const far = run({ id: 'f', folder: '/other/place/output_epoch1' });
  const parentOf = (parent: Run['parent'], runs: Run[]): string | undefined =>
    findParent({ ...epoch3, parent }, runs)?.id;
  expect(parentOf({ run: 'f', reason: '' }, [epoch1, far])).toBe('f');
  expect(parentOf({ run: 'output_epoch1', reason: '' }, [far, epoch1])).toBe('e1');
  expect(parentOf({ run: '..\\runs\\output_epoch1', reason: '' }, [far])).toBe('f');
  expect(parentOf({ run: 'output_epoch3', reason: '' }, [epoch3])).toBeUndefined();
  expect(parentOf(null, [epoch1])).toBeUndefined();
});
