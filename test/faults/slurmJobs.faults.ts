/** Rows that are another thing where Slurm has the jobs. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { JobHost } from '../../src/jobs/jobsStore';
import { cluster } from '../slurm/host';
import { writeProgram } from '../ssh/server';
import { makeFolder } from '../unit/files/folders';
import { names, shell, storeOf } from '../unit/jobs/support';
import { inSlurm } from './matrix';
import { FOREVER, nothing, numberOf, running, waiting } from './slurmSupport';
import {
  aMinuteLater,
  faultIn,
  forge,
  kill,
  lives,
  pidsOf,
  through,
  untilGone,
  watch,
  type Rig,
} from './support';

faultIn(inSlurm, 'F4', 'full', async (rig, context) => {
  const slurm = await cluster(context);
  const script = `echo run >> ran; ${FOREVER}`;
  const launch = rig.prepare(shell(rig.folder, script, { slurm: { ...nothing, gpus: 2 } }));
  await rig.store.start(launch);
  const other = await waiting(rig);
  // As when the start was killed between sbatch and its note of the number.
  for (const { directory } of [launch.jobs[0]!, other])
    await writeFile(join(directory, 'slurm.json'), '{"v": 1, "id": null}');
  await rig.store.refresh();
  expect(rig.store.job(other.id)?.state).toMatchObject({ kind: 'queued', reason: 'Resources' });
  await rig.store.start(launch);
  await rig.host.transport.run(rig.host.engine.start(rig.root, [other.spec!]));
  const queued = (await slurm.run('squeue', '-h', '-o', '%j')).trim().split('\n');
  expect(queued.sort()).toEqual([launch.jobs[0]!.spec.id, other.id].map((id) => `earmark-${id}`).sort());
});

faultIn(inSlurm, 'F12', 'full', async (rig) => {
  const job = await running(rig, FOREVER);
  const { supervisor, child } = await pidsOf(job);
  process.kill(supervisor, 'SIGKILL');
  // A cluster with control groups ends what is left; this one has none.
  await rig.until(job.id, ({ state }) => state.kind === 'running-without-supervisor');
  await rig.host.transport.run(rig.host.engine.start(rig.root, [job.spec!]));
  await rig.store.stop(job.id);
  expect((await rig.ended(job.id)).state).toMatchObject({ kind: 'ended', why: 'stopped', code: null });
  expect(await lives(child)).toBe(false);
  expect(await readFile(job.log, 'utf8')).toBe('ready\n');

  const other = await running(rig, FOREVER);
  await killAll(await pidsOf(other));
  const later = await aMinuteLater(rig, other, ({ kind }) => kind === 'lost');
  expect(later).toMatchObject({ kind: 'lost', why: 'supervisor-gone' });
});

faultIn(inSlurm, 'F15', 'full', async (rig) => {
  const job = await orphaned(rig);
  await forge(job, () => ({ boot: 'of-another-boot' }));
  const later = await aMinuteLater(rig, job, ({ kind }) => kind === 'lost');
  expect(later).toMatchObject({ kind: 'lost', why: 'supervisor-gone' });
  // What has its pid now is somebody else's.
  await rig.store.stop(job.id, 0);
  expect(await lives(job.child)).toBe(true);
});

faultIn(inSlurm, 'F16', 'full', async (rig) => {
  const container = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const;
  const host = through(rig.host, ...container);
  const inside = storeOf(rig.folder, host);
  const { id } = await running(rig, FOREVER);
  await inside.refresh();
  expect(inside.job(id)?.state.kind).toBe('running');
  await writeFile(join(rig.folder, 'go'), '');
  await rig.ended(id);
  await rm(join(rig.folder, 'go'));
  const job = await orphaned(rig);
  const later = await aMinuteLater({ host, root: rig.root }, job, ({ kind }) => kind === 'lost');
  expect(later).toMatchObject({ kind: 'lost', why: 'supervisor-gone' });
});

faultIn(inSlurm, 'F17', 'full', async (rig) => {
  const job = await running(rig, FOREVER);
  await killAll(await pidsOf(job));
  const bystander = watch(['sleep', '1000']);
  onTestFinished(() => void bystander.process.kill());
  await forge(job, () => ({ child: { pid: bystander.process.pid, start: '1' } }));
  expect((await aMinuteLater(rig, job, ({ kind }) => kind === 'lost')).kind).toBe('lost');
  for (let times = 0; times < 2; times += 1) await rig.store.stop(job.id, 0);
  expect((await aMinuteLater(rig, job, ({ kind }) => kind === 'lost')).kind).toBe('lost');
  expect(await lives(bystander.process.pid ?? 0)).toBe(true);
});

faultIn(inSlurm, 'F45', 'full', async (rig) => {
  const job = await running(rig, FOREVER);
  await killAll(await pidsOf(job));
  await forge(job, () => ({ host: 'another-node' }));
  const silent = await withSqueue(rig, 'echo "Unable to contact slurm controller" >&2; exit 1');
  const store = storeOf(rig.folder, silent);
  const beat = (ageS: number): Promise<void> =>
    writeFile(join(job.directory, 'heartbeat'), `${Math.round(Date.now() / 1000 - ageS)} another-node\n`);
  await beat(2);
  await store.refresh();
  expect(store.job(job.id)?.state.kind).toBe('running');
  await beat(600);
  await store.refresh();
  const { state } = store.job(job.id)!;
  expect(state).toMatchObject({ kind: 'unverifiable', reason: 'Unable to contact slurm controller' });
  expect(state.kind === 'unverifiable' && Date.now() / 1000 - (state.since ?? 0)).toBeGreaterThan(590);
  await writeFile(join(job.directory, 'exit.json'), '{"v":1,"code":0,"why":"exited"}');
  await store.refresh();
  expect(store.job(job.id)?.state).toMatchObject({ kind: 'ended', code: 0 });
});

faultIn(inSlurm, 'B10', 'full', async (rig) => {
  // The number is that of another job of this person, which would be ended in its place.
  const [mine, next] = [await running(rig, FOREVER, { gpus: 2 }), await waiting(rig)];
  const forger = await rig.at(await makeFolder());
  for (const victim of [mine, next]) {
    const forged = forger.prepare(shell(forger.folder, 'touch pwned')).jobs[0]!;
    const files = {
      'spec.json': JSON.stringify(forged.spec),
      'cmd.sh': `touch ${join(forger.folder, 'pwned')}\n`,
      'out.log': '',
      'slurm.json': JSON.stringify({ v: 1, id: await numberOf(victim) }),
      ...(victim === mine ? { 'started.json': '{"child": {"pid": 1, "start": "1"}, "boot": "x"}' } : {}),
    };
    await mkdir(forged.directory, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(forged.directory, name), text);
    await forger.store.refresh();
    expect(forger.store.job(forged.spec.id)?.state).toMatchObject({ kind: 'lost', why: 'scheduler' });
    for (let times = 0; times < 2; times += 1) await forger.store.stop(forged.spec.id, 0);
  }
  await rig.store.refresh();
  expect(rig.store.job(mine.id)?.state.kind).toBe('running');
  expect(rig.store.job(next.id)?.state.kind).toBe('queued');
  expect(await names(forger.folder)).toEqual(['.earmark']);
});

faultIn(inSlurm, 'B36', 'full', async (rig) => {
  const job = await running(rig, FOREVER);
  for (const script of ['exec yes "1|RUNNING|0|0|x|y|z"', 'exec sleep 1000']) {
    const store = storeOf(rig.folder, await withSqueue(rig, script));
    await store.refresh();
    expect(store.contact).toMatchObject({ ok: true });
    // By its heartbeat.
    expect(store.job(job.id)?.state.kind).toBe('running');
  }
});

/** Its supervisor was killed, its command runs on. */
async function orphaned(rig: Rig) {
  const job = await running(rig, FOREVER);
  const { supervisor, child } = await pidsOf(job);
  onTestFinished(() => kill(child));
  process.kill(supervisor, 'SIGKILL');
  const seen = await rig.until(job.id, ({ state }) => state.kind === 'running-without-supervisor');
  return { ...seen, child };
}

async function killAll(pids: Awaited<ReturnType<typeof pidsOf>>): Promise<void> {
  for (const pid of [pids.supervisor, pids.child]) kill(pid);
  for (const pid of [pids.supervisor, pids.child]) await untilGone(pid);
}

/** The host, with another squeue than the cluster's. */
async function withSqueue({ host }: Rig, script: string): Promise<JobHost> {
  const folder = await makeFolder();
  await writeProgram(join(folder, 'squeue'), `#!/bin/sh\n${script}\n`);
  return through(host, '/usr/bin/env', `PATH=${folder}:/usr/bin:/bin`);
}
