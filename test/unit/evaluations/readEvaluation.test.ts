import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { promptId } from '../../../src/evaluations/names';
import { createEvaluationCache } from '../../../src/evaluations/readEvaluation';
import { makeOld } from '../files/folders';
import { clips, INDEX, makeRun, problems, read, readFiles, table, takes } from './samples';

const sha = 'a'.repeat(64);

test('reads an evaluation of contract v1', async () => {
  const row = {
    model: 'base',
    path: 'base_model/001_lofi.wav',
    seed: 0,
    duration_s: 15,
    sample_rate: 32000,
    sha256: sha,
  };
  const evaluation = await readFiles({
    'evaluation.json': {
      v: 1,
      prompts: { path: 'prompts_8.json', sha256: sha, count: 8 },
      models: [
        { name: 'base', adapter: null },
        { name: 'best', adapter: 'best_model', step: 300 },
      ],
      seeds: [0],
      sampling: { top_k: 250, temperature: 1, guidance: 3, duration_s: 15, nested: {} },
    },
    [INDEX]: [
      { ...row, prompt_id: 'lofi', prompt: 'lofi beat' },
      { ...row, prompt_id: 'lofi', prompt: 'lofi beat', model: 'best', path: 'best_model/001_lofi.wav' },
      { ...row, prompt: 'a waltz', path: 'base_model/002_waltz.wav' },
    ],
    ...clips('base_model/001_lofi.wav', 'best_model/001_lofi.wav', 'base_model/002_waltz.wav'),
  });
  expect(evaluation).toMatchObject({
    id: 'r:evaluation',
    run: 'r',
    runName: 'output',
    kind: 'quick',
    expected: 16,
    sampling: { top_k: 250, temperature: 1, guidance: 3, duration_s: 15 },
    problems: [],
  });
  expect(evaluation.prompts).toEqual([
    { id: 'lofi', text: 'lofi beat', number: 1 },
    { id: promptId('a waltz'), text: 'a waltz', number: 2 },
  ]);
  expect(evaluation.takes).toEqual([
    { name: 'base', model: 'base', seed: 0, step: null },
    { name: 'best', model: 'best', seed: 0, step: 300 },
  ]);
  expect(evaluation.clips[0]).toEqual({
    id: 'lofi/base',
    prompt: 'lofi',
    take: 'base',
    file: join(evaluation.folder, 'base_model/001_lofi.wav'),
    sha256: sha,
    durationSeconds: 15,
  });
  expect(evaluation.sampling).not.toHaveProperty('nested');
});

test('prompt ids are the first ten digits of the text’s hash', () => {
  // echo -n 'lofi beat' | sha256sum
  expect(promptId('lofi beat')).toBe('33d1cef806');
});

test('takes stand in the order base, best, final, numbered by step, others by name', async () => {
  const folders = [
    'zeta',
    'checkpoint-1000',
    'final_model',
    'alpha',
    'best_model@0.7',
    'checkpoint-200',
    'best_model',
    'base_model',
  ];
  const evaluation = await readFiles(clips(...folders.map((folder) => `${folder}/001.wav`)));
  expect(takes(evaluation)).toEqual([
    'base',
    'best',
    'best@0.7',
    'final',
    'checkpoint-200',
    'checkpoint-1000',
    'alpha',
    'zeta',
  ]);
  expect(evaluation.takes.map(({ step }) => step)).toEqual([null, null, null, null, 200, 1000, null, null]);
});

test.each([
  { model_name: 'best_model', text: 'x', file: 'best_model/001.wav' },
  { checkpoint: '/gpu/out/best_model/', caption: 'x', audio_path: './best_model/001.wav' },
  { model: 'facebook/musicgen-small', description: 'x', wav: 'best_model/001.wav' },
  { prompt: 'x', output_path: 'best_model\\001.wav' },
  { prompt: 'x', best_model: 'best_model/001.wav' },
  { prompt: 'x', best_model_path: 'best_model/001.wav', base_model: '' },
  { prompt: 'x', outputs: { best: 'best_model/001.wav' } },
  { prompt: 'x', results: [{ model: 'best', path: 'best_model/001.wav' }] },
  { prompt: 'x', outputs: { best_model: { file: 'best_model/001.wav', seed: 3 } } },
  { prompt: 'x', model: 'best', path: 'evaluation/best_model/001.wav' },
  { prompt: 'x', model: 'best', path: 'output/evaluation/best_model/001.wav' },
  { prompt: 'x', model: 'best', path: '../output/evaluation/best_model/001.wav' },
  { prompt: 'x', model: 'best', path: '../evaluation/best_model/001.wav' },
  { prompt: 'x', model: 'best', path: '../../output/evaluation/best_model/001.wav' },
  { prompt: 'x', model: 'best', path: '/gpu box/data/runs/best_model/001.wav' },
  { prompt: 'x', model: 'best', path: 'C:\\runs\\other\\best_model\\001.wav' },
])('reads the row %j', async (row) => {
  const evaluation = await readFiles({ [INDEX]: [row], ...clips('best_model/001.wav') });
  expect(table(evaluation)).toEqual({ x: { best: 'best_model/001.wav' } });
  expect(evaluation.problems).toEqual([]);
});

test('reads one row a prompt with a column a model', async () => {
  const evaluation = await readFiles({
    [INDEX]: [
      { prompt: 'a', base: 'base_model/001.wav', best_model: 'best_model/001.wav', seed: 0 },
      { prompt: 'b', base: 'base_model/002.wav', best_model: 'best_model/002.wav', seed: 0 },
    ],
    ...clips('base_model/001.wav', 'base_model/002.wav', 'best_model/001.wav', 'best_model/002.wav'),
  });
  expect(table(evaluation)).toEqual({
    a: { base: 'base_model/001.wav', best: 'best_model/001.wav' },
    b: { base: 'base_model/002.wav', best: 'best_model/002.wav' },
  });
});

test.each([
  ['comparison_results.json', JSON.stringify([{ prompt: 'x', base: 'base_model/1.wav' }, 7])],
  ['comparison_results.json', JSON.stringify({ results: [{ prompt: 'x', base: 'base_model/1.wav' }, 7] })],
  [INDEX, `[\n  {"prompt": "x", "base": "base_model/1.wav", "score": NaN},\n 7]`],
])('reads %s as one document: %s', async (name, text) => {
  const evaluation = await readFiles({ [name]: text, ...clips('base_model/1.wav') });
  expect(table(evaluation)).toEqual({ x: { base: 'base_model/1.wav' } });
  expect(problems(evaluation)).toEqual([['index-row-unclear', undefined]]);
});

test('further seeds are takes of their own', async () => {
  const row = { prompt: 'x', model: 'best' };
  const evaluation = await readFiles({
    'evaluation.json': { v: 1, models: [{ name: 'best' }], seeds: [0, 1], prompts: { count: 1 } },
    [INDEX]: [
      { ...row, path: 'best_model/001_x.wav', seed: 0 },
      { ...row, path: 'best_model/001_x_s1.wav', seed: 1 },
    ],
    ...clips('best_model/001_x.wav', 'best_model/001_x_s1.wav'),
  });
  expect(evaluation.takes.map(({ name, model, seed }) => [name, model, seed])).toEqual([
    ['best', 'best', 0],
    ['best_s1', 'best', 1],
  ]);
  expect(table(evaluation)).toEqual({
    x: { best: 'best_model/001_x.wav', best_s1: 'best_model/001_x_s1.wav' },
  });
  expect(evaluation.expected).toBe(2);
});

test('a seed for each prompt makes no further takes', async () => {
  const evaluation = await readFiles({
    [INDEX]: ['a', 'b', 'c'].flatMap((prompt, seed) => [
      { prompt, model: 'base', path: `base_model/${seed}.wav`, seed },
      { prompt, model: 'best', path: `best_model/${seed}.wav`, seed },
    ]),
    ...clips(...['0', '1', '2'].flatMap((name) => [`base_model/${name}.wav`, `best_model/${name}.wav`])),
  });
  expect(evaluation.takes.map(({ name, seed }) => [name, seed])).toEqual([
    ['base', null],
    ['best', null],
  ]);
  expect(evaluation.prompts.map(({ number }) => number)).toEqual([1, 2, 3]);
});

test('without an index equal file names are one prompt, seeds told by name', async () => {
  const evaluation = await readFiles(
    clips(
      'base_model/001_a.wav',
      'best_model/001_a.wav',
      'best_model/001_a_s1.wav',
      'best_model/002_drum_s7.wav',
    ),
  );
  expect(table(evaluation)).toEqual({
    '001_a': {
      base: 'base_model/001_a.wav',
      best: 'best_model/001_a.wav',
      best_s1: 'best_model/001_a_s1.wav',
    },
    '002_drum_s7': { best: 'best_model/002_drum_s7.wav' },
  });
  expect(evaluation.prompts[0]).toEqual({ id: promptId('001_a'), text: '001_a', number: 1 });
});

test('loose folders: only those that share names are takes', async () => {
  const run = await makeRun(clips('before/a.wav', 'after/a.wav', 'raw/z.wav'));
  const evaluation = await read(join(run, 'evaluation'), '.');
  expect(takes(evaluation)).toEqual(['after', 'before']);
  expect(table(evaluation)).toEqual({ a: { before: 'before/a.wav', after: 'after/a.wav' } });
});

test('kinds', async () => {
  const kind = async (name: string, files = {}): Promise<string> =>
    (await read(await makeRun(files, name), name)).kind;
  expect(await kind('evaluation_full')).toBe('full');
  expect(await kind('listening')).toBe('other');
  const settings = (count: number): object => ({
    'evaluation.json': { prompts: { path: '/data/prompts_8.json', count } },
  });
  expect(await kind('again', settings(8))).toBe('quick');
  expect(await kind('again', settings(80))).toBe('other');
});

test('what did not change is the same object; what grows is seen', async () => {
  const run = await makeRun({
    [INDEX]: [{ prompt: 'a', base: 'base_model/001.wav' }],
    ...clips('base_model/001.wav'),
  });
  const index = join(run, 'evaluation', INDEX);
  const paths = ['', 'base_model', INDEX].map((name) => join(run, 'evaluation', name));
  const cache = createEvaluationCache();
  const first = await read(run, 'evaluation', cache);
  expect(await read(run, 'evaluation', cache)).toBe(first);
  await makeOld(...paths);
  await read(run, 'evaluation', cache);
  const seen = cache.evaluations.get([...cache.evaluations.keys()][0] ?? '');
  expect(await read(run, 'evaluation', cache)).toBe(first);
  expect(cache.evaluations.get([...cache.evaluations.keys()][0] ?? '')).toBe(seen);

  await appendFile(index, '{"prompt":"b","base":"base_model/002.wav"}\n');
  const missing = await read(run, 'evaluation', cache);
  expect(table(missing)).toEqual({ a: { base: 'base_model/001.wav' }, b: { base: null } });
  await writeFile(join(run, 'evaluation/base_model/002.wav'), 'RIFF');
  expect(table(await read(run, 'evaluation', cache))).toEqual({
    a: { base: 'base_model/001.wav' },
    b: { base: 'base_model/002.wav' },
  });
  await rm(run, { recursive: true });
  expect(await read(run, 'evaluation', cache)).toMatchObject({ prompts: [], clips: [], problems: [] });
});

test('5,000 prompts and three takes', async () => {
  const models = ['base', 'best', 'final'];
  const rows = Array.from({ length: 5000 }, (_, index) =>
    models.map((model) => ({ prompt: `prompt ${index}`, model, path: `${model}_model/${index + 1}.wav` })),
  ).flat();
  const run = await makeRun({ [INDEX]: rows });
  const evaluation = await read(run);
  expect(evaluation.prompts).toHaveLength(5000);
  expect(evaluation.clips).toHaveLength(15_000);
  expect(evaluation.prompts[4999]).toMatchObject({ text: 'prompt 4999', number: 5000 });
  expect(problems(evaluation).length).toBe(21);
});
