/** A fault of the matrix as a test, run in every cell of {transport} × {engine} that its row is run in. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi, type TestContext } from 'vitest';
import type { HostCall } from '../../src/hosts/transport';
import { ask } from '../../src/jobs/answer';
import type { Job, JobHost } from '../../src/jobs/jobsStore';
import { deriveState, isLive, type JobState } from '../../src/jobs/state';
import { slurmHost } from '../slurm/host';
import { sshHost } from '../ssh/host';
import { host, makeBench, type Bench } from '../unit/jobs/support';
import { cells, matrix, type Cell } from './matrix';

export interface Rig extends Bench {
  readonly cell: Cell;
  readonly host: JobHost;
  /** Another rig in a folder of the caller's choice: on a disk that is full, say. */
  at(folder: string): Promise<Rig>;
}

const hosts: Readonly<Record<Cell, (context: TestContext) => Promise<JobHost>>> = {
  'local × direct': () => Promise.resolve(host),
  'ssh × direct': sshHost,
  'local × slurm': slurmHost,
  'ssh × slurm': async (context) => ({
    transport: (await sshHost(context)).transport,
    engine: (await slurmHost(context)).engine,
  }),
};

type Body = (rig: Rig, context: TestContext) => Promise<void>;

/** `smoke` ones are few and quick: `npm run test:faults -- -t smoke`. */
export function fault(id: string, kind: 'smoke' | 'full', body: Body): void {
  faultIn(cells, id, kind, body);
}

/** Where a row differs between cells: the body of some of them. */
export function faultIn(some: readonly Cell[], id: string, kind: 'smoke' | 'full', body: Body): void {
  const row = matrix.find((candidate) => candidate.id === id);
  if (row === undefined) throw new Error(`${id} has no row in matrix.ts`);
  const run = some.filter((name) => row.cells[name] === true);
  for (const cell of run) {
    // What is quick here with a supervisor of one's own is not by ssh, or with a batch system.
    const told = cell === run[0] ? kind : 'full';
    test(`${id} ${row.fault} [${cell}, ${told}]`, async (context) => {
      await body(await rigFor(cell, await hosts[cell](context)), context);
    });
  }
}

async function rigFor(cell: Cell, jobHost: JobHost, folder?: string): Promise<Rig> {
  return {
    ...(await makeBench(folder, jobHost)),
    cell,
    host: jobHost,
    at: (place) => rigFor(cell, jobHost, place),
  };
}

/** The same host, with every call started through `prefix` (`env …`, `unshare …`). */
export function through(jobHost: JobHost, ...prefix: [string, ...string[]]): JobHost {
  const wrap = (call: HostCall): HostCall => ({ ...call, argv: [...prefix, ...call.argv] });
  return {
    ...jobHost,
    transport: { ...jobHost.transport, run: (call) => jobHost.transport.run(wrap(call)) },
  };
}

export interface Pids {
  readonly supervisor: number;
  readonly child: number;
}

/** Waits until the job has begun: a batch system takes its time. */
export async function pidsOf({ directory }: Job): Promise<Pids> {
  const file = join(directory, 'started.json');
  const text = await vi.waitFor(() => readFile(file, 'utf8'), { timeout: 60_000, interval: 20 });
  const started = JSON.parse(text) as { supervisor: { pid: number }; child: { pid: number } };
  return { supervisor: started.supervisor.pid, child: started.child.pid };
}

/**
 * What is told of a job in Slurm when what the host now says of it is a minute old: until then, the last word of a job that is
 * over for Slurm may still be on its way through the shared file system, and nothing is told. Of no use after that: it goes with
 * the test, so that nobody need wait for that minute.
 */
export async function aMinuteLater(
  { host, root }: Pick<Rig, 'host' | 'root'>,
  { id, directory }: Pick<Job, 'id' | 'directory'>,
  wanted: (state: JobState) => boolean,
): Promise<JobState> {
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return vi.waitFor(
    async () => {
      const { jobs } = await ask(host.transport, host.engine.probe([root], []));
      const seen = jobs.find((job) => job.id === id)!;
      const state = deriveState({ ...seen, now: seen.now! + 61 });
      if (!wanted(state)) throw new Error(JSON.stringify(state));
      if (state.kind !== 'ended' || seen.exit === null)
        expect(deriveState(seen).kind).toBe(seen.started === null ? 'submitted' : 'running');
      return state;
    },
    { timeout: 30_000, interval: 100 },
  );
}

/** What is told in the end of a job that may have been killed. */
export async function finalState(rig: Rig, id: string): Promise<JobState> {
  if (!bySlurm(rig)) return (await rig.ended(id)).state;
  return aMinuteLater(rig, { id, directory: join(rig.root, id) }, (state) => !isLive(state));
}

/** Changes what started.json says. */
export async function forge(job: Job, change: (started: Record<string, unknown>) => object): Promise<void> {
  const file = join(job.directory, 'started.json');
  const started = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  await writeFile(file, JSON.stringify({ ...started, ...change(started) }));
}

/** Whether a process runs; one that only waits to be collected does not. */
export async function lives(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !/\) [ZX] /.test(stat);
}

/** Ends a process as a crash does; it may have ended by itself. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Reads a pid that a script writes with a line's end. */
export function pidIn(file: string): Promise<number> {
  return vi.waitFor(
    async () => {
      const text = await readFile(file, 'utf8');
      if (!text.endsWith('\n')) throw new Error('not written yet');
      return Number(text);
    },
    { timeout: 60_000, interval: 20 },
  );
}

export function untilGone(pid: number): Promise<void> {
  return vi.waitFor(
    async () => {
      if (await lives(pid)) throw new Error(`${pid} still runs`);
    },
    { timeout: 60_000, interval: 20 },
  );
}

export function untilText(text: () => string | Promise<string>, wanted: string): Promise<void> {
  return vi.waitFor(
    async () => {
      if (!(await text()).includes(wanted)) throw new Error(`no “${wanted}” yet`);
    },
    { timeout: 30_000, interval: 20 },
  );
}

export interface Watched {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly end: Promise<readonly [number | null, NodeJS.Signals | null]>;
}

/** A program in a process group of its own, with what it prints. */
export function watch(argv: readonly string[], input?: string | Buffer): Watched {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.on('error', () => undefined); // it was killed before it read
  if (input !== undefined) child.stdin.end(input);
  const end = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  return { process: child, output: () => output, end };
}

/** A terminal that shows a job, and somebody who closes it with Enter when the job is over. */
export async function view({ store }: Rig, { id }: Job): Promise<Watched> {
  const { file, args } = await store.viewer(id);
  const { output, ...viewer } = watch([file, ...args], '\n');
  // By ssh it is a real terminal there, which ends its lines so.
  return { ...viewer, output: () => output().replaceAll('\r\n', '\n') };
}

export function bySsh({ cell }: Rig): boolean {
  return cell.startsWith('ssh');
}

export function bySlurm({ cell }: Rig): boolean {
  return cell.endsWith('slurm');
}

/** Runs a program to its end; what it printed. Throws when it fails. */
export async function run(...argv: readonly string[]): Promise<string> {
  const { output, end } = watch(argv, '');
  const [code] = await end;
  if (code !== 0) throw new Error(`${argv.join(' ')}: ${output()}`);
  return output();
}

/** The same numbers every time. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
