import * as l10n from '@vscode/l10n';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import chinese from '../../../l10n/bundle.l10n.zh-cn.json';
import { ProgressReader } from '../../../src/jobs/progress';
import { makeFolder } from '../files/folders';

const train = { kind: 'train', output: null } as const;
const evaluate = { kind: 'evaluate', output: '/run/evaluation_full' } as const;
const line = (facts: object): string => `${JSON.stringify({ v: 1, t: 100, ...facts })}\n`;

test('an evaluation is told in clips', async () => {
  const folder = await makeFolder({
    'events.jsonl':
      line({ t: 1, type: 'train', step: 900, loss: 3 }) +
      line({ type: 'evaluation', folder: 'evaluation_full', done: 30, total: 120, failed: 1, eta_s: 45 }),
  });
  const reader = new ProgressReader(folder, 90, evaluate);
  expect(await reader.read()).toMatchObject({
    step: null,
    done: 30,
    total: 120,
    failed: 1,
    etaS: 45,
    fraction: 0.25,
  });
});

test('the same object while nothing is told; a replaced file starts anew', async () => {
  const folder = await makeFolder({ 'events.jsonl': line({ type: 'train', step: 1, loss: 2, eta_s: null }) });
  const reader = new ProgressReader(folder, 90, train);
  const first = await reader.read();
  expect(await reader.read()).toBe(first);
  expect(first.fraction).toBeNull();
  await writeFile(join(folder, 'events.jsonl'), line({ type: 'status', state: 'training' }));
  expect(await reader.read()).toMatchObject({ step: null, status: 'training' });
});

test('what is wrong in a line costs that field or that line only', async () => {
  const hostile = [
    'no json\n',
    line({ type: 'train', step: 'ten', loss: 3.5 }),
    line({ type: 'valid', loss: 3.1 }),
    line({ type: 'warning', text: 'a' }),
    line({ type: 'new-kind', x: 1 }),
    line({ t: 'now', type: 'error', text: 'not counted' }),
    `${'['.repeat(200_000)}\n`,
    line({ type: 'evaluation', folder: 'evaluation_full', done: 7, total: 0, eta_s: -1 }),
    line({ type: 'evaluation', folder: 'evaluation_full', done: 700, total: 7, eta_s: 0 }),
  ];
  const folder = await makeFolder({ 'events.jsonl': hostile.join('') });
  const ofTraining = { step: null, loss: 3.5, validLoss: 3.1, warnings: 1, error: null, fraction: null };
  expect(await new ProgressReader(folder, 90, train).read()).toMatchObject(ofTraining);
  expect(await new ProgressReader(folder, 90, evaluate).read()).toMatchObject({ loss: null, fraction: 1 });
});

test('no run folder yet is no progress yet', async () => {
  const folder = await makeFolder();
  const reader = new ProgressReader(join(folder, 'later'), 90, train);
  expect(await reader.read()).toMatchObject({ status: null, fraction: null });
  await appendFile(join(folder, 'events.jsonl'), '');
});

test('jobs of one run that write into one file do not take each other’s progress', async () => {
  const folder = await makeFolder({
    'events.jsonl':
      line({ type: 'train', step: 24, loss: 7.6 }) +
      line({ type: 'evaluation', folder: 'evaluation', done: 24, total: 24 }) +
      line({ type: 'evaluation', folder: 'evaluation_full', done: 3, total: 150 }),
  });
  expect(await new ProgressReader(folder, 90, train).read()).toMatchObject({ step: 24, done: null });
  expect(await new ProgressReader(folder, 90, evaluate).read()).toMatchObject({
    step: null,
    done: 3,
    total: 150,
  });
});

test('why a training or an evaluation failed is told in the language of the display', async () => {
  onTestFinished(() => l10n.config({ contents: {} }));
  l10n.config({ contents: chinese });
  const parts = { says: 'file-missing', values: { file: '/run/a' } };
  const told = async (job: typeof train | typeof evaluate, ...events: object[]): Promise<string | null> => {
    const folder = await makeFolder({ 'events.jsonl': events.map(line).join('') });
    return (await new ProgressReader(folder, 90, job).read()).error;
  };
  const error = { type: 'error', text: 'It does not exist.' };
  expect(await told(train, { ...error, ...parts })).toBe('/run/a 不存在。');
  expect(await told(train, error)).toBe('It does not exist.');

  const failed = { type: 'evaluation', folder: 'evaluation_full', state: 'failed', reason: 'It is gone.' };
  expect(await told(evaluate, { ...failed, ...parts })).toBe('/run/a 不存在。');
  expect(await told(evaluate, failed)).toBe('It is gone.');
  expect(await told(evaluate, { ...failed, reason: '' })).toBeNull();
  expect(await told(evaluate, { ...failed, folder: 'evaluation' })).toBeNull();
  expect(await told(evaluate, failed, { ...failed, state: 'running', reason: undefined })).toBeNull();
});
