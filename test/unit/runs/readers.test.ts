import * as l10n from '@vscode/l10n';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import chinese from '../../../l10n/bundle.l10n.zh-cn.json';
import { makeFolder } from '../files/folders';
import { below, codes, discover, discoverOne, earmarkRun, NOW } from './samples';

test('reads a run of contract v1', async () => {
  const root = await makeFolder(
    earmarkRun('e3', 'output_epoch3', { parent: { run: 'e1', reason: 'best follows the style best' } }),
  );
  const run = await discoverOne(root);
  expect(run).toMatchObject({
    id: 'e3',
    layout: 'earmark',
    created: '2026-11-20T10:00:00Z',
    status: { kind: 'completed', at: NOW - 400 },
    model: 'facebook/musicgen-small',
    parent: { run: 'e1', reason: 'best follows the style best' },
    data: { metadata_sha256: 'ab', clips: 400, dropped: 'too short 3, silent 1' },
    environment: { python: '3.11', gpu: 'H100, H100', git: null },
    evaluationFolders: ['evaluation'],
  });
  expect(run.hyperparameters).toMatchObject({ learning_rate: 5e-5, lora_rank: 16 });
  expect(run.train).toEqual([
    { step: 10, epoch: 0.1, loss: 8.3 },
    { step: 20, epoch: null, loss: null },
  ]);
  expect(run.checkpoints.map(({ name, kind, step, validLoss }) => [name, kind, step, validLoss])).toEqual([
    ['base', 'base', null, null],
    ['best', 'best', 300, 8.0306],
    ['final', 'final', 320, 8.1],
    ['checkpoint-200', 'numbered', 200, null],
    ['checkpoint-1000', 'numbered', 1000, null],
  ]);
  expect(run.checkpoints[0]?.folder).toBeNull();
  expect(run.checkpoints[1]?.folder).toBe(join(root, 'best_model'));
  expect(codes(run.problems)).toEqual(['loss-above-uniform']);
});

test('checkpoint facts come from events where the folder says nothing', async () => {
  const run = await discoverOne(
    await makeFolder({ ...earmarkRun('r', 'run'), 'best_model/checkpoint.json': {} }),
  );
  expect(run.checkpoints.find(({ kind }) => kind === 'best')).toMatchObject({ step: 300, validLoss: 8.0306 });
});

test('a wrong field costs that field alone, and a newer version is read as far as known', async () => {
  const root = await makeFolder(
    earmarkRun('r', 'run', { v: 2, parent: 'e1', created: 12, command: 'python', surprise: { deep: [] } }),
  );
  const run = await discoverOne(root);
  expect(run).toMatchObject({
    id: 'r',
    parent: null,
    created: null,
    command: [],
    model: 'facebook/musicgen-small',
  });
  expect(codes(run.problems)).toEqual(['run-fields', 'newer-version', 'loss-above-uniform']);
  expect(run.problems[0]?.message).toContain('created, command, parent');
});

test('a torn run.json beside events is still a run; another tool’s run.json is none', async () => {
  const root = await makeFolder({
    ...below('torn', { ...earmarkRun('r', 'run'), 'run.json': '{"v":1,"id":"r' }),
    ...below('other', { 'run.json': { scripts: ['build'] } }),
    ...below('list', { 'run.json': '[1, 2]' }),
  });
  const { runs } = await discover(root);
  expect(runs.map((run) => run.name)).toEqual(['torn']);
  expect(runs[0]).toMatchObject({ layout: 'earmark', status: { kind: 'completed' } });
  expect(codes(runs[0]?.problems ?? [])).toContain('json-invalid');
});

test('bad lines of events.jsonl are told with their numbers, a few of many', async () => {
  const bad = [
    { v: 1, t: 1, type: 'status', state: 'training' },
    '{"v":1,"t":2,"type":"train","st',
    '[1,2]',
    { v: 1, type: 'train', step: 3 },
    { v: 1, t: 3, type: 'train', step: 'four', loss: 1 },
    { v: 9, t: 4, type: 'sparkle' },
    `{"v":1,"t":5,"type":"train","step":5,"loss":NaN}`,
    ...Array.from({ length: 30 }, () => 'x'),
  ];
  const run = await discoverOne(await makeFolder({ ...earmarkRun('r', 'run'), 'events.jsonl': bad }));
  const problems = run.problems.filter((problem) => problem.file?.endsWith('events.jsonl'));
  expect(problems.slice(0, 4).map(({ code, line }) => [code, line])).toEqual([
    ['line-not-json', 2],
    ['line-not-json', 3],
    ['event-invalid', 4],
    ['event-invalid', 5],
  ]);
  expect(codes(problems).slice(-2)).toEqual(['more-problems', 'newer-version']);
  expect(problems).toHaveLength(22);
  expect(run.train).toEqual([{ step: 5, epoch: null, loss: null }]);
});

test('a failed run says why, a resumed one trains', async () => {
  const failed = [
    { v: 1, t: NOW - 20, type: 'status', state: 'training' },
    { v: 1, t: NOW - 10, type: 'error', code: 'oom', text: 'CUDA out of memory' },
    { v: 1, t: NOW - 9, type: 'status', state: 'failed' },
  ];
  const status = async (events: readonly object[]): Promise<unknown> =>
    (await discoverOne(await makeFolder({ ...earmarkRun('r', 'run'), 'events.jsonl': events }))).status;
  expect(await status(failed)).toEqual({ kind: 'failed', at: NOW - 9, reason: 'CUDA out of memory' });
  expect(await status([...failed, { v: 1, t: NOW - 5, type: 'status', state: 'resuming' }])).toMatchObject({
    kind: 'training',
  });
  expect(await status([{ v: 1, t: NOW - 5, type: 'train', step: 1, loss: 3 }])).toEqual({ kind: 'unknown' });
});

test('why a run failed is told in the language of the display, where the script says what its sentence is made of', async () => {
  onTestFinished(() => l10n.config({ contents: {} }));
  l10n.config({ contents: chinese });
  const reasonOf = async (error: object): Promise<unknown> => {
    const events = [
      { v: 1, t: NOW - 10, type: 'error', code: 'disk-full', text: 'The disk is full.', ...error },
      { v: 1, t: NOW - 9, type: 'status', state: 'failed' },
    ];
    const run = await discoverOne(await makeFolder({ ...earmarkRun('r', 'run'), 'events.jsonl': events }));
    expect(run.status).toMatchObject({ kind: 'failed', reason: run.problems[0]?.message });
    return run.problems[0]?.message;
  };
  const inChinese = '磁盘已满：无法写入 /run/a。请腾出空间后重新开始；已完成的内容会保留。';
  expect(await reasonOf({ says: 'disk-full', values: { file: '/run/a' } })).toBe(inChinese);
  expect(await reasonOf({})).toBe('The disk is full.');
  expect(await reasonOf({ says: 'disk-full', values: 'torn' })).toBe('The disk is full.');
});

test('reads the story’s own scripts', async () => {
  const root = await makeFolder({
    'output/best_model/adapter_config.json': {
      r: 12,
      lora_alpha: 24,
      base_model_name_or_path: 'm/musicgen-small',
    },
    'output/best_model/adapter_model.safetensors': 'never opened',
    'output/final_model/adapter_config.json': { r: 12 },
    'output/training_args.json': {
      learning_rate: 1e-4,
      per_device_train_batch_size: 2,
      nested: {},
      fp16: true,
    },
    'output/training_log.jsonl': [
      { step: 10, loss: 8.3543 },
      '{"step": 20, "loss": NaN}',
      'noise',
      { step: 20, val_loss: 7.1, epoch: 1 },
    ],
    'output/evaluation/comparison_results.jsonl': [{ prompt: 'x', base: 'base_model/001.wav' }],
    'output/evaluation/base_model/001.wav': 'RIFF',
    'evaluated/evaluation_full/comparison_results.jsonl': [],
  });
  const { runs } = await discover(root);
  expect(runs.map(({ name, layout }) => [name, layout])).toEqual([
    ['evaluated', 'story'],
    ['output', 'story'],
  ]);
  const [evaluated, output] = runs;
  expect(evaluated).toMatchObject({
    checkpoints: [],
    evaluationFolders: ['evaluation_full'],
    status: { kind: 'unknown' },
  });
  expect(output).toMatchObject({
    status: { kind: 'completed', at: null },
    model: 'm/musicgen-small',
    hyperparameters: { learning_rate: 1e-4, batch_size: 2, fp16: true, lora_rank: 12, lora_alpha: 24 },
    evaluationFolders: ['evaluation'],
    train: [
      { step: 10, epoch: null, loss: 8.3543 },
      { step: 20, epoch: null, loss: null },
    ],
    valid: [{ step: 20, epoch: 1, loss: 7.1 }],
  });
  expect(output?.hyperparameters).not.toHaveProperty('nested');
  expect(output?.checkpoints.map(({ name }) => name)).toEqual(['base', 'best', 'final']);
});

test('a project that holds an evaluation and runs hides none of them', async () => {
  const root = await makeFolder({
    'evaluation/comparison_results.jsonl': [],
    ...below('output', earmarkRun('r', 'output')),
  });
  const { runs } = await discover(root);
  expect(runs.map(({ label }) => label)).toEqual(['output', 'workspace']);
  expect(runs[1]?.evaluationFolders).toEqual(['evaluation']);
});

const state = (step: number): string =>
  `{"global_step": ${step}, "max_steps": 400, "num_train_epochs": 3, "train_batch_size": 2,
    "best_model_checkpoint": "/gpu/other machine/out/checkpoint-200",
    "log_history": [
      {"step": 100, "epoch": 0.5, "loss": 3.2, "grad_norm": NaN, "learning_rate": 5e-05},
      {"step": 200, "epoch": 1, "eval_loss": 3.1, "note": "NaN \\" Infinity"},
      {"step": 300, "loss": Infinity}, {"step": 300, "eval_loss": -Infinity}, 7,
      {"step": ${step}, "train_loss": 0.66, "train_runtime": 100}]}`;

test('reads Hugging Face’s Trainer with its bare NaN', async () => {
  const run = await discoverOne(
    await makeFolder({
      'checkpoint-200/trainer_state.json': state(200),
      'checkpoint-400/trainer_state.json': state(400),
      'checkpoint-400/adapter_config.json': { r: 8, base_model_name_or_path: 'facebook/musicgen-small' },
      'checkpoint-1000/trainer_state.json': '{"global_step": 1000, "log_hist',
      'all_results.json': '{"train_loss": NaN, "train_samples": 120}',
    }),
  );
  expect(run).toMatchObject({
    layout: 'trainer',
    status: { kind: 'completed', at: null },
    model: 'facebook/musicgen-small',
    hyperparameters: { num_epochs: 3, batch_size: 2, max_steps: 400, lora_rank: 8 },
    data: { clips: 120 },
    train: [
      { step: 100, epoch: 0.5, loss: 3.2 },
      { step: 300, epoch: null, loss: null },
    ],
    valid: [
      { step: 200, epoch: 1, loss: 3.1 },
      { step: 300, epoch: null, loss: null },
    ],
  });
  expect(run.checkpoints.map(({ name, kind, validLoss }) => [name, kind, validLoss])).toEqual([
    ['base', 'base', null],
    ['checkpoint-200', 'best', 3.1],
    ['checkpoint-400', 'numbered', null],
    ['checkpoint-1000', 'numbered', null],
  ]);
  expect(codes(run.problems)).toEqual(['json-invalid']);
});

test('a Trainer run that has not done all its steps is not called ended', async () => {
  const run = await discoverOne(await makeFolder({ 'checkpoint-200/trainer_state.json': state(200) }));
  expect(run.status).toEqual({ kind: 'unknown' });
});

test('a checkpoint opened by itself, or results of another tool, are no run', async () => {
  const root = await makeFolder({
    'checkpoint-5/trainer_state.json': state(5),
    'other/all_results.json': { passed: 3 },
    'mine/checkpoint-7/README.md': '',
  });
  expect((await discover(join(root, 'checkpoint-5'))).runs).toEqual([]);
  expect((await discover(join(root, 'other'))).runs).toEqual([]);
  expect((await discover(join(root, 'mine'))).runs).toEqual([]);
});

test('equal WAV names side by side are takes; a data set and an evaluation inside a run are not', async () => {
  const root = await makeFolder({
    'listening/before/a.wav': '',
    'listening/after/a.wav': '',
    'listening/raw/z.wav': '',
    'data/train/1.wav': '',
    'data/valid/2.wav': '',
    ...below('listening/output', earmarkRun('r', 'output')),
    ...Object.fromEntries(Array.from({ length: 40 }, (_, track) => [`stems/track${track}/drums.wav`, ''])),
  });
  const { runs } = await discover(root);
  expect(runs.map(({ label, layout }) => [label, layout])).toEqual([
    ['listening/output', 'earmark'],
    ['listening', 'loose'],
  ]);
  expect(runs[1]).toMatchObject({ evaluationFolders: ['.'], checkpoints: [] });
});

test('folders of takes that carry a checkpoint’s name are no checkpoints', async () => {
  const run = await discoverOne(
    await makeFolder({ 'out/best_model/001.wav': '', 'out/final_model/001.wav': '' }),
  );
  expect(run).toMatchObject({ layout: 'loose', checkpoints: [] });
});

test('evaluations without an index are found by folders of clips', async () => {
  const run = await discoverOne(
    await makeFolder({
      ...earmarkRun('r', 'run'),
      'listen/best_model/001.wav': '',
      'evaluation_empty/notes.txt': '',
      'wandb/files/config.yaml': '',
    }),
  );
  expect(run.evaluationFolders).toEqual(['evaluation', 'listen']);
});

test('an evaluation of named models makes a run of the folder around it, with and without an index', async () => {
  const run = await discoverOne(
    await makeFolder({
      'output/evaluation/base_model/001.wav': '',
      'output/evaluation/best_model/001.wav': '',
      'output/data/train/1.wav': '',
    }),
  );
  expect(run).toMatchObject({ name: 'output', layout: 'story', evaluationFolders: ['evaluation'] });
  const { runs } = await discover(await makeFolder({ 'project/evaluation/drums/1.wav': '' }));
  expect(runs).toEqual([]);
});

test('foreign ids follow from the place and stay', async () => {
  const root = await makeFolder({ 'a/final_model/x.bin': '', 'b/final_model/x.bin': '' });
  const [first, second] = [await discover(root), await discover(root)];
  expect(first.runs.map(({ id }) => id)).toEqual(second.runs.map(({ id }) => id));
  expect(new Set(first.runs.map(({ id }) => id)).size).toBe(2);
});

test('hostile JSON is told and costs nothing else', async () => {
  const deep = '['.repeat(50_000);
  const root = await makeFolder({
    ...below('deep', { ...earmarkRun('d', 'deep'), 'best_model/checkpoint.json': deep }),
    ...below('bom', {
      ...earmarkRun('b', 'bom'),
      'run.json': `\uFEFF${JSON.stringify({ v: 1, id: 'b' })}\r\n`,
    }),
    ...below('proto', { 'run.json': '{"v":1,"id":"p","hyperparameters":{"__proto__":{"x":1},"lr":1}}' }),
  });
  const { runs } = await discover(root);
  expect(runs.map(({ id }) => id).sort()).toEqual(['b', 'd', 'p']);
  expect(codes(runs.find(({ id }) => id === 'd')?.problems ?? [])).toContain('json-invalid');
  expect({}).not.toHaveProperty('x');
});
