import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { localFiles } from '../../../src/hosts/hostFiles';
import { planTraining, type TrainingPlace, type TrainingPlan } from '../../../src/jobs/planTraining';
import { resumeDraft } from '../../../src/jobs/trainer';
import { prefill, trainingGroups } from '../../../src/jobs/trainingForm';
import { makeFolder } from '../files/folders';
import { makeBench, shell, specsOf } from './support';

async function plan(
  values: Record<string, string>,
  more: Partial<TrainingPlace> = {},
): Promise<TrainingPlan & { folder: string }> {
  const folder = await makeFolder();
  await mkdir(join(folder, 'data'));
  await writeFile(join(folder, 'data', 'metadata.json'), '[]');
  await writeFile(join(folder, 'evaluation_prompts_8.json'), '[]');
  const scripts = { python: '/usr/bin/python3', folder: '/scripts', cwd: folder };
  const place = {
    workFolder: folder,
    base: folder,
    scripts,
    files: localFiles,
    run: () => undefined,
    nameOf: () => '',
  };
  const asTyped = { ...prefill(trainingGroups([]), null), tiny_model: 'true', ...values };
  return { ...(await planTraining(asTyped, { ...place, ...more })), folder };
}

it('makes what is missing, trains, evaluates, and then does what the person wants, whatever came of it', async () => {
  const { drafts, errors, folder } = await plan({ after_all: 'echo "$HOME" > done; sudo poweroff' });
  expect(errors).toEqual({});
  expect(drafts.map(({ kind, when }) => [kind, when])).toEqual([
    ['command', undefined],
    ['train', undefined],
    ['evaluate', undefined],
    ['command', 'ended'],
  ]);
  expect(drafts.at(-1)).toMatchObject({
    argv: ['sh', '-c', 'echo "$HOME" > done; sudo poweroff'],
    cwd: folder,
  });
});

it('adds no command of its own, and none that a parent had', async () => {
  expect((await plan({ then: 'none' })).drafts.map(({ kind }) => kind)).toEqual(['command', 'train']);
});

it('asks all GPUs for the work and none for what follows it', async () => {
  const slurm = { gpus: 2, cpus: null, time: '10', mem: null, partition: null, account: null, extra: [] };
  const scripts = { python: '/p', folder: '/s', cwd: '/', gpus: 2, slurm };
  const { drafts } = await plan({ after_all: 'true' }, { scripts });
  expect(drafts.map(({ slurm: asked }) => asked?.gpus)).toEqual([2, 2, 2, null]);
  expect(drafts[1]?.argv.slice(0, 5)).toEqual([
    '/p',
    '-m',
    'torch.distributed.run',
    '--standalone',
    '--nproc_per_node=2',
  ]);
});

it('waits for GPUs with what needs them, unless it is to start at once', async () => {
  const scripts = { python: '/p', folder: '/s', cwd: '/', gpus: 2, waits: true };
  const { drafts } = await plan({ after_all: 'true' }, { scripts });
  expect(drafts.map(({ gpus }) => gpus)).toEqual([undefined, 2, 2, undefined]);
  expect(specsOf(drafts).map(({ gpus }) => gpus)).toEqual([null, 2, 2, null]);
  expect(resumeDraft(specsOf(drafts)[1]!).gpus).toBe(2);
  const atOnce = await plan({}, { scripts: { ...scripts, waits: false } });
  expect(atOnce.drafts.filter(({ gpus }) => gpus !== undefined)).toEqual([]);
});

it('tells what is wrong beside its field, and plans nothing then', async () => {
  const { drafts, errors } = await plan({ tiny_model: 'false', data_dir: 'nowhere', then: 'full' });
  expect(drafts).toEqual([]);
  expect(Object.keys(errors).sort()).toEqual(['data_dir', 'model_path', 'then']);
});

it('runs the last of a chain although the one before failed', async () => {
  const bench = await makeBench();
  const drafts = [
    shell(bench.folder, 'exit 3'),
    shell(bench.folder, 'echo on'),
    shell(bench.folder, 'echo off'),
  ];
  const [first, second, third] = drafts;
  const launch = bench.prepare(first!, second!, { ...third!, when: 'ended' });
  const jobs = await bench.store.start(launch);
  expect((await bench.ended(jobs[1]!.id)).state).toMatchObject({ why: 'skipped' });
  expect((await bench.ended(jobs[2]!.id)).state).toMatchObject({ why: 'exited', code: 0 });
  expect(specsOf([{ ...third! }])[0]?.after).toEqual([]);
});
