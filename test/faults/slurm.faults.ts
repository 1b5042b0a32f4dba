import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ask } from '../../src/jobs/answer';
import { exportJob } from '../../src/jobs/exportJob';
import { prepare } from '../../src/jobs/prepare';
import { engineOn } from '../slurm/engine';
import { cluster, slurmHost, slurmTools } from '../slurm/host';
import { makeFolder } from '../unit/files/folders';
import { engine, makeBench, names, shell, specsOf, storeOf } from '../unit/jobs/support';
import { numberOf, nothing, running, start, waiting, FOREVER } from './slurmSupport';
import { aMinuteLater, fault, lives, pidsOf, untilText, type Rig } from './support';

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
  for (const { directory } of [other, job]) await slurm.run('scancel', await numberOf({ directory }));
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
    // It may have come back by itself.
    await slurm.run('scontrol', 'update', `NodeName=${node}`, 'State=RESUME').catch(() => '');
    await slurm.ready();
  });
  const state = await aMinuteLater(rig, job, ({ kind }) => kind === 'ended');
  expect(state).toMatchObject({ kind: 'ended', why: 'terminated', text: expect.stringContaining('NODE_FAIL') as string });
  await rig.host.transport.run(rig.host.engine.start(rig.root, [job.spec!]));
  expect(await readFile(join(rig.folder, 'ran'), 'utf8')).toBe('run\n');
  expect(await readFile(join(rig.folder, 'again'), 'utf8')).toBe('run\n');
  expect(await lives(child)).toBe(false);
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
}); // prettier-ignore

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

test('why a job cannot begin on its node is told in the words of its log [full]', async (context) => {
  const slurm = await cluster(context);
  const python = join(await makeFolder(), 'python');
  await symlink(slurmTools.python, python);
  const made = { ...(await slurmHost(context)), engine: engineOn(slurm.env, { ...slurmTools, python }) };
  const bench = await makeBench(undefined, made);
  const [blocker] = await bench.store.start(
    bench.prepare(shell(bench.folder, FOREVER, { slurm: { ...nothing, gpus: 2 } })),
  );
  await bench.until(blocker!.id, ({ state }) => state.kind === 'running');
  const [job] = await bench.store.start(
    bench.prepare(shell(bench.folder, 'true', { slurm: { ...nothing, gpus: 1 } })),
  );
  // An environment that was removed, or that this node's disks do not have.
  await unlink(python);
  await writeFile(join(bench.folder, 'go'), '');
  await untilText(() => readFile(join(job!.directory, 'slurm.log'), 'utf8').catch(() => ''), 'not found');
  await symlink(slurmTools.python, python);
  const state = await aMinuteLater({ host: made, root: bench.root }, job!, ({ kind }) => kind === 'ended');
  expect(state).toMatchObject({
    why: 'not-started',
    text: expect.stringMatching(/^Slurm \d+ FAILED, NonZeroExitCode: .*python: not found/) as string,
  });
});
