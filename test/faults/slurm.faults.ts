import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ask } from '../../src/jobs/answer';
import { exportJob } from '../../src/jobs/exportJob';
import type { Job } from '../../src/jobs/jobsStore';
import type { SlurmRequest } from '../../src/jobs/spec';
import { deriveState, type JobState } from '../../src/jobs/state';
import { cluster } from '../slurm/host';
import { prepare } from '../../src/jobs/prepare';
import { makeFolder } from '../unit/files/folders';
import { engine, names, shell, specsOf, storeOf } from '../unit/jobs/support';
import { fault, lives, pidsOf, untilText, type Rig } from './support';

const FOREVER = 'echo ready; while [ ! -e go ]; do sleep 0.05; done';
const nothing: SlurmRequest = { gpus: null, cpus: null, time: null, mem: null, partition: null, account: null, extra: [] }; // prettier-ignore

async function start(rig: Rig, script: string, request: Partial<SlurmRequest> = {}): Promise<Job> {
  const draft = shell(rig.folder, script, { slurm: { ...nothing, ...request } });
  return (await rig.store.start(rig.prepare(draft)))[0]!;
}

async function running(rig: Rig, script: string, request: Partial<SlurmRequest> = {}): Promise<Job> {
  const { id } = await start(rig, script, request);
  return rig.until(id, ({ state }) => state.kind === 'running');
}

/** One that waits because another has all GPUs. */
async function waiting(rig: Rig, script = 'echo ran'): Promise<Job> {
  const { id } = await start(rig, script, { gpus: 2 });
  return rig.until(id, ({ state }) => state.kind === 'queued' && state.reason === 'Resources');
}

async function numberOf({ directory }: Job): Promise<string> {
  return (JSON.parse(await readFile(join(directory, 'slurm.json'), 'utf8')) as { id: string }).id;
}

/**
 * What is told when what the host now says of it is a minute old: until then, the last word of a job that is over for Slurm may
 * still be on its way through the shared file system, and nothing is told.
 */
async function aMinuteLater(
  { host, root }: Rig,
  job: Job,
  wanted: (state: JobState) => boolean,
): Promise<JobState> {
  return vi.waitFor(
    async () => {
      const { jobs } = await ask(host.transport, host.engine.probe([root], []));
      const seen = jobs.find(({ id }) => id === job.id)!;
      expect(deriveState(seen).kind).toBe('running');
      const state = deriveState({ ...seen, now: seen.now! + 61 });
      if (!wanted(state)) throw new Error(JSON.stringify(state));
      return state;
    },
    { timeout: 30_000, interval: 100 },
  );
}

fault('F4', 'full', async (rig, context) => {
  const slurm = await cluster(context);
  const launch = rig.prepare(shell(rig.folder, `echo run >> ran; ${FOREVER}`, { slurm: { ...nothing, gpus: 2 } }));
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
}, ['local × slurm']); // prettier-ignore

fault('F12', 'full', async (rig) => {
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
  const pids = await pidsOf(other);
  for (const pid of [pids.supervisor, pids.child]) process.kill(pid, 'SIGKILL');
  const later = await aMinuteLater(rig, other, ({ kind }) => kind === 'lost');
  expect(later).toMatchObject({ kind: 'lost', why: 'supervisor-gone' });
  await rm(other.directory, { recursive: true }); // nobody need wait for that minute
}, ['local × slurm', 'ssh × slurm']); // prettier-ignore

fault('F32', 'full', async (rig, context) => {
  const slurm = await cluster(context);
  const [job, other] = [await running(rig, FOREVER, { gpus: 2 }), await waiting(rig)];
  await slurm.saved(other.id);
  await slurm.kill('slurmctld');
  onTestFinished(() =>
    slurm
      .start('slurmctld')
      .then(() => slurm.ready())
      .catch(() => undefined),
  );
  await rig.store.refresh();
  expect(rig.store.job(job.id)?.state.kind).toBe('running');
  expect(rig.store.job(other.id)?.state).toMatchObject({
    kind: 'unverifiable',
    reason: expect.stringContaining('contact') as string,
  });
  const third = rig.prepare(shell(rig.folder, 'echo run >> third'));
  await expect(rig.store.start(third)).rejects.toThrow(/gives no answer.*not doubled/);
  await slurm.start('slurmctld');
  await slurm.ready();
  await rig.store.start(third);
  await rig.store.start(third);
  await writeFile(join(rig.folder, 'go'), '');
  for (const id of [job.id, other.id, third.jobs[0]!.spec.id])
    expect((await rig.ended(id)).state).toMatchObject({ why: 'exited', code: 0 });
  expect(await readFile(join(rig.folder, 'third'), 'utf8')).toBe('run\n');
});

fault('F33', 'full', async (rig, context) => {
  const slurm = await cluster(context);
  const job = await running(rig, FOREVER);
  await slurm.kill('slurmd');
  onTestFinished(() => slurm.start('slurmd').then(() => slurm.ready()));
  await rig.store.refresh();
  expect(rig.store.job(job.id)?.state.kind).toBe('running');
  await writeFile(join(rig.folder, 'go'), '');
  expect((await rig.ended(job.id)).state).toMatchObject({ why: 'exited', code: 0 });
});

fault('F34', 'full', async (rig, context) => {
  const slurm = await cluster(context);
  const done = await rig.ended((await start(rig, 'exit 3')).id);
  const silent = await rig.ended((await start(rig, 'exit 3')).id);
  await rm(join(silent.directory, 'exit.json'));
  await writeFile(join(silent.directory, 'heartbeat'), `${Math.round(Date.now() / 1000 - 100)} x\n`);
  const all = await running(rig, FOREVER, { gpus: 2 });
  const cancelled = await waiting(rig);
  await slurm.run('scancel', await numberOf(cancelled));
  expect((await rig.ended(cancelled.id)).state).toMatchObject({ why: 'terminated' });
  await rig.store.stop(all.id);
  await rig.ended(all.id);
  await slurm.kill('slurmctld');
  await slurm.start('slurmctld', true);
  await slurm.ready();
  const window = storeOf(rig.folder, rig.host);
  await window.refresh();
  expect(window.job(done.id)?.state).toMatchObject({ kind: 'ended', why: 'exited', code: 3 });
  expect(window.job(silent.id)?.state).toMatchObject({ kind: 'lost', why: 'scheduler' });
  expect(window.job(cancelled.id)?.state).toMatchObject({ kind: 'ended', why: 'terminated' });
});

fault('F35', 'full', async (rig, context) => {
  const slurm = await cluster(context);
  const job = await running(rig, `trap 'echo saved; exit 7' TERM; ${FOREVER}`, { gpus: 2 });
  await untilText(() => readFile(job.log, 'utf8'), 'ready');
  const other = await waiting(rig);
  for (const { directory } of [other, job]) await slurm.run('scancel', await numberOf({ ...job, directory }));
  expect((await rig.ended(job.id)).state).toMatchObject({ kind: 'ended', why: 'terminated', code: 7 });
  expect(await readFile(job.log, 'utf8')).toContain('saved\n');
  const { state } = await rig.ended(other.id);
  expect(state).toMatchObject({ kind: 'ended', why: 'terminated', text: expect.stringContaining('CANCELLED') as string });
}); // prettier-ignore

fault('F36', 'full', async (rig) => {
  const job = await running(rig, `trap 'echo saved; exit 0' TERM; ${FOREVER}`, { time: '1' });
  await vi.waitFor(() => readFile(join(job.directory, 'exit.json')), { timeout: 150_000, interval: 500 });
  const { state } = await rig.ended(job.id);
  expect(state).toMatchObject({ kind: 'ended', why: 'terminated', code: 0, text: expect.stringContaining('time') as string });
  expect(await readFile(job.log, 'utf8')).toContain('saved\n');
}); // prettier-ignore

fault('F37', 'full', async (rig, context) => {
  const slurm = await cluster(context);
  const again = await running(rig, `echo run >> again; ${FOREVER}`);
  const number = await numberOf(again);
  await slurm.run('scontrol', 'update', `JobId=${number}`, 'Requeue=1');
  await slurm.run('scontrol', 'requeue', number);
  expect((await rig.ended(again.id)).state).toMatchObject({ kind: 'ended', why: 'terminated' });
  await slurm.run('scancel', number);

  const job = await running(rig, `echo run >> ran; ${FOREVER}`);
  const { supervisor, child } = await pidsOf(job);
  const step = Number((await readFile(`/proc/${supervisor}/stat`, 'utf8')).split(') ')[1]?.split(' ')[1]);
  await slurm.kill('slurmd');
  for (const pid of [step, supervisor, child]) process.kill(pid, 'SIGKILL');
  const node = (await slurm.run('sinfo', '-h', '-o', '%n')).trim();
  await slurm.run('scontrol', 'update', `NodeName=${node}`, 'State=DOWN', 'Reason=lost');
  onTestFinished(async () => {
    await slurm.start('slurmd');
    await slurm.run('scontrol', 'update', `NodeName=${node}`, 'State=RESUME');
    await slurm.ready();
  });
  const state = await aMinuteLater(rig, job, ({ kind }) => kind === 'ended');
  expect(state).toMatchObject({ kind: 'ended', why: 'terminated', text: expect.stringContaining('NODE_FAIL') as string });
  await rig.host.transport.run(rig.host.engine.start(rig.root, [job.spec!]));
  expect(await readFile(join(rig.folder, 'ran'), 'utf8')).toBe('run\n');
  expect(await readFile(join(rig.folder, 'again'), 'utf8')).toBe('run\n');
  expect(await lives(child)).toBe(false);
  await rm(job.directory, { recursive: true });
}); // prettier-ignore

fault('F38', 'smoke', async (rig, context) => {
  const slurm = await cluster(context);
  const impossible = { ...nothing, gpus: 9 };
  await expect(start(rig, 'echo ran', impossible)).rejects.toThrow(/configuration is not available/);
  await expect(start(rig, 'echo ran', { partition: 'nowhere' })).rejects.toThrow(/invalid partition/);
  const blocking = await running(rig, FOREVER, { gpus: 2 });
  const chain = rig.prepare(
    shell(rig.folder, 'touch pwned', { slurm: { ...nothing, gpus: 1 } }),
    shell(rig.folder, 'echo ran', { slurm: impossible }),
    shell(rig.folder, 'echo ran'),
  );
  await expect(rig.store.start(chain)).rejects.toThrow(/configuration is not available/);
  await rig.store.refresh();
  const states = chain.jobs.map(({ spec }) => rig.store.job(spec.id)?.state);
  expect(states).toMatchObject([{ why: 'stopped' }, { why: 'not-started' }, { why: 'skipped' }]);
  const left = await slurm.run('squeue', '-h', '-o', '%j');
  expect(left.trim()).toBe(`earmark-${blocking.id}`);
  await writeFile(join(rig.folder, 'go'), '');
  await rig.ended(blocking.id);
  const half = rig.prepare(shell(rig.folder, 'sleep 100'), shell(rig.folder, 'true', { slurm: impossible }));
  await expect(rig.store.start(half)).rejects.toThrow(/configuration is not available/);
  expect((await rig.ended(half.jobs[0]!.spec.id)).state).toMatchObject({ kind: 'ended', why: 'stopped' });
}, ['local × slurm']); // prettier-ignore

const refused = ['--wrap=touch pwned', '--wrap=x', '--uid=0', '--export=NONE', '--output=x', '-J', 'x', '--qos=a\nb', "--qos='a'", '--qos=$(id)', '--QOS=x', '--chdir=/', '--dependency=singleton', '', '--']; // prettier-ignore

fault('B35', 'full', async (rig) => {
  for (const option of refused) {
    const draft = shell(rig.folder, 'true', { slurm: { ...nothing, extra: [option] } });
    expect(() => rig.prepare(draft), option).toThrow(/not passed on to Slurm/);
  }
  for (const wrong of [{ time: '1\n' }, { time: '-1' }, { partition: '-p' }, { account: 'a b' }, { mem: '1G;' }, { gpus: -1 }, { cpus: 1e6 }]) {
    expect(() => rig.prepare(shell(rig.folder, 'true', { slurm: { ...nothing, ...wrong } }))).toThrow();
    await expect(sent(rig, wrong)).rejects.toThrow(/not allowed/);
  }
  for (const option of refused) await expect(sent(rig, { extra: [option] }), option).rejects.toThrow(/not allowed/);
  const title = "-J $(touch pwned) '; touch pwned #";
  const [job] = await rig.store.start(
    rig.prepare(shell(rig.folder, 'ls', { title, slurm: { ...nothing, gpus: 1, time: '0:30:00', extra: ['--nice=5', '--mail-type=NONE'] } })),
  );
  expect((await rig.ended(job!.id)).state).toMatchObject({ code: 0 });
  expect(await readFile(job!.log, 'utf8')).toBe('');
  // sbatch reads patterns in paths: %j is the number of the job, and with a backslash there are none.
  for (const name of ['100%j $x', 'back\\slash %j']) {
    await mkdir(join(rig.folder, name));
    const odd = await rig.at(join(rig.folder, name));
    const ended = await odd.ended((await start(odd, 'echo ran')).id);
    expect(ended.state).toMatchObject({ why: 'exited', code: 0 });
    expect((await names(ended.directory)).includes('slurm.log')).toBe(!name.includes('\\'));
  }
}); // prettier-ignore

/** Past the checks of this side, as whoever writes by hand. */
async function sent(rig: Rig, request: object): Promise<unknown> {
  const [spec] = specsOf([shell(rig.folder, 'touch pwned')]);
  const call = rig.host.engine.start(rig.root, []);
  const input = JSON.stringify({ jobs: [{ ...spec, slurm: request }] });
  const hash = call.argv[call.argv.indexOf('--sha256') + 1];
  const sha256 = createHash('sha256').update(input).digest('hex');
  const [file, ...args] = call.argv;
  const argv = [file, ...args.map((word) => (word === hash ? sha256 : word))] as const;
  return ask(rig.host.transport, { ...call, input, argv });
}

test('an exported job runs under sbatch, and is told before its end [full]', async (context) => {
  const slurm = await cluster(context);
  const folder = await makeFolder();
  const script = `trap 'echo saved > "$WORD"; exit' TERM; echo $CUDA_VISIBLE_DEVICES > gpu; while :; do sleep 0.05; done`;
  const draft = shell(folder, script, { env: { WORD: "it's" }, slurm: { ...nothing, gpus: 1, time: '5' } });
  const [job] = prepare(specsOf([draft]), folder, engine).jobs;
  await writeFile(join(folder, 'job.sbatch'), exportJob(job!.spec));
  const number = await slurm.run('sbatch', '--parsable', `--chdir=${folder}`, join(folder, 'job.sbatch'));
  onTestFinished(() => slurm.run('scancel', number.trim()).then(() => undefined));
  await untilText(() => readFile(join(folder, 'gpu'), 'utf8').catch(() => ''), '\n');
  expect(await readFile(join(folder, 'gpu'), 'utf8')).toMatch(/^[01]\n$/);
  await slurm.run('scancel', '--batch', '--signal=TERM', number.trim());
  await untilText(() => readFile(join(folder, "it's"), 'utf8').catch(() => ''), 'saved');
});
