import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type TestContext } from 'vitest';
import type { HostCall } from '../../src/hosts/transport';
import { ask } from '../../src/jobs/answer';
import { isLive } from '../../src/jobs/state';
import { names, shell, storeOf } from '../unit/jobs/support';
import { brokenLink } from '../ssh/host';
import { bySlurm, bySsh, fault, randomNumbers, watch } from './support';

interface Cut {
  /** How much of the input arrives, from 0 to 1. */
  readonly keep: number;
  readonly killMs: number | null;
}

/** Whether an answer came. */
async function submitHere({ argv, input }: HostCall, { keep, killMs }: Cut): Promise<boolean> {
  const { process: start, end, output } = watch(argv, input.slice(0, keep * input.length));
  const kill = killMs === null ? undefined : setTimeout(() => start.kill('SIGKILL'), killMs);
  const [code] = await end;
  clearTimeout(kill);
  return code === 0 && output().includes('END-');
}

async function submitBySsh(call: HostCall, { keep, killMs }: Cut, context: TestContext): Promise<boolean> {
  const seconds = killMs === null ? '5' : (killMs / 1000).toFixed(3);
  const script =
    keep === 1
      ? 'exec timeout --foreground -s KILL "$@"'
      : `head -c ${Math.ceil(keep * call.input.length)} | timeout --foreground -s KILL "$@"`;
  const transport = await brokenLink(context, 'sh', '-c', script, 'sh', seconds);
  const { code, stdout } = await transport.run(call);
  return code === 0 && stdout.includes('END-');
}

fault('F3', 'full', async (rig, context) => {
  const random = randomNumbers(3);
  const text = 'word '.repeat(2000);
  const jobs = bySlurm(rig) ? 20 : 40;
  let submits = 0;
  let cuts = 0;
  const ids: string[] = [];
  for (let count = 0; count < jobs; count += 1) {
    const script = `echo run >> ran-${count}; [ "$(printf %s "$TEXT" | wc -c)" = ${text.length} ] && echo whole >> ran-${count}`;
    const launch = rig.prepare(shell(rig.folder, script, { env: { TEXT: text } }));
    ids.push(launch.jobs[0]!.spec.id);
    const submit = bySsh(rig) ? submitBySsh : submitHere;
    for (let answered = false; !answered;) {
      submits += 1;
      const how = random();
      // A link that is cut looks like the end of the input; a client that dies takes the start with it.
      const cut: Cut = { keep: how < 0.25 ? random() : 1, killMs: how < 0.75 ? random() * 250 : null };
      answered = await submit(launch.start, cut, context);
      if (!answered) cuts += 1;
    }
  }
  for (const id of ids)
    expect((await rig.ended(id)).state).toMatchObject({ kind: 'ended', why: 'exited', code: 0 });
  for (let count = 0; count < jobs; count += 1)
    expect(await readFile(join(rig.folder, `ran-${count}`), 'utf8')).toBe('run\nwhole\n');
  expect(await readdir(rig.root)).toHaveLength(jobs + 2); // .gitignore, .lock
  console.log(`${submits} submits, ${cuts} of them cut: ${jobs} jobs, each once and whole`);
  expect(cuts).toBeGreaterThan(jobs / 2);
});

fault('F4', 'smoke', async (rig) => {
  const launch = rig.prepare(shell(rig.folder, 'echo run >> ran; exit 4'));
  for (let tries = 0; tries < 4; tries += 1) await rig.host.transport.run(launch.start);
  const { jobs } = await ask(rig.host.transport, launch.start);
  expect(jobs.map(({ id }) => id)).toEqual([launch.jobs[0]!.spec.id]);
  expect((await rig.ended(jobs[0]!.id)).state).toMatchObject({ code: 4 });
  expect(await readFile(join(rig.folder, 'ran'), 'utf8')).toBe('run\n');
});

fault('F5', 'full', async (rig) => {
  const launch = rig.prepare(shell(rig.folder, 'echo run >> ran; while [ ! -e go ]; do sleep 0.05; done'));
  const windows = Array.from({ length: 20 }, () => storeOf(rig.folder, rig.host));
  const told = await Promise.all(windows.map((window) => window.start(launch)));
  expect(new Set(told.flat().map(({ id }) => id))).toEqual(new Set([launch.jobs[0]!.spec.id]));
  expect(told.flat().every(({ state }) => ['running', 'submitted', 'queued'].includes(state.kind))).toBe(
    true,
  );
  await rig.until(launch.jobs[0]!.spec.id, ({ state }) => state.kind === 'running');
  expect(await readFile(join(rig.folder, 'ran'), 'utf8')).toBe('run\n');
});

fault('F6', 'smoke', async (rig) => {
  const launch = rig.prepare(shell(rig.folder, 'while [ ! -e go ]; do sleep 0.05; done'));
  const [job] = await rig.store.start(launch);
  const other = { ...launch.jobs[0]!.spec, argv: ['touch', 'other'] };
  const again = { ...launch, start: rig.host.engine.start(rig.root, [other]) };
  await expect(rig.store.start(again)).rejects.toThrow(/different job has this id/);
  const running = await rig.until(job!.id, ({ state }) => state.kind === 'running');
  expect(running.spec).toEqual(launch.jobs[0]!.spec);
  expect(await names(rig.folder)).not.toContain('other');
});

fault('F26', 'full', async (rig) => {
  let asking = true;
  const seen = new Set<string>();
  const askers = Array.from({ length: 4 }, async () => {
    const window = storeOf(rig.folder, rig.host);
    while (asking) {
      await window.refresh();
      for (const { state } of window.jobs) seen.add(state.kind);
    }
  });
  const ids: string[] = [];
  for (let count = 0; count < 8; count += 1) {
    const [job] = await rig.store.start(rig.prepare(shell(rig.folder, `echo run >> ran-${count}`)));
    ids.push(job!.id);
  }
  for (const id of ids) expect((await rig.ended(id)).state).toMatchObject({ why: 'exited', code: 0 });
  asking = false;
  await Promise.all(askers);
  expect(seen.has('lost') || seen.has('unverifiable')).toBe(false);
  for (let count = 0; count < 8; count += 1)
    expect(await readFile(join(rig.folder, `ran-${count}`), 'utf8')).toBe('run\n');
});

fault('F47', 'full', async (rig) => {
  for (let count = 0; count < (bySlurm(rig) ? 10 : 20); count += 1) {
    const launch = rig.prepare(shell(rig.folder, 'while :; do sleep 0.05; done'));
    const { spec, cancel } = launch.jobs[0]!;
    const starting = rig.store.start(launch);
    // Until the stop is taken: before the job is there, there is nothing to stop.
    for (let taken = false; !taken;) taken = (await rig.host.transport.run(cancel)).code === 0;
    await starting;
    expect((await rig.ended(spec.id)).state).toMatchObject({ kind: 'ended', why: 'stopped' });
  }
  expect(rig.store.jobs.some(({ state }) => isLive(state))).toBe(false);
});
