/** What is known of a job, and what is not. Derived from evidence each time; stored nowhere. */
import type { Evidence, ExitWhy } from './evidence';

export type JobState =
  /** Handed over; its supervisor has not begun yet. */
  | { readonly kind: 'submitted' }
  /** Waits for other jobs, or for its turn. */
  | { readonly kind: 'queued' }
  | { readonly kind: 'running'; /** epoch seconds, host clock */ readonly since: number | null }
  /** The command runs; its supervisor was killed, so its exit code will never be known. Stopping still works. */
  | { readonly kind: 'running-without-supervisor'; readonly since: number | null }
  | {
      readonly kind: 'ended';
      readonly why: ExitWhy;
      readonly code: number | null;
      readonly signal: string | null;
      /** The supervisor's own words, where it has any. */
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
  | 'reboot';

/** A start takes less than a second; a minute forgives a busy host. The same figure as in supervisor.py. */
const NEVER_STARTED_S = 60;
/** A heartbeat comes every two seconds; shared file systems may show it late. */
const HEARTBEAT_FRESH_S = 30;

export function deriveState(seen: Evidence): JobState {
  const { exit, started, lock } = seen;
  if (exit !== null) return { kind: 'ended', ...pick(exit) };
  const since = started?.at ?? null;
  if (lock === 'held') return underway(seen);
  if (!seen.here || lock === 'unknown') {
    // From another node neither lock nor pid can be judged: only the heartbeat speaks.
    const age = seen.heartbeat_age_s;
    if (age !== null && age < HEARTBEAT_FRESH_S) return underway(seen);
    return {
      kind: 'unverifiable',
      since: age === null || seen.now === null ? since : seen.now - age,
      last: null,
      reason: seen.host ?? '',
    };
  }
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

/** Whether something of the job may still run or come. */
export function isLive(state: JobState): boolean {
  return state.kind !== 'ended' && state.kind !== 'lost';
}

export function succeeded(state: JobState): boolean {
  return state.kind === 'ended' && state.why === 'exited' && state.code === 0;
}

function underway({ started, spec }: Evidence): JobState {
  if (started !== null) return { kind: 'running', since: started.at };
  return spec !== null && spec.after.length > 0 ? { kind: 'queued' } : { kind: 'submitted' };
}

function pick({
  why,
  code,
  signal,
  text,
  at,
}: NonNullable<Evidence['exit']>): Omit<Extract<JobState, { kind: 'ended' }>, 'kind'> {
  return { why, code, signal, text, at };
}
