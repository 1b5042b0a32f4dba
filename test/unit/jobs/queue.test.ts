import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { QueueMove } from '../../../src/jobs/engine';
import type { Job } from '../../../src/jobs/jobsStore';
import { dropOn, inOrder, isMovable, isWaiting, jobsAhead, stepOf } from '../../../src/jobs/queue';
import { withoutContact, type JobState } from '../../../src/jobs/state';
import { makeFolder } from '../files/folders';
import { makeBench, shell, storeOf, type Bench } from './support';

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

describe('on a host', () => {
  vi.setConfig({ testTimeout: 60_000 });
  beforeEach(async () => {
    // Its own queue, on a machine without GPUs: no job of this one has a say.
    vi.stubEnv('XDG_STATE_HOME', await makeFolder());
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '');
    return () => void vi.unstubAllEnvs();
  });

  test('jobs of several starts wait for each other, in an order that another window changes', async () => {
    const bench = await makeBench();
    const [a] = await startHolding(bench, 'a');
    await bench.until(a!, ({ state }) => state.kind === 'running');
    const [b, c] = [...(await startHolding(bench, 'b')), ...(await startHolding(bench, 'c'))];
    await bench.store.refresh();
    expect(placesOf(bench)).toEqual([
      [b, 1],
      [c, 2],
    ]);
    expect(jobsAhead(bench.store.jobs)).toBe(3);
    const other = storeOf(bench.folder);
    await other.refresh();
    await other.move(c!, 'first');
    await other.move(c!, 'first');
    await bench.store.refresh();
    expect(placesOf(bench)).toEqual([
      [c, 1],
      [b, 2],
    ]);
    await writeFile(join(bench.folder, 'go.a'), '');
    await bench.until(c!, ({ state }) => state.kind === 'running');
    await expect(bench.store.move(c!, 'last')).rejects.toThrow(/waits no more/);
    await bench.store.stop(b!);
    expect((await bench.ended(b!)).state).toMatchObject({ why: 'stopped', code: null });
    await writeFile(join(bench.folder, 'go.c'), '');
    await bench.ended(c!);
    expect(jobsAhead(bench.store.jobs)).toBe(0);
  });

  test('an evaluation after a training waits for it, then for its turn', async () => {
    const bench = await makeBench();
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
    shell(bench.folder, `while [ ! -e go.${letter} ]; do sleep 0.02; done`, { gpus: 1 }),
  );
  const started = await bench.store.start(bench.prepare(...drafts));
  return started.map(({ id }) => id);
}

function placesOf({ store }: Bench): unknown[] {
  return inOrder(store.jobs).flatMap(({ id, state }) =>
    state.kind === 'queued' && state.queue !== null ? [[id, state.queue.place]] : [],
  );
}
