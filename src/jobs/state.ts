/** What is known of a job, and what is not. Derived from evidence each time; stored nowhere. */
import { inWords } from '../files/scriptErrors';
import type { Evidence, ExitWhy, QueuePlace, Scheduler } from './evidence';

export type JobState =
  /** Handed over; its supervisor has not begun yet. */
  | { readonly kind: 'submitted' }
  /** Waits for other jobs, or for its turn. */
  | {
      readonly kind: 'queued';
      /** The batch system's own word for why, as it came. */
      readonly reason: string | null;
      /** In the queue for GPUs of its host; null where it is in none. */
      readonly queue: QueuePlace | null;
    }
  | { readonly kind: 'running'; /** epoch seconds, host clock */ readonly since: number | null }
  /** The command runs; its supervisor was killed, so its exit code will never be known. Stopping still works. */
  | { readonly kind: 'running-without-supervisor'; readonly since: number | null }
  | {
      readonly kind: 'ended';
      /** Whether its command ever ran. */
      readonly began: boolean;
      readonly why: ExitWhy;
      readonly code: number | null;
      readonly signal: string | null;
      /** The words of its supervisor, or of a script of ours that refused (in the language of the display), where there are any. */
      readonly text: string | null;
      readonly at: number | null;
    }
  | { readonly kind: 'lost'; readonly why: LostWhy; readonly since: number | null }
  /** Nobody can say now. `last` is what was known before. */
  | {
      readonly kind: 'unverifiable';
      /** Epoch seconds of the last that was known. */
      readonly since: number | null;
      readonly last: JobState | null;
      readonly reason: string;
    };

export type LostWhy =
  /** No supervisor ever came: the start was cut off. */
  | 'never-started'
  /** It vanished while the job waited; the command never began. */
  | 'supervisor-gone-before-start'
  /** Supervisor and command are gone and left no word. */
  | 'supervisor-gone'
  | 'reboot'
  /** The batch system knows of no such job, and the job left no word. */
  | 'scheduler';

/** A start takes less than a second; a minute forgives a busy host. The same figure as in job_evidence.py. */
const NEVER_STARTED_S = 60;
/** A heartbeat comes every two seconds; shared file systems may show it late. */
const HEARTBEAT_FRESH_S = 30;
/** What one node writes last, another may see this much later. */
const SHARED_FILES_S = 60;
/** Slurm's words for a job that has not begun, and for one that is over (squeue(1), JOB STATE CODES). */
const WAITING = new Set(['PENDING', 'CONFIGURING', 'REQUEUED', 'REQUEUE_FED', 'REQUEUE_HOLD', 'RESV_DEL_HOLD', 'SPECIAL_EXIT']); // prettier-ignore
const TAKEN = new Set(['CANCELLED', 'TIMEOUT', 'NODE_FAIL', 'PREEMPTED', 'BOOT_FAIL', 'DEADLINE', 'REVOKED']);
const OVER = new Set([...TAKEN, 'COMPLETED', 'FAILED', 'OUT_OF_MEMORY']);

export function deriveState(seen: Evidence): JobState {
  const { exit, started, lock } = seen;
  const since = started?.at ?? null;
  const began = started !== null;
  if (exit !== null) return { kind: 'ended', began, ...pick(exit) };
  if (lock === 'held') return underway(seen);
  if (seen.slurm) return ofSlurm(seen, seen.scheduler);
  // From another node neither lock nor pid can be judged: only the heartbeat speaks.
  if (!seen.here || lock === 'unknown') return byHeartbeat(seen, seen.host ?? '');
  if (started !== null) {
    if (!seen.same_boot) return { kind: 'lost', why: 'reboot', since };
    if (seen.alive) return { kind: 'running-without-supervisor', since };
    return { kind: 'lost', why: 'supervisor-gone', since };
  }
  if (seen.heartbeat_age_s !== null) return { kind: 'lost', why: 'supervisor-gone-before-start', since };
  return seen.age_s > NEVER_STARTED_S ? { kind: 'lost', why: 'never-started', since } : { kind: 'submitted' };
}

/** Contact with the host failed: what was final stays, the rest keeps its last known state and since when. */
export function withoutContact(last: JobState, now: number, reason: string): JobState {
  if (last.kind === 'ended' || last.kind === 'lost') return last;
  if (last.kind === 'unverifiable') return { ...last, reason };
  return { kind: 'unverifiable', since: now, last, reason };
}

/** Without contact what was known before, as far as it goes. */
export function lastKnown(state: JobState): JobState {
  return state.kind === 'unverifiable' && state.last !== null ? state.last : state;
}

/** Whether something of the job may still run or come. */
export function isLive(state: JobState): boolean {
  return state.kind !== 'ended' && state.kind !== 'lost';
}

export function succeeded(state: JobState): boolean {
  return state.kind === 'ended' && state.why === 'exited' && state.code === 0;
}

/** A job in Slurm's hands that left no word of its end. That lock or pid are not seen says nothing: it may run on any node. */
function ofSlurm(seen: Evidence, told: Scheduler | null): JobState {
  const since = seen.started?.at ?? null;
  if (seen.started !== null && seen.same_boot && seen.alive)
    return { kind: 'running-without-supervisor', since };
  if (told === null) return byHeartbeat(seen, '');
  const { state, reason } = told;
  if (state === 'unreachable') return byHeartbeat(seen, reason ?? '');
  if (state === 'gone') {
    if (seen.heartbeat_age_s !== null && seen.heartbeat_age_s < SHARED_FILES_S) return underway(seen);
    return told.id === null && seen.age_s < NEVER_STARTED_S
      ? { kind: 'submitted' }
      : { kind: 'lost', why: told.id === null ? 'never-started' : 'scheduler', since };
  }
  if (WAITING.has(state) && seen.started === null) return { kind: 'queued', reason, queue: null };
  if (!OVER.has(state)) return underway(seen);
  // Where it had a node, its last word may still come.
  const over = told.end === null ? seen.heartbeat_age_s : (seen.now ?? 0) - told.end;
  if (told.node !== null && over !== null && over < SHARED_FILES_S) return underway(seen);
  const began = seen.started !== null;
  const ended = { kind: 'ended', began, code: null, signal: null, at: told.end } as const;
  if (state === 'OUT_OF_MEMORY') return { ...ended, why: 'out-of-memory', text: slurmSays(told) };
  const asked = seen.stop && state === 'CANCELLED';
  if (TAKEN.has(state)) return { ...ended, why: asked ? 'stopped' : 'terminated', text: slurmSays(told) };
  if (began) return { kind: 'lost', why: 'supervisor-gone', since };
  return { ...ended, why: 'not-started', text: slurmSays(told) };
}

function byHeartbeat(seen: Evidence, reason: string): JobState {
  const age = seen.heartbeat_age_s;
  if (age !== null && age < HEARTBEAT_FRESH_S) return underway(seen);
  const since = age === null || seen.now === null ? (seen.started?.at ?? null) : seen.now - age;
  return { kind: 'unverifiable', since, last: null, reason };
}

/** Slurm's words as they are: they are what its manuals and its administrators know. */
function slurmSays({ id, state, reason, said }: Scheduler): string {
  const words = ['Slurm', id, [state, reason].filter(Boolean).join(', ')].filter(Boolean).join(' ');
  return said === null ? words : `${words}: ${said}`;
}

function underway({ started, spec, queue }: Evidence): JobState {
  if (started !== null) return { kind: 'running', since: started.at };
  const waits = queue !== null || (spec !== null && spec.after.length > 0);
  return waits ? { kind: 'queued', reason: null, queue } : { kind: 'submitted' };
}

function pick({
  why,
  code,
  signal,
  text,
  says,
  values,
  at,
}: NonNullable<Evidence['exit']>): Omit<Extract<JobState, { kind: 'ended' }>, 'kind' | 'began'> {
  return { why, code, signal, text: text === null ? null : inWords({ text, says, values }), at };
}
