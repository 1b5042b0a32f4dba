import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { QueueMove } from '../../../src/jobs/engine';
import type { Job, JobHost, JobsStore } from '../../../src/jobs/jobsStore';
import { dropOn, inOrder, isMovable, isWaiting, jobsAhead, stepOf } from '../../../src/jobs/queue';
import { withoutContact, type JobState } from '../../../src/jobs/state';
import { connect } from '../../ssh/host';
import { hasSshd, startSshServer } from '../../ssh/server';
import { makeFolder } from '../files/folders';
import { engine, host, makeBench, shell, storeOf, type Bench } from './support';

const running: JobState = { kind: 'running', since: 1 };
const ended: JobState = {
  kind: 'ended',
  began: true,
  why: 'exited',
  code: 0,
  signal: null,
  text: null,
  at: 1,
};
const waits = (place: number): JobState => ({ kind: 'queued', reason: null, queue: { place, ready: true } });

/** Ids sort as they came, like ULIDs do. */
function job(id: string, state: JobState, more: Partial<Job> = {}): Job {
  const root = '/w/.earmark/jobs';
  const rest = { title: id, stopping: false, progress: null, log: '', spec: null };
  return { id, directory: `${root}/${id}`, host: 'gpu', state, ...rest, ...more };
}

const after: JobState = { kind: 'queued', reason: null, queue: null };
/** Newest first, as the store has them; the person has put 4 before 3. */
const jobs = [
  job('6', { kind: 'submitted' }),
  job('5', after),
  job('4', waits(1)),
  job('3', waits(2)),
  job('2', running),
  job('1', ended),
  job('0', ended),
];
const [, , four, three, two, one] = jobs as [Job, Job, Job, Job, Job, Job, Job];

test('one reads what runs, then what waits as it will run, then what has ended', () => {
  expect(inOrder(jobs).map(({ id }) => id)).toEqual(['2', '5', '6', '4', '3', '1', '0']);
});

test('one reads them in the same order without contact', () => {
  const cut = jobs.map((one) => ({ ...one, state: withoutContact(one.state, 9, 'gone') }));
  expect(inOrder(cut).map(({ id }) => id)).toEqual(inOrder(jobs).map(({ id }) => id));
});

test('what waits can be cancelled, and moved where it is in a queue', () => {
  expect(jobs.filter(isWaiting).map(({ id }) => id)).toEqual(['6', '5', '4', '3']);
  expect(jobs.filter(isMovable).map(({ id }) => id)).toEqual(['4', '3']);
  expect(isMovable({ ...four, stopping: true })).toBe(false);
});

describe('a step in the queue', () => {
  const line = [job('a', waits(1)), job('b', waits(2)), job('c', waits(3))];
  const steps: [string, -1 | 1, QueueMove | null][] = [
    ['a', -1, null],
    ['b', -1, { before: 'a' }],
    ['c', -1, { before: 'b' }],
    ['a', 1, { before: 'c' }],
    ['b', 1, 'last'],
    ['c', 1, null],
  ];
  test.each(steps)('of %s by %i', (id, step, expected) => {
    const others = [job('x', waits(1), { host: 'other' }), job('y', waits(2), { directory: '/elsewhere/y' })];
    const all = [...others, ...line].reverse();
    expect(
      stepOf(
        line.find((one) => one.id === id)!,
        all,
        step,
      ),
    ).toEqual(expected);
  });

  test('of what is in no queue', () => expect(stepOf(two, jobs, 1)).toBeNull());
});

test('a job is dropped before another, at once after what runs, or at the end', () => {
  const all = [...jobs, job('x', waits(1), { host: 'other' })];
  expect(dropOn(three, four, all)).toEqual({ before: '4' });
  expect(dropOn(three, two, all)).toBe('first');
  expect([dropOn(four, one, all), dropOn(four, undefined, all)]).toEqual(['last', 'last']);
  expect([dropOn(four, four, all), dropOn(four, all.at(-1), all), dropOn(two, three, all)]).toEqual([
    null,
    null,
    null,
  ]);
});

describe.each(hasSshd ? ['here', 'by ssh'] : ['here'])('%s', (way) => {
  vi.setConfig({ testTimeout: 60_000 });
  // Its own queue, on a machine without GPUs: no job of this one has a say.
  const queue = { XDG_STATE_HOME: '', CUDA_VISIBLE_DEVICES: '' };
  let jobHost: JobHost = host;
  beforeEach(async ({ onTestFinished }) => {
    queue.XDG_STATE_HOME = await makeFolder();
    for (const [name, value] of Object.entries(queue)) vi.stubEnv(name, value);
    const ssh = way === 'here' ? null : await hostBySsh(queue);
    jobHost = ssh?.host ?? host;
    // After the jobs of the test have been ended by way of it.
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      await ssh?.close();
    });
  });

  test('jobs of several starts wait for each other, in an order that another window changes', async () => {
    const bench = await makeBench(undefined, jobHost);
    const [a] = await startHolding(bench, 'a');
    await bench.until(a!, ({ state }) => state.kind === 'running');
    const [b, c, d] = [
      ...(await startHolding(bench, 'b')),
      ...(await startHolding(bench, 'c')),
      ...(await startHolding(bench, 'd')),
    ];
    await bench.store.refresh();
    expect(lineOf(bench.store)).toEqual([b, c, d]);
    expect(jobsAhead(bench.store.jobs)).toBe(4);
    const other = storeOf(bench.folder, jobHost);
    await other.refresh();
    const jobIn = (id: string): Job => other.job(id)!;
    // Run Next, also twice; Move Up, Move Down, and one dropped on another.
    await other.move(d!, 'first');
    await other.move(d!, 'first');
    expect(lineOf(other)).toEqual([d, b, c]);
    await other.move(c!, stepOf(jobIn(c!), other.jobs, -1)!);
    expect(lineOf(other)).toEqual([d, c, b]);
    await other.move(d!, stepOf(jobIn(d!), other.jobs, 1)!);
    expect(lineOf(other)).toEqual([c, d, b]);
    await other.move(b!, dropOn(jobIn(b!), jobIn(d!), other.jobs)!);
    await bench.store.refresh();
    expect(lineOf(bench.store)).toEqual([c, b, d]);
    await writeFile(join(bench.folder, 'go.a'), '');
    await bench.until(c!, ({ state }) => state.kind === 'running');
    await expect(bench.store.move(c!, 'last')).rejects.toThrow(/waits no more/);
    for (const letter of ['c', 'b', 'd']) await writeFile(join(bench.folder, `go.${letter}`), '');
    await bench.ended(d!);
    expect(await readFile(join(bench.folder, 'ran'), 'utf8')).toBe('a\nc\nb\nd\n');
    expect(jobsAhead(bench.store.jobs)).toBe(0);
  });

  test('what is cancelled while it waits is told as that, and never runs', async () => {
    const bench = await makeBench(undefined, jobHost);
    const [a] = await startHolding(bench, 'a');
    await bench.until(a!, ({ state }) => state.kind === 'running');
    const [b, c] = [...(await startHolding(bench, 'b')), ...(await startHolding(bench, 'c'))];
    await bench.until(b!, isMovable);
    await bench.store.stop(b!);
    expect((await bench.ended(b!)).state).toMatchObject({ why: 'stopped', began: false, code: null });
    for (const letter of ['a', 'b', 'c']) await writeFile(join(bench.folder, `go.${letter}`), '');
    await bench.ended(c!);
    expect(await readFile(join(bench.folder, 'ran'), 'utf8')).toBe('a\nc\n');
    // What did run is another thing.
    const [d] = await startHolding(bench, 'd');
    await bench.until(d!, ({ state }) => state.kind === 'running');
    await bench.store.stop(d!, 0);
    expect((await bench.ended(d!)).state).toMatchObject({ why: 'stopped', began: true });
  });

  test('an evaluation after a training waits for it, then for its turn', async () => {
    const bench = await makeBench(undefined, jobHost);
    const [a] = await startHolding(bench, 'a');
    await bench.until(a!, ({ state }) => state.kind === 'running');
    const [train, evaluate] = await startHolding(bench, 'train', 'evaluate');
    await bench.until(evaluate!, ({ state }) => state.kind === 'queued');
    expect(bench.store.job(evaluate!)?.state).toMatchObject({ queue: { place: 2, ready: false } });
    for (const letter of ['a', 'train']) await writeFile(join(bench.folder, `go.${letter}`), '');
    await bench.ended(train!);
    await bench.until(evaluate!, ({ state }) => state.kind === 'running');
    await writeFile(join(bench.folder, 'go.evaluate'), '');
    expect((await bench.ended(evaluate!)).state).toMatchObject({ code: 0 });
  });
});

async function startHolding(bench: Bench, ...letters: readonly string[]): Promise<string[]> {
  const drafts = letters.map((letter) =>
    shell(bench.folder, `echo ${letter} >>ran; while [ ! -e go.${letter} ]; do sleep 0.02; done`, {
      gpus: 1,
    }),
  );
  const started = await bench.store.start(bench.prepare(...drafts));
  return started.map(({ id }) => id);
}

/** What waits in the queue, as it will run. */
function lineOf({ jobs }: JobsStore): string[] {
  const places = (job: Job): number | null =>
    job.state.kind === 'queued' ? (job.state.queue?.place ?? null) : null;
  const line = inOrder(jobs).filter((job) => places(job) !== null);
  expect(line.map(places)).toEqual(line.map((_, at) => at + 1));
  return line.map(({ id }) => id);
}

/** This machine by ssh, with what it has in its environment there. */
async function hostBySsh(
  env: Readonly<Record<string, string>>,
): Promise<{ readonly host: JobHost; close(): Promise<void> }> {
  const there = Object.entries({ HOME: await makeFolder(), ...env });
  const server = await startSshServer({ lines: [`SetEnv ${there.map((one) => one.join('=')).join(' ')}`] });
  const transport = connect(server);
  return {
    host: { transport, engine },
    close: async () => {
      await transport.close();
      await server.close();
    },
  };
}
