/** Whether a host answers, and what it has: as the last look found it, and since when that is so. */
import { messageOf } from './errors';
import type { Interpreter } from './hosts/interpreters';
import { Unreachable } from './hosts/noAnswer';
import type { SshTrouble } from './hosts/sshTrouble';
import type { Survey } from './hosts/survey';

export interface Found {
  readonly survey: Survey;
  /** What jobs would run with; it may be one that does not run. */
  readonly python: Interpreter | null;
}

export type HostState =
  | { readonly kind: 'unknown' }
  | (Found & { readonly kind: 'reachable'; readonly since: Date })
  | {
      readonly kind: 'unreachable';
      readonly since: Date;
      readonly reason: string;
      /** What ssh said; null where it said nothing. */
      readonly trouble: SshTrouble | null;
    };

/** Never throws: what `look` throws is why the host can't be reached. */
export async function stateAfter(before: HostState, look: () => Promise<Found>): Promise<HostState> {
  const sinceOf = (kind: HostState['kind']): Date =>
    before.kind === kind && before.kind !== 'unknown' ? before.since : new Date();
  try {
    return { kind: 'reachable', ...(await look()), since: sinceOf('reachable') };
  } catch (error) {
    return {
      kind: 'unreachable',
      since: sinceOf('unreachable'),
      reason: messageOf(error),
      trouble: error instanceof Unreachable ? error.trouble : null,
    };
  }
}
