import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, type TestContext } from 'vitest';
import { JobsStore, type Job } from '../../src/jobs/jobsStore';
import { python, shell, storeOf } from '../unit/jobs/support';
import { makeFolder } from '../unit/files/folders';
import { direct } from './matrix';
import {
  fault,
  faultIn,
  forge,
  lives,
  pidsOf,
  run,
  through,
  untilGone,
  untilText,
  watch,
  type Rig,
} from './support';

const FOREVER = 'while [ ! -e go ]; do sleep 0.05; done';

/** A job whose supervisor and command are both gone without a word. */
async function abandoned(rig: Rig): Promise<Job> {
  const [job] = await rig.store.start(rig.prepare(shell(rig.folder, FOREVER)));
  const pids = await pidsOf(job!);
  for (const pid of [pids.supervisor, pids.child]) process.kill(pid, 'SIGKILL');
  for (const pid of [pids.supervisor, pids.child]) await untilGone(pid);
  return rig.until(job!.id, ({ state }) => state.kind === 'lost');
}

faultIn(direct, 'F15', 'smoke', async (rig) => {
  const job = await abandoned(rig);
  expect(job.state).toMatchObject({ kind: 'lost', why: 'supervisor-gone' });
  await forge(job, () => ({ boot: 'of-another-boot' }));
  await rig.store.refresh();
  expect(rig.store.job(job.id)?.state).toMatchObject({ kind: 'lost', why: 'reboot' });
});

faultIn(direct, 'F16', 'full', async (rig, context) => {
  needRoot(context);
  const launch = rig.prepare(shell(rig.folder, FOREVER));
  await writeFile(join(rig.folder, 'request'), launch.start.input);
  const container = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const;
  const inside = `"$@" < ${join(rig.folder, 'request')}; exec sleep 1000`;
  const first = watch([...container, 'sh', '-c', inside, 'sh', ...launch.start.argv]);
  await untilText(first.output, 'END-');
  first.process.kill('SIGKILL');
  await first.end;
  const again = storeOf(rig.folder, through(rig.host, ...container));
  await again.refresh();
  expect(again.job(launch.jobs[0]!.spec.id)?.state).toMatchObject({ kind: 'lost', why: 'reboot' });
});

faultIn(direct, 'F17', 'smoke', async (rig) => {
  const job = await abandoned(rig);
  const bystander = watch(['sleep', '1000']);
  onTestFinished(() => void bystander.process.kill());
  await forge(job, () => ({ child: { pid: bystander.process.pid, start: '1' } }));
  await rig.store.refresh();
  expect(rig.store.job(job.id)?.state).toMatchObject({ kind: 'lost', why: 'supervisor-gone' });
  await rig.store.stop(job.id, 0);
  await rig.store.refresh();
  expect(rig.store.job(job.id)?.state.kind).toBe('lost');
  expect(await lives(bystander.process.pid ?? 0)).toBe(true);
});

fault('F18', 'smoke', async (rig, context) => {
  const small = await rig.at(await mountTmpfs(context, 'size=1m'));
  const [job] = await small.store.start(
    small.prepare(shell(small.folder, 'dd if=/dev/zero of=fill bs=4k 2>/dev/null; echo x > more; exit 7')),
  );
  expect((await small.ended(job!.id)).state).toMatchObject({ kind: 'ended', why: 'exited', code: 7 });
  await expect(small.store.start(small.prepare(shell(small.folder, 'true')))).rejects.toThrow(
    /disk .*is full/,
  );
  await rm(join(small.folder, 'fill'));
  const [next] = await small.store.start(small.prepare(shell(small.folder, 'true')));
  expect((await small.ended(next!.id)).state).toMatchObject({ code: 0 });
});

fault('F19', 'full', async (rig, context) => {
  const few = await rig.at(await mountTmpfs(context, 'size=1m,nr_inodes=20'));
  const fill = 'i=0; while : > file$i; do i=$((i+1)); done 2>/dev/null; exit 3';
  const [job] = await few.store.start(few.prepare(shell(few.folder, fill)));
  expect((await few.ended(job!.id)).state).toMatchObject({ why: 'exited' });
  await expect(few.store.start(few.prepare(shell(few.folder, 'true')))).rejects.toThrow(/table of files/);

  const folder = await mountTmpfs(context, 'size=1m');
  const locked = await rig.at(folder);
  await run('mount', '-o', 'remount,ro', folder);
  await expect(locked.store.start(locked.prepare(shell(folder, 'true')))).rejects.toThrow(
    /may not be written to/,
  );
});

fault('F21', 'full', async (rig) => {
  const [job] = await rig.store.start(rig.prepare(shell(rig.folder, FOREVER)));
  await pidsOf(job!);
  for (const hours of [5, -5]) {
    const shifted = Date.now() / 1000 + hours * 3600;
    await forge(job!, () => ({ at: shifted }));
    await utimes(join(job!.directory, 'spec.json'), shifted, shifted);
    await writeFile(
      join(job!.directory, 'heartbeat'),
      `${Math.round(shifted)} ${(await run('hostname')).trim()}\n`,
    );
    const window = new JobsStore({
      workFolders: () => [rig.folder],
      host: () => Promise.resolve(rig.host),
      now: () => shifted,
    });
    await window.refresh();
    expect(window.job(job!.id)?.state).toEqual({ kind: 'running', since: shifted });
  }
  await writeFile(join(rig.folder, 'go'), '');
  expect((await rig.ended(job!.id)).state).toMatchObject({ code: 0 });
});

fault('F43', 'full', async (rig) => {
  const bad = await makeFolder({
    'json.py': 'print("noise")\nraise SystemExit("astray")\n',
    'sitecustomize.py': 'print("noise")\n',
    noise: 'echo noise\n',
  });
  const settings = [`PYTHONPATH=${bad}`, 'PYTHONHOME=/nowhere', `PYTHONSTARTUP=${bad}/json.py`, `BASH_ENV=${bad}/noise`, `ENV=${bad}/noise`];
  const store = storeOf(rig.folder, through(rig.host, 'env', ...settings));
  const [job] = await store.start(rig.prepare(shell(rig.folder, 'exit 3')));
  await rig.ended(job!.id);
  await store.refresh();
  expect(store.job(job!.id)?.state).toMatchObject({ why: 'exited', code: 3 });
}); // prettier-ignore

fault('F44', 'smoke', async (rig) => {
  const bare = through(rig.host, '/usr/bin/env', '-i', 'PATH=/nonexistent');
  const store = storeOf(rig.folder, bare);
  const wait = { ...shell(rig.folder, ''), argv: [python, '-c', 'import time; time.sleep(1000)'] };
  const [job] = await store.start(rig.prepare(wait));
  await store.stop(job!.id, 1);
  await rig.ended(job!.id);
  await store.refresh();
  expect(store.job(job!.id)?.state).toMatchObject({ kind: 'ended', why: 'stopped' });
});

faultIn(direct, 'F45', 'smoke', async (rig) => {
  const job = await abandoned(rig);
  await forge(job, () => ({ host: 'another-node' }));
  const beat = (ageS: number): Promise<void> =>
    writeFile(join(job.directory, 'heartbeat'), `${Math.round(Date.now() / 1000 - ageS)} another-node\n`);
  await beat(2);
  await rig.store.refresh();
  expect(rig.store.job(job.id)?.state.kind).toBe('running');
  await beat(600);
  await rig.store.refresh();
  const { state } = rig.store.job(job.id)!;
  expect(state).toMatchObject({ kind: 'unverifiable', reason: 'another-node' });
  expect(state.kind === 'unverifiable' && Date.now() / 1000 - (state.since ?? 0)).toBeGreaterThan(590);
  await writeFile(join(job.directory, 'exit.json'), '{"v":1,"code":0,"why":"exited"}');
  await rig.store.refresh();
  expect(rig.store.job(job.id)?.state).toMatchObject({ kind: 'ended', code: 0 });
});

function needRoot({ skip }: TestContext): void {
  if (process.getuid?.() !== 0) skip('needs root');
}

async function mountTmpfs(context: TestContext, options: string): Promise<string> {
  needRoot(context);
  const folder = await makeFolder();
  await run('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder);
  onTestFinished(async () => {
    await run('umount', '-l', folder);
  });
  return folder;
}
