import { appendFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createDiscoveryCache } from '../../../src/runs/discover';
import { makeFolder, makeOld, write } from '../files/folders';
import { below, codes, discover, earmarkRun, NOW } from './samples';

const labels = (found: Awaited<ReturnType<typeof discover>>): string[] => found.runs.map((run) => run.label);

test('finds runs down to the depth that is asked for, without what is excluded', async () => {
  const root = await makeFolder({
    ...below('finetune/output_epoch3', earmarkRun('e3', 'output_epoch3')),
    ...below('node_modules/output', earmarkRun('x1', 'output')),
    ...below('.cache/output', earmarkRun('x2', 'output')),
    ...below('venv/lib/output', earmarkRun('x3', 'output')),
    'venv/pyvenv.cfg': 'home = /usr/bin',
    ...below('1/2/3/4/5/deep', earmarkRun('d6', 'deep')),
    ...below('1/2/3/4/5/6/deeper', earmarkRun('d7', 'deeper')),
  });
  expect(labels(await discover(root)).sort()).toEqual(['1/2/3/4/5/deep', 'finetune/output_epoch3']);
  expect(labels(await discover(root, { depth: 2 }))).toEqual(['finetune/output_epoch3']);
});

test('a root that is a run carries the label of the root', async () => {
  const root = await makeFolder(earmarkRun('e3', 'output_epoch3'));
  expect(labels(await discover(root))).toEqual(['workspace']);
});

test('roots that contain each other give a run once, with the depth of the nearer one', async () => {
  const root = await makeFolder({
    ...below('a/run', earmarkRun('r', 'run')),
    ...below('a/1/2/3/4/5/far', earmarkRun('far', 'far')),
  });
  const found = await discover([root, join(root, 'a'), join(root, 'a/run/evaluation')]);
  expect(labels(found).sort()).toEqual(['1/2/3/4/5/far', 'run']);
});

test('a linked run is found once, and links that lead back end', async () => {
  const elsewhere = await makeFolder(below('run', earmarkRun('far', 'run')));
  const root = await makeFolder(below('run', earmarkRun('near', 'run')));
  await symlink(join(root, 'run'), join(root, 'alias'));
  await symlink(root, join(root, 'loop'));
  await symlink('/', join(root, 'everything'));
  await symlink(join(root, 'nowhere'), join(root, 'broken'));
  await symlink(join(elsewhere, 'run'), join(root, 'linked'));
  await symlink('self', join(root, 'self'));
  const { runs, problems } = await discover(root);
  expect(
    runs.map(({ id, label, folder }) => ({ id, label, folder })).sort((a, b) => (a.id < b.id ? -1 : 1)),
  ).toEqual([
    { id: 'far', label: 'linked', folder: join(elsewhere, 'run') },
    { id: 'near', label: 'run', folder: join(root, 'run') },
  ]);
  expect(problems).toEqual([]);
});

test('a root that is missing or no folder is a problem, not an error', async () => {
  const root = await makeFolder({ 'file.txt': 'x' });
  const found = await discover([join(root, 'gone'), join(root, 'file.txt', 'below')]);
  expect(codes(found.problems)).toEqual(['root-missing', 'root-missing']);
});

test('what did not change is the same object, problems included', async () => {
  const root = await makeFolder(below('run', earmarkRun('r', 'run')));
  const cache = createDiscoveryCache();
  const roots = [root, join(root, 'gone')];
  // Just written: its times are not believed yet, and it is read again with the same result.
  const first = await discover(roots, { cache });
  const second = await discover(roots, { cache });
  expect(second.runs[0]).toBe(first.runs[0]);
  expect(second.problems).toBe(first.problems);
});

test('an unchanged run is not opened again', async () => {
  const root = await makeFolder(below('run', earmarkRun('r', 'run')));
  const run = join(root, 'run');
  const inside = ['run.json', 'events.jsonl', 'evaluation', 'evaluation/evaluation.json'];
  const checkpoints = ['best_model', 'final_model', 'checkpoint-200', 'checkpoint-1000'];
  const files = checkpoints.flatMap((name) => [name, `${name}/checkpoint.json`]);
  await makeOld(...[...inside, ...files].map((name) => join(run, name)), run, root);
  const cache = createDiscoveryCache();
  await discover(root, { cache });
  const before = cache.folders.get(run);
  await discover(root, { cache });
  expect(cache.folders.get(run)).toBe(before);
});

test('a run that appears, grows, changes or goes is seen', async () => {
  const root = await makeFolder(below('one', earmarkRun('one', 'one')));
  const cache = createDiscoveryCache();
  const [before] = (await discover(root, { cache })).runs;
  await write(root, below('two', earmarkRun('two', 'two')));
  expect(labels(await discover(root, { cache })).sort()).toEqual(['one', 'two']);

  const events = join(root, 'one/events.jsonl');
  await appendFile(events, '{"v":1,"t":1799999999,"type":"valid","step":400,"loss":7');
  const torn = await discover(root, { cache });
  expect(torn.runs.find((run) => run.id === 'one')).toBe(before);
  await appendFile(events, '.9}\n');
  const grown = (await discover(root, { cache })).runs.find((run) => run.id === 'one');
  expect(grown?.valid.map((point) => point.loss)).toEqual([8.2329, 8.0306, 7.9]);
  expect(grown?.problems.filter((problem) => problem.file === events)).toEqual([]);

  await writeFile(events, '{"v":1,"t":1799999999,"type":"status","state":"stopped"}\n');
  const cut = (await discover(root, { cache })).runs.find((run) => run.id === 'one');
  expect(cut).toMatchObject({ status: { kind: 'stopped', at: 1_799_999_999 }, valid: [], train: [] });

  await writeFile(join(root, 'new.jsonl'), '{"v":1,"t":5,"type":"train","step":1,"loss":3}\n'.repeat(300));
  await rename(join(root, 'new.jsonl'), events);
  const replaced = (await discover(root, { cache })).runs.find((run) => run.id === 'one');
  expect(replaced).toMatchObject({ status: { kind: 'unknown' } });
  expect(replaced?.train).toHaveLength(300);

  await rm(join(root, 'two'), { recursive: true });
  expect(labels(await discover(root, { cache }))).toEqual(['one']);
  await rm(root, { recursive: true });
  expect(codes((await discover(root, { cache })).problems)).toEqual(['root-missing']);
});

test('a run deleted while others are looked at leaves the others', async () => {
  const root = await makeFolder({
    ...below('one', earmarkRun('one', 'one')),
    ...below('two', earmarkRun('two', 'two')),
  });
  const cache = createDiscoveryCache();
  await discover(root, { cache });
  const [found] = await Promise.all([discover(root, { cache }), rm(join(root, 'one'), { recursive: true })]);
  expect(labels(found)).toContain('two');
  expect(labels(await discover(root, { cache }))).toEqual(['two']);
});

test('two discoveries at once read each event once', async () => {
  const root = await makeFolder(earmarkRun('one', 'one'));
  const cache = createDiscoveryCache();
  await Promise.all([discover(root, { cache }), discover(root, { cache })]);
  const { runs } = await discover(root, { cache });
  expect(runs[0]?.valid).toHaveLength(2);
});

test('a copied run gets an id of its own, and says so; the original is the one with its own name', async () => {
  const root = await makeFolder({
    ...below('a copy of output', earmarkRun('same', 'output')),
    ...below('output', earmarkRun('same', 'output')),
  });
  const { runs } = await discover(root);
  const copy = runs.find((run) => run.name === 'a copy of output');
  expect(runs.find((run) => run.name === 'output')?.id).toBe('same');
  expect(copy?.id).toMatch(/^[0-9a-f]{16}$/);
  expect(codes(copy?.problems ?? [])).toContain('run-copied');
});

test('silence is told with time, although no file changes', async () => {
  const training = [{ v: 1, t: NOW - 60, type: 'status', state: 'training' }];
  const root = await makeFolder({ ...earmarkRun('r', 'run'), 'events.jsonl': training });
  const cache = createDiscoveryCache();
  const at = async (now: number): Promise<unknown> => (await discover(root, { cache, now })).runs[0]?.status;
  expect(await at(NOW)).toEqual({ kind: 'training', lastEvent: NOW - 60 });
  expect(await at(NOW + 541)).toEqual({ kind: 'silent', lastEvent: NOW - 60 });
  expect(await at(NOW)).toEqual({ kind: 'training', lastEvent: NOW - 60 });
});

test('newest first, runs without a date last by label', async () => {
  const root = await makeFolder({
    ...below('old', earmarkRun('1', 'old', { created: '2026-01-01T00:00:00Z' })),
    ...below('new', earmarkRun('2', 'new', { created: '2026-02-01T00:00:00+02:00' })),
    ...below('b10/final_model', { 'adapter_config.json': {} }),
    ...below('b9/final_model', { 'adapter_config.json': {} }),
  });
  expect(labels(await discover(root))).toEqual(['new', 'old', 'b9', 'b10']);
});

test('folders of 64 levels and names of many scripts are walked', async () => {
  const root = await makeFolder(below('Läufe/ラン 1', earmarkRun('u', 'ラン 1')));
  await mkdir(join(root, ...Array.from({ length: 64 }, () => 'd')), { recursive: true });
  expect(labels(await discover(root, { depth: 12 }))).toEqual(['Läufe/ラン 1']);
});
