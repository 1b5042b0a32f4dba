import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, vi, type TestContext } from 'vitest';
import { shellCommand } from '../../src/hosts/quote';
import type { JobHost } from '../../src/jobs/jobsStore';
import { cluster } from '../slurm/host';
import { logOf, python, shell, storeOf, supervisor } from '../unit/jobs/support';
import { direct } from './matrix';
import { nothing } from './slurmSupport';
import {
  bySlurm,
  bySsh,
  fault,
  faultIn,
  finalState,
  kill,
  lives,
  pidIn,
  pidsOf,
  randomNumbers,
  run,
  through,
  untilGone,
  untilText,
  view,
  watch,
  type Rig,
} from './support';

const FOREVER = 'echo ready; while :; do sleep 0.05; done';

fault('F1', 'smoke', async (rig) => {
  const [job] = await rig.store.start(
    rig.prepare(
      shell(
        rig.folder,
        'for i in 1 2 3 4 5; do echo line $i; done; while [ ! -e go ]; do sleep 0.05; done; echo end',
      ),
    ),
  );
  const first = await view(rig, job!);
  await untilText(first.output, 'line 5');
  first.process.kill('SIGKILL');
  await first.end;
  await writeFile(join(rig.folder, 'go'), '');
  expect((await rig.ended(job!.id)).state).toMatchObject({ code: 0 });
  const second = await view(rig, job!);
  expect(await second.end).toEqual([0, null]);
  expect(second.output()).toContain(await logOf(job!));
});

fault('F7', 'smoke', async (rig) => {
  const [job] = await rig.store.start(rig.prepare(shell(rig.folder, FOREVER.replace(':', '[ ! -e go ]'))));
  const pids = await pidsOf(job!);
  for (const pid of [pids.supervisor, pids.child]) process.kill(pid, 'SIGSTOP');
  for (let look = 0; look < 5; look += 1) {
    await rig.store.refresh();
    expect(rig.store.job(job!.id)?.state.kind).toBe('running');
  }
  await writeFile(join(rig.folder, 'go'), '');
  for (const pid of [pids.supervisor, pids.child]) process.kill(pid, 'SIGCONT');
  expect((await rig.ended(job!.id)).state).toMatchObject({ why: 'exited', code: 0 });
});

fault('F10', 'smoke', async (rig) => {
  const [job] = await rig.store.start(rig.prepare(shell(rig.folder, FOREVER)));
  const { file, args } = await rig.store.viewer(job!.id);
  // By ssh Ctrl-C is a key, for which it takes a real terminal; and ssh ends by itself when its terminal goes.
  const inTerminal = ['script', '-qefc', shellCommand([file, ...args]), '/dev/null'];
  const ends = bySsh(rig)
    ? [['key', inTerminal, 130, null], ['SIGHUP', [file, ...args], 255, null]] as const
    : [['SIGINT', [file, ...args], 130, null], ['SIGHUP', [file, ...args], null, 'SIGHUP']] as const;
  for (const [how, argv, ...end] of ends) {
    const viewer = watch(argv);
    await untilText(viewer.output, 'ready');
    if (how === 'key') viewer.process.stdin?.write('\u0003');
    else process.kill(-(viewer.process.pid ?? 0), how);
    expect(await viewer.end).toEqual(end);
    await rig.store.refresh();
    expect(rig.store.job(job!.id)?.state.kind).toBe('running');
  }
}); // prettier-ignore

fault('F11', 'full', async (rig, { skip }) => {
  if (!existsSync('/usr/bin/tmux')) skip('tmux is not installed');
  const launch = rig.prepare(shell(rig.folder, FOREVER));
  await writeFile(join(rig.folder, 'request'), launch.start.input);
  const socket = `earmark-${process.pid}`;
  const inside = `"$@" < request > answer; exec sleep 1000`;
  await run(
    'tmux',
    '-L',
    socket,
    'new-session',
    '-d',
    '-c',
    rig.folder,
    'sh',
    '-c',
    inside,
    'sh',
    ...launch.start.argv,
  );
  await untilText(() => readFile(join(rig.folder, 'answer'), 'utf8').catch(() => ''), 'END-');
  await run('tmux', '-L', socket, 'kill-server');
  const job = await rig.until(launch.jobs[0]!.spec.id, ({ state }) => state.kind === 'running');
  const pids = await pidsOf(job);
  expect([await lives(pids.supervisor), await lives(pids.child)]).toEqual([true, true]);
});

faultIn(direct, 'F12', 'smoke', async (rig) => {
  const [stopped, left] = [
    (await rig.store.start(rig.prepare(shell(rig.folder, FOREVER))))[0]!,
    (await rig.store.start(rig.prepare(shell(rig.folder, 'while [ ! -e go ]; do sleep 0.05; done'))))[0]!,
  ];
  for (const job of [stopped, left]) {
    const { supervisor: pid } = await pidsOf(job);
    process.kill(pid, 'SIGKILL');
    await untilGone(pid);
    await rig.until(job.id, ({ state }) => state.kind === 'running-without-supervisor');
  }
  // A second start must not run it again.
  await rig.host.transport.run(rig.host.engine.start(rig.root, [stopped.spec!]));
  await rig.store.stop(stopped.id);
  const ended = await rig.ended(stopped.id);
  expect(ended.state).toMatchObject({ kind: 'ended', why: 'stopped', code: null });
  expect(await lives((await pidsOf(stopped)).child)).toBe(false);
  expect(await logOf(stopped)).toBe('ready\n');
  await writeFile(join(rig.folder, 'go'), '');
  expect((await rig.ended(left.id)).state).toMatchObject({ kind: 'lost', why: 'supervisor-gone' });
});

fault('F13', 'smoke', async (rig, context) => {
  const worker = `(setsid sh -c 'echo $$ > worker; ${FOREVER}' &)`;
  const [job] = await rig.store.start(rig.prepare(shell(rig.folder, `${worker}; ${FOREVER}`)));
  const pid = await pidIn(join(rig.folder, 'worker'));
  process.kill((await pidsOf(job!)).child, 'SIGKILL');
  expect((await rig.ended(job!.id)).state).toMatchObject({ why: 'signaled', signal: 'SIGKILL', code: 137 });
  expect(await lives(pid)).toBe(false);

  const argv = [python, '-c', 'x = b"x" * 300_000_000'];
  if (bySlurm(rig)) {
    // Slurm's own limit takes the supervisor along.
    const slurm = { ...nothing, mem: '64M' };
    const long = [...argv.slice(0, 2), `${argv[2]!}; import time; time.sleep(60)`];
    const [greedy] = await rig.store.start(rig.prepare({ ...shell(rig.folder, '', { slurm }), argv: long }));
    const state = await finalState(rig, greedy!.id);
    const text = expect.stringContaining('memory limit') as string;
    expect(state).toMatchObject({ kind: 'ended', why: 'out-of-memory', text });
  }

  const group = await memoryGroup(bySlurm(rig) ? 128_000_000 : 64_000_000);
  if (group === null) {
    await context.annotate('no control group can be made here: running out of memory was not provoked');
    return;
  }
  const inside = await limitedTo(group, rig, context);
  const hungry = rig.prepare({ ...shell(rig.folder, ''), argv });
  await storeOf(rig.folder, inside).start(hungry);
  expect((await rig.ended(hungry.jobs[0]!.spec.id)).state).toMatchObject({
    why: 'out-of-memory',
    signal: 'SIGKILL',
  });
});

/** The host, with what is started on it in a control group: with Slurm that is the group of the node's slurmd, as its limits are. */
async function limitedTo(group: string, rig: Rig, context: TestContext): Promise<JobHost> {
  const procs = join(group, 'cgroup.procs');
  if (!bySlurm(rig)) return through(rig.host, 'sh', '-c', `echo $$ > ${procs} && exec "$@"`, 'sh');
  const slurm = await cluster(context);
  onTestFinished(async () => {
    await slurm.kill('slurmd');
    await slurm.start('slurmd');
    await slurm.ready();
  });
  await writeFile(procs, String(slurm.pid('slurmd')));
  return rig.host;
}

/** A control group (version 1 or 2) whose processes together get so many bytes; null where none can be made. */
async function memoryGroup(bytes: number): Promise<string | null> {
  const [base, limit] = existsSync('/sys/fs/cgroup/memory')
    ? ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes']
    : ['/sys/fs/cgroup', 'memory.max'];
  const group = join(base, `earmark-${process.pid}`);
  try {
    await mkdir(group);
    onTestFinished(() => vi.waitFor(() => rmdir(group), { timeout: 10_000 }));
    await writeFile(join(group, limit), String(bytes));
    return group;
  } catch {
    return null;
  }
}

fault('F14', 'smoke', async (rig) => {
  const [job] = await rig.store.start(rig.prepare(shell(rig.folder, `trap '' TERM; ${FOREVER}`)));
  await untilText(() => logOf(job!), 'ready');
  await rig.store.stop(job!.id, 0.3);
  const { state } = await rig.ended(job!.id);
  expect(state).toMatchObject({
    why: 'stopped',
    signal: 'SIGKILL',
    text: expect.stringContaining('0.3 s') as string,
  });
});

fault('F20', 'full', async (rig) => {
  const random = randomNumbers(20);
  for (let count = 0; count < (bySlurm(rig) ? 4 : 15); count += 1) {
    const [job] = await rig.store.start(rig.prepare(shell(rig.folder, 'sleep 0.1')));
    const { supervisor: pid } = await pidsOf(job!);
    const file = join(job!.directory, 'exit.json');
    setTimeout(() => kill(pid), 60 + random() * 120);
    let torn = 0;
    while (await lives(pid)) {
      const text = await readFile(file, 'utf8').catch(() => null);
      if (text !== null && !isWhole(text)) torn += 1;
    }
    expect(torn).toBe(0);
    const state = await finalState(rig, job!.id);
    expect(state.kind === 'lost' || (state.kind === 'ended' && state.code === 0)).toBe(true);
  }
});

function isWhole(text: string): boolean {
  try {
    return (JSON.parse(text) as { why: unknown }).why === 'exited';
  } catch {
    return false;
  }
}

fault('F46', 'smoke', async (rig) => {
  const launcher = `
import os, subprocess, sys, time
worker = "import os, signal, sys, time; signal.signal(15, signal.SIG_IGN); open(sys.argv[1], 'w').write(f'{os.getpid()}\\\\n'); time.sleep(600)"
for name in ("w0", "w1"):
    subprocess.Popen([sys.executable, "-c", worker, name], start_new_session=True)
if os.fork() == 0:
    subprocess.Popen([sys.executable, "-c", worker, "w2"], start_new_session=True, env={})  # no mark, and no parent soon
    os._exit(0)
time.sleep(600)
`;
  for (const killSupervisor of [false, true]) {
    await run('rm', '-f', ...['w0', 'w1', 'w2'].map((name) => join(rig.folder, name)));
    const [job] = await rig.store.start(
      rig.prepare({ ...shell(rig.folder, ''), argv: [python, '-c', launcher] }),
    );
    const marked = await Promise.all(['w0', 'w1'].map((name) => pidIn(join(rig.folder, name))));
    const bare = await pidIn(join(rig.folder, 'w2'));
    if (killSupervisor) {
      const { supervisor: pid } = await pidsOf(job!);
      process.kill(bare, 'SIGKILL'); // without mark and supervisor nothing ties it to the job any more
      process.kill(pid, 'SIGKILL');
      await untilGone(pid);
    }
    await rig.store.stop(job!.id, 0.5);
    expect((await rig.ended(job!.id)).state).toMatchObject({ kind: 'ended', why: 'stopped' });
    expect(await Promise.all([...marked, bare].map(lives))).toEqual([false, false, false]);
  }
});

fault('F48', 'full', async (rig) => {
  const random = randomNumbers(48);
  for (let count = 0; count < (bySlurm(rig) ? 6 : 25); count += 1) {
    const trace = join(rig.folder, `ran-${count}`);
    const launch = rig.prepare(shell(rig.folder, `echo run >> ${trace}`));
    const id = launch.jobs[0]!.spec.id;
    // A first start without a supervisor, then one in the foreground that is killed on its way.
    const { argv, input } = launch.start;
    const start = watch(argv, input);
    const deadline = setTimeout(() => start.process.kill('SIGKILL'), 60 + random() * 60);
    await start.end;
    clearTimeout(deadline);
    const supervised = watch([python, '-I', '-S', supervisor, 'run', join(rig.root, id)], '');
    setTimeout(() => supervised.process.kill('SIGKILL'), 10 + random() * 80);
    await supervised.end;
    for (let tries = 0; tries < 2; tries += 1) await rig.host.transport.run(launch.start);
    const state = await finalState(rig, id);
    const ran = await readFile(trace, 'utf8').catch(() => '');
    expect(ran === '' || ran === 'run\n').toBe(true);
    expect(state.kind === 'lost' || (state.kind === 'ended' && ran === 'run\n')).toBe(true);
  }
});
