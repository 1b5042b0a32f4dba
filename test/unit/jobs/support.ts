/** Real jobs for tests: a work folder, the real supervisor under a real Python, and nothing left running at the end. */
import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { onTestFinished, vi } from 'vitest';
import { localTransport } from '../../../src/hosts/localTransport';
import { JobsStore, type Job, type JobHost } from '../../../src/jobs/jobsStore';
import { directEngine } from '../../../src/jobs/launchers/direct';
import { prepare, type PreparedLaunch } from '../../../src/jobs/prepare';
import { chainOf, jobsRoot, type JobDraft, type JobSpec } from '../../../src/jobs/spec';
import { isLive } from '../../../src/jobs/state';
import { makeFolder } from '../files/folders';

/** The interpreter itself: what is on the path may be a script that chooses one. */
export const python = execFileSync(
  process.env['EARMARK_TEST_PYTHON'] ?? 'python3',
  ['-c', 'import sys; print(sys.executable)'],
  { encoding: 'utf8' },
).trim();
export const supervisor = join(process.cwd(), 'python', 'supervisor.py');
export const engine = directEngine({ python, supervisor });
export const host: JobHost = { transport: localTransport('this machine'), engine };

export interface Bench {
  readonly folder: string;
  readonly root: string;
  readonly store: JobsStore;
  prepare(...drafts: readonly JobDraft[]): PreparedLaunch;
  /** Looks until the job is as wanted. */
  until(id: string, wanted: (job: Job) => boolean): Promise<Job>;
  ended(id: string): Promise<Job>;
}

export function storeOf(folder: string, jobHost: JobHost | null = host): JobsStore {
  return new JobsStore({
    workFolders: () => [folder],
    host: () => Promise.resolve(jobHost),
    now: () => Date.now() / 1000,
  });
}

export async function makeBench(place?: string, jobHost: JobHost = host): Promise<Bench> {
  const folder = place ?? (await makeFolder());
  const root = jobsRoot(folder);
  const store = storeOf(folder, jobHost);
  onTestFinished(() => endAll(folder, jobHost));
  const until: Bench['until'] = (id, wanted) =>
    vi.waitFor(
      async () => {
        await store.refresh();
        const job = store.job(id);
        if (job === undefined || !wanted(job)) throw new Error(`job is ${JSON.stringify(job?.state)}`);
        return job;
      },
      { timeout: 60_000, interval: 50 },
    );
  return {
    folder,
    root,
    store,
    prepare: (...drafts) => prepare(specsOf(drafts), folder, jobHost.engine),
    until,
    ended: (id) => until(id, ({ state }) => !isLive(state)),
  };
}

export function specsOf(drafts: readonly JobDraft[]): JobSpec[] {
  let last = 0;
  // Ids that sort as they were made, also within a millisecond.
  return chainOf(drafts, {
    newId: () => ulid((last = Math.max(last + 1, Date.now()))),
    now: () => new Date(),
  });
}

export function shell(folder: string, script: string, more: Partial<JobDraft> = {}): JobDraft {
  return { kind: 'command', title: 'A command', argv: ['sh', '-c', script], cwd: folder, ...more };
}

export async function logOf({ log }: Job): Promise<string> {
  return readFile(log, 'utf8');
}

/** Asks every job that still runs to end at once, and waits until none is left. */
export async function endAll(folder: string, jobHost: JobHost = host): Promise<void> {
  const store = storeOf(folder, jobHost);
  await vi.waitFor(
    async () => {
      await store.refresh();
      const live = store.jobs.filter(({ state }) => isLive(state) && state.kind !== 'unverifiable');
      for (const { id } of live) await store.stop(id, 0);
      if (live.length > 0) throw new Error('still running');
    },
    { timeout: 60_000, interval: 100 },
  );
}

export async function names(folder: string): Promise<string[]> {
  return (await readdir(folder)).sort();
}
