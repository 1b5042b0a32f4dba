/** Looks at the jobs of every host again and again, each at its own pace, and brings home what they made. */
import type { Host } from '../host';
import { LOOK_ELSEWHERE_MS, LOOK_HERE_MS } from '../hosts/pace';
import { coalesce } from '../platform/coalesce';
import { DisposableStore } from '../platform/disposables';
import { Poll } from '../platform/watch';
import type { Workshop } from '../workshop';

export interface HostWatchesOptions {
  readonly wanted: (host: Host) => boolean;
  /** A host has answered, or has not. */
  readonly looked: (host: Host) => void;
  /** Something of a run has come from a host. */
  readonly arrived: () => Promise<void>;
}

/** While a host does not answer it is asked more and more seldom. */
const LONGEST_PAUSE_MS = 30_000;
/** Most of a look at a host that is elsewhere is waiting for its answer, which takes nothing from this machine. */
const WAITING_SHARE = 0.5;
/** Between two bringings of what is new: each costs a round trip even when it brings nothing. */
const BETWEEN_SYNCS_MS = 3000;
/** Runs that no job of Earmark writes. */
const SYNC_ANYWAY_MS = 30_000;

interface Watch {
  readonly look: () => Promise<void>;
  readonly poll: Poll;
}

export class HostWatches {
  readonly #store = new DisposableStore();
  readonly #watches = new Map<Host, Watch>();

  constructor(
    private readonly workshop: Workshop,
    private readonly options: HostWatchesOptions,
  ) {
    this.#follow();
    this.#store.add(
      workshop.onDidChangeHosts(() => {
        this.#follow();
        this.wake();
      }),
    );
  }

  /** Something was started, or came into sight: look soon, at one host or at all. */
  wake(host?: Host): void {
    for (const [one, { look, poll }] of this.#watches) {
      if (host === undefined || host === one) void look().then(() => poll.wake());
    }
  }

  dispose(): void {
    for (const { poll } of this.#watches.values()) poll.dispose();
    this.#store.dispose();
  }

  #follow(): void {
    const { hosts } = this.workshop;
    for (const [host, { poll }] of this.#watches) {
      if (hosts.includes(host)) continue;
      poll.dispose();
      this.#watches.delete(host);
    }
    for (const host of hosts) if (!this.#watches.has(host)) this.#watches.set(host, this.#watch(host));
  }

  #watch(host: Host): Watch {
    const { wanted, looked, arrived } = this.options;
    let synced = 0;
    const sync = coalesce(async () => {
      synced = Date.now();
      const report = await host.sync();
      if (report !== null && (report.arrived > 0 || report.elsewhere)) await arrived();
    }, BETWEEN_SYNCS_MS);
    let failures = 0;
    let seen = '';
    const look = coalesce(async () => {
      await host.jobs.refresh();
      failures = host.jobs.contact?.ok === false ? failures + 1 : 0;
      looked(host);
      if (host.mirror === null || host.jobs.contact?.ok !== true) return;
      // Where no job has moved, hardly a run has; others may work there too.
      const now = JSON.stringify(host.jobs.jobs.map(({ id, state, progress }) => [id, state.kind, progress]));
      const moved = now !== seen;
      seen = now;
      if (moved) void arrived();
      if (moved || Date.now() - synced > SYNC_ANYWAY_MS) void sync();
    }, 50);
    const pace = (): number =>
      host.isHere ? LOOK_HERE_MS : Math.min(LONGEST_PAUSE_MS, LOOK_ELSEWHERE_MS * 2 ** Math.min(failures, 5));
    const poll = new Poll(look, () => wanted(host), pace, host.isHere ? undefined : WAITING_SHARE);
    return { look, poll };
  }
}
