/** Who starts jobs on a host and knows of them: its own supervisor (direct), or a batch system that runs the same one. */
import type { TailRequest } from '../hosts/tail';
import type { HostCall } from '../hosts/transport';
import type { JobSpec } from './spec';

/** To an end of a queue, or before another job of it. */
export type QueueMove = 'first' | 'last' | { readonly before: string };

/** Makes calls and runs nothing: what is shown, copied, tested and done is one value. */
export interface Engine {
  /** Starts jobs below a root; may be repeated until an answer comes. */
  start(root: string, specs: readonly JobSpec[]): HostCall;
  /** Asks about all jobs of all roots at once, less those that are known to be final, and for what files have grown by. */
  probe(roots: readonly string[], final: readonly string[], tails?: readonly TailRequest[]): HostCall;
  /** Asks a job to end. `graceS` overrides the job's own grace. */
  stop(directory: string, graceS?: number): HostCall;
  /** Puts a job elsewhere in the queue for the host's GPUs. */
  move(directory: string, to: QueueMove): HostCall;
  /** The viewer of a job, for a terminal. */
  attach(directory: string): readonly [string, ...string[]];
}
