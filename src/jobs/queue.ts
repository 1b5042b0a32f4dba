/** The queue for the GPUs of a host, as a person sees and changes it. Pure: the host decides who goes next. */
import type { QueueMove } from './engine';
import type { Job } from './jobsStore';
import { isLive, lastKnown } from './state';

/** Whether its place in the queue can be changed. */
export function isMovable({ state, stopping }: Job): boolean {
  return state.kind === 'queued' && state.queue !== null && !stopping;
}

/** Whether nothing of it has begun. */
export function isWaiting({ state }: Pick<Job, 'state'>): boolean {
  return state.kind === 'queued' || state.kind === 'submitted';
}

/** What runs or waits on GPUs of a host: a new job there comes after these, unless a GPU is free. */
export function jobsAhead(jobs: readonly Job[]): number {
  return jobs.filter(({ spec, state }) => isLive(state) && spec !== null && spec.gpus !== null).length;
}

/**
 * As one reads them: what runs, what waits in the order of its queue, what has ended; else the newest first. Rows stay where they are when
 * contact is lost.
 */
export function inOrder(jobs: readonly Job[]): readonly Job[] {
  const waiting = ({ state }: Job): boolean => isWaiting({ state: lastKnown(state) });
  const runs = jobs.filter((job) => isLive(job.state) && !waiting(job));
  const waits = jobs.filter(waiting).sort((a, b) => placeOf(a) - placeOf(b) || (a.id < b.id ? -1 : 1));
  const ended = jobs.filter(({ state }) => !isLive(state));
  return [...runs, ...waits, ...ended];
}

/** One step towards an end of the queue; null where it is there already, or in none. */
export function stepOf(job: Job, jobs: readonly Job[], step: -1 | 1): QueueMove | null {
  const line = lineOf(job, jobs);
  const at = line.findIndex(({ id }) => id === job.id);
  if (at === -1 || line[at + step] === undefined) return null;
  const before = line[step === -1 ? at - 1 : at + 2];
  return before === undefined ? 'last' : { before: before.id };
}

/** Where a job comes that is dropped on another one, or beside all: before what waits, at once after what runs, else last. */
export function dropOn(job: Job, target: Job | undefined, jobs: readonly Job[]): QueueMove | null {
  if (!isMovable(job) || target?.id === job.id) return null;
  if (target === undefined || !isLive(target.state)) return 'last';
  if (lineOf(job, jobs).some(({ id }) => id === target.id)) return { before: target.id };
  return isWaiting(target) ? null : 'first';
}

/** The queue that a job is in. */
function lineOf(job: Job, jobs: readonly Job[]): readonly Job[] {
  return jobs
    .filter((other) => isMovable(other) && other.host === job.host && rootOf(other) === rootOf(job))
    .sort((a, b) => placeOf(a) - placeOf(b));
}

/** Of what is in no queue, as it came. */
function placeOf(job: Job): number {
  const state = lastKnown(job.state);
  return state.kind === 'queued' && state.queue !== null ? state.queue.place : 0;
}

function rootOf({ id, directory }: Job): string {
  return directory.slice(0, -id.length);
}
