/** Indexes that are wrong, and some that mean harm. A clip of another prompt, step or place must never be shown. */
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { promptId } from '../../../src/evaluations/names';
import { clips, INDEX, makeRun, problems, read, readFiles, table, takes } from './samples';

test('rows that are torn, not JSON or not objects are told with their lines, and the others read', async () => {
  const evaluation = await readFiles({
    [INDEX]: `\uFEFF{"prompt":"a","base":"base_model/1.wav"}\r\n{"prompt":"b","ba\r\n[1]\r\nnull\r\n\r\n{"prompt":"c"}\r\n{"prompt":"d","base":"base_mo`,
    ...clips('base_model/1.wav'),
  });
  expect(table(evaluation)).toEqual({ a: { base: 'base_model/1.wav' } });
  expect(problems(evaluation)).toEqual([
    ['index-row-torn', 2],
    ['index-row-torn', 3],
    ['index-row-torn', 4],
    ['index-row-unclear', 6],
    ['index-row-torn', 7],
  ]);
  expect(evaluation.problems.every(({ file }) => file === join(evaluation.folder, INDEX))).toBe(true);
});

test.each([
  '../../secret.wav',
  '../../other/evaluation/best_model/001.wav',
  '../evaluation_full/best_model/001.wav',
  '/etc/passwd',
  '/etc/001.wav',
  'C:\\Windows\\001.wav',
  'best_model/../../../secret.wav',
  '\\\\server\\share\\001.wav',
  '..%2F..%2Fsecret.wav',
  '%2e%2e/%2e%2e/secret.wav',
  '\uff0e\uff0e/\uff0e\uff0e/secret.wav',
  '..\u2215..\u2215secret.wav',
  'best_model/001.wav\0.wav',
  '..',
  '.',
  '/',
])('a row that names %j gives no clip', async (path) => {
  const run = await makeRun({
    [INDEX]: [{ prompt: 'bad', model: 'best', path }],
    ...clips('best_model/001.wav'),
  });
  await writeFile(join(dirname(run), 'secret.wav'), 'RIFF');
  const evaluation = await read(run);
  expect(evaluation.clips.filter(({ file }) => file !== null)).toHaveLength(1);
  expect(table(evaluation)['001']).toEqual({ best: 'best_model/001.wav' });
  expect(problems(evaluation)).toEqual([[expect.stringMatching(/^index-path-(outside|missing)$/), 1]]);
});

test('a folder whose name begins as the run’s does is not the run', async () => {
  const run = await makeRun({
    [INDEX]: [{ prompt: 'bad', model: 'best', path: '../../output-evil/001.wav' }],
  });
  await mkdir(`${run}-evil`);
  await writeFile(join(`${run}-evil`, '001.wav'), 'RIFF');
  const evaluation = await read(run);
  expect(evaluation.clips.filter(({ file }) => file !== null)).toEqual([]);
  expect(problems(evaluation)).toEqual([['index-path-outside', 1]]);
});

test('links that lead out of the run are left out, those that stay inside are followed', async () => {
  const run = await makeRun({
    [INDEX]: [
      { prompt: 'a', base: 'base_model/001.wav', best: 'best_model/001.wav', final: 'final_model/001.wav' },
      { prompt: 'b', base: 'base_model/002.wav' },
    ],
    ...clips('base_model/002.wav'),
  });
  const root = dirname(run);
  const evaluation = join(run, 'evaluation');
  await mkdir(join(root, 'elsewhere'));
  await writeFile(join(root, 'elsewhere/001.wav'), 'RIFF');
  await symlink(join(root, 'elsewhere'), join(evaluation, 'best_model'));
  await symlink(join(root, 'elsewhere/001.wav'), join(evaluation, 'base_model/001.wav'));
  await symlink('002.wav', join(evaluation, 'base_model/003_inside.wav'));
  await symlink('nowhere.wav', join(evaluation, 'base_model/004_broken.wav'));
  await symlink('base_model', join(evaluation, 'final_model'));
  const found = await read(run);
  const files = found.clips.flatMap(({ file }) => (file === null ? [] : [file]));
  expect(new Set(files)).toEqual(new Set([join(evaluation, 'base_model/002.wav')]));
  expect(problems(found).filter(([, line]) => line === 1)).toEqual([
    ['index-path-outside', 1],
    ['index-path-outside', 1],
    ['index-path-outside', 1],
  ]);
  expect(problems(found).filter(([code]) => code === 'clip-outside').length).toBeGreaterThan(0);
});

test('an evaluation that is itself a link out of the run shows nothing', async () => {
  const run = await makeRun(clips('base_model/001.wav'));
  await rename(join(run, 'evaluation'), join(dirname(run), 'moved'));
  await symlink(join(dirname(run), 'moved'), join(run, 'evaluation'));
  expect((await read(run)).clips).toEqual([]);
});

test('a run that is reached through a link is read', async () => {
  const run = await makeRun({
    [INDEX]: [{ prompt: 'a', base: 'base_model/001.wav' }],
    ...clips('base_model/001.wav'),
  });
  const link = join(dirname(run), 'link');
  await symlink(run, link);
  const evaluation = await read(link);
  expect(evaluation.clips.map(({ file }) => file)).toEqual([join(run, 'evaluation/base_model/001.wav')]);
});

test('of two rows for one clip the last that exists is shown', async () => {
  const row = { prompt: 'a', model: 'base' };
  const evaluation = await readFiles({
    [INDEX]: [
      { ...row, path: 'base_model/old.wav' },
      { ...row, path: 'base_model/new.wav' },
      { ...row, path: 'base_model/gone.wav' },
    ],
    ...clips('base_model/old.wav', 'base_model/new.wav'),
  });
  expect(table(evaluation)['a']).toEqual({ base: 'base_model/new.wav' });
  expect(problems(evaluation)).toEqual([
    ['index-duplicate', 2],
    ['index-path-missing', 3],
    ['index-duplicate', 3],
  ]);
  // The other file is not hidden, but stands by itself.
  expect(table(evaluation)['old']).toEqual({ base: 'base_model/old.wav' });
});

test('one id with other words is another prompt', async () => {
  const evaluation = await readFiles({
    [INDEX]: [
      { prompt_id: 'p', prompt: 'calm  piano', model: 'base', path: 'base_model/1.wav' },
      { prompt_id: 'p', prompt: 'calm piano ', model: 'best', path: 'best_model/1.wav' },
      { prompt_id: 'p', prompt: 'loud drums', model: 'final', path: 'final_model/2.wav' },
    ],
    ...clips('base_model/1.wav', 'best_model/1.wav', 'final_model/2.wav'),
  });
  expect(table(evaluation)).toEqual({
    'calm  piano': { base: 'base_model/1.wav', best: 'best_model/1.wav' },
    'loud drums': { final: 'final_model/2.wav' },
  });
  expect(evaluation.prompts.map(({ id }) => id)).toEqual(['p', `p~${promptId('loud drums')}`]);
  expect(problems(evaluation)).toEqual([['index-prompt-differs', 3]]);
});

test('a file that two prompts name belongs to the later row', async () => {
  const evaluation = await readFiles({
    [INDEX]: [
      { prompt: 'first', model: 'base', path: 'base_model/1.wav' },
      { prompt: 'second', model: 'base', path: './base_model/../base_model/1.wav' },
    ],
    ...clips('base_model/1.wav'),
  });
  expect(table(evaluation)).toEqual({ second: { base: 'base_model/1.wav' } });
  expect(problems(evaluation)).toEqual([['index-file-shared', 2]]);
});

test('clips that no row names go to a prompt only where there is no doubt', async () => {
  const evaluation = await readFiles({
    [INDEX]: [
      { prompt: 'Lofi beat, warm', model: 'base', path: 'base_model/001_lofi_beat.wav' },
      { prompt: 'A waltz', model: 'base', path: 'base_model/002_a_waltz.wav' },
      { prompt: 'A waltz for two', model: 'base', path: 'base_model/002_a_waltz_for_two.wav' },
    ],
    ...clips(
      'base_model/001_lofi_beat.wav',
      'base_model/002_a_waltz.wav',
      'base_model/002_a_waltz_for_two.wav',
    ),
    ...clips('final_model/001.wav', 'best_model/001_lofi_beat.wav', 'best_model/001_other.wav'),
    ...clips(
      'final_model/002.wav',
      'best_model/002_a_waltz.wav',
      'checkpoint-5/lofi_beat_warm.wav',
      'checkpoint-6/001.wav',
      'checkpoint-6/lofi_beat.wav',
      'notes/9.wav',
    ),
  });
  expect(table(evaluation)).toEqual({
    'Lofi beat, warm': {
      base: 'base_model/001_lofi_beat.wav',
      best: 'best_model/001_lofi_beat.wav',
      final: 'final_model/001.wav',
      'checkpoint-5': 'checkpoint-5/lofi_beat_warm.wav',
    },
    'A waltz': { base: 'base_model/002_a_waltz.wav', best: 'best_model/002_a_waltz.wav' },
    'A waltz for two': { base: 'base_model/002_a_waltz_for_two.wav' },
    '001_other': { best: 'best_model/001_other.wav' },
    '002': { final: 'final_model/002.wav' },
    '001': { 'checkpoint-6': 'checkpoint-6/001.wav' },
    lofi_beat: { 'checkpoint-6': 'checkpoint-6/lofi_beat.wav' },
  });
});

test('composed and decomposed names are one', async () => {
  const evaluation = await readFiles({
    [INDEX]: [{ prompt: 'é', model: 'base', path: 'base_model/001_café.wav'.normalize('NFC') }],
    ...clips(
      `base_model/${'001_café.wav'.normalize('NFD')}`,
      `best_model/${'001_café.wav'.normalize('NFC')}`,
    ),
  });
  expect(Object.keys(table(evaluation)['é'] ?? {})).toEqual(['base', 'best']);
  expect(evaluation.problems).toEqual([]);
});

test('hostile texts and ids are only text', async () => {
  const text = '<img src=x onerror=alert(1)> "]} `rm -rf` \u202E ../..';
  const evaluation = await readFiles({
    [INDEX]: [
      { prompt_id: '../../x', prompt: text, model: '../../base', path: 'base_model/1.wav' },
      { prompt_id: `a\u0000${'b'.repeat(9999)}`, prompt: 'long', model: '__proto__', path: 'x/2.wav' },
      { prompt_id: 7, prompt: 'constructor', outputs: { __proto__: 'x/3.wav', toString: 'x/4.wav' } },
    ],
    ...clips('base_model/1.wav', 'x/2.wav', 'x/4.wav'),
  });
  expect(table(evaluation)[text]).toEqual({ base: 'base_model/1.wav' });
  expect(takes(evaluation)).toContain('__proto__');
  expect(evaluation.prompts.every(({ id }) => id.length <= 200)).toBe(true);
  expect(table(evaluation)['constructor']).toEqual({ toString: 'x/4.wav' });
});

test('hostile JSON costs its line', async () => {
  const deep = `{"prompt":"d","base":${'{"a":'.repeat(64)}1${'}'.repeat(64)}}`;
  const evaluation = await readFiles({
    [INDEX]: [
      deep,
      `{"prompt":"${'x'.repeat(5_000_000)}"}`,
      '{"prompt":"a","base":"base_model/1.wav","duration_s":NaN,"seed":Infinity,"sha256":"short"}',
    ],
    'evaluation.json': '{"v":3,"models":"all","seeds":[1,"two"],"prompts":{"count":-1}}',
    ...clips('base_model/1.wav'),
  });
  expect(table(evaluation)).toEqual({ a: { base: 'base_model/1.wav' } });
  expect(evaluation.clips[0]).toMatchObject({ durationSeconds: null, sha256: null });
  expect(problems(evaluation)).toEqual([
    ['evaluation-fields', undefined],
    ['newer-version', undefined],
    ['index-row-unclear', 1],
    ['line-too-long', 2],
  ]);
});

test('an index in the place of a folder, or a folder in its place, is told', async () => {
  const evaluation = await readFiles({ [`${INDEX}/x`]: '', ...clips('base_model/1.wav') });
  expect(table(evaluation)).toEqual({ '1': { base: 'base_model/1.wav' } });
});
