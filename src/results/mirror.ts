/**
 * The runs of a host in a folder of this machine, kept up to date by looking: what is listed there and not here is asked for.
 * One stream of our own rather than rsync or tar: it needs nothing but Python there and nothing at all here (Windows has
 * no rsync), goes on in the middle of a file, and no run has to keep a manifest, whoever started it.
 */
import { join } from 'node:path';
import type { Problem } from '../errors';
import { writeOrigin } from '../files/origin';
import type { Tail, TailRequest } from '../hosts/tail';
import { list, type Listing, type ListOptions } from './ask';
import { deliver, restlessOf, type Delivery, type DeliveryOptions, type Place } from './delivery';
import { entryOf, Holdings } from './holdings';
import { takeLock, type Lock } from './lock';
import { tellNotFetched } from './notFetched';
import { isSettled, wantedOf } from './order';
import { filesAt, grows, relativeTo, type RemoteFile } from './remoteFile';
import { bytesOf, withinLimit } from './room';
import { STAGING, Staging } from './staging';
import { appendTail } from './tail';
import { diskFull, endedEarly, isDiskFull, keptThoughGone, limitReached, notListed } from './tell';

export interface MirrorOptions extends DeliveryOptions {
  /** Absolute, here. Everything in it that is not hidden came from the host. */
  readonly folder: string;
  readonly list: () => ListOptions;
  /** What the mirror may hold without being asked for it. */
  readonly limitBytes: () => number;
  readonly platform?: NodeJS.Platform;
}

export interface MirrorState {
  readonly syncing: boolean;
  /** Of the clips of evaluations on the host; how many of them are here. */
  readonly clips: { readonly here: number; readonly total: number };
  /** All that is wanted and not here yet, clips and the rest; less what the limit keeps away. */
  readonly filesToCome: number;
  readonly bytesToCome: number;
  readonly problems: readonly Problem[];
}

export interface SyncReport {
  /** Another window is bringing the files: they appear here by its hand. */
  readonly elsewhere: boolean;
  readonly arrived: number;
  readonly state: MirrorState;
}

const nothing: MirrorState = { syncing: false, clips: { here: 0, total: 0 }, filesToCome: 0, bytesToCome: 0, problems: [] }; // prettier-ignore

interface Work {
  readonly lock: Lock;
  readonly problems: Problem[];
  readonly signal: AbortSignal | undefined;
}

/** Another window has the lock now, and goes on. */
class TakenOver extends Error {}

export class Mirror {
  #state = nothing;
  #listing: Listing | null = null;
  /** All that was wanted of the listing is here. */
  #complete = false;
  readonly #holdings: Holdings;
  readonly #staging: Staging;
  readonly #listeners = new Set<() => void>();
  /** Syncs and fetches, one after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  /** What changes files that are in place, one after the other. */
  #placing: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: MirrorOptions) {
    this.#holdings = new Holdings(options.folder, options.remote, options.platform ?? process.platform);
    this.#staging = new Staging(options.folder);
  }

  get state(): MirrorState {
    return this.#state;
  }

  onDidChange(listener: () => void): { dispose: () => void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /**
   * Brings what is new on the host, weights apart. What was deleted here comes back with the host's next change. Never throws:
   * what went wrong is among the problems of the state.
   */
  sync(signal?: AbortSignal): Promise<SyncReport> {
    return this.#alone(signal, async (work) => {
      const first = await this.#catchUp(work);
      if (first.restless.length === 0) return first.arrived;
      // What changed under way is looked at once more; a file that never rests must not keep the others waiting.
      work.problems.length = 0;
      const second = await this.#catchUp(work);
      work.problems.push(...restlessOf(second));
      return first.arrived + second.arrived;
    });
  }

  /** Brings files or whole folders of the host by their absolute paths there, weights too and whatever the limit. */
  fetch(paths: readonly string[], signal?: AbortSignal): Promise<SyncReport> {
    return this.#alone(signal, async (work) => {
      const listing = await this.#list(signal);
      const missing = await this.#holdings.missing(filesAt(paths, this.options.remote, listing.files));
      this.#tell({ filesToCome: missing.length, bytesToCome: bytesOf(missing) });
      try {
        const delivery = await this.#bring(missing, work);
        work.problems.push(...restlessOf(delivery));
        return delivery.arrived;
      } finally {
        // Also of what came before it was broken off.
        await this.#tellNotFetched(listing);
      }
    });
  }

  /** How much of a growing file of the host is here, to ask for what comes after. */
  async tailFrom(path: string): Promise<TailRequest> {
    await this.#holdings.load();
    return { path, ...(await this.#holdings.tailOf(path)) };
  }

  /** Adds what a growing file of the host has grown by. What does not go on from what is here is left to the next sync. */
  append(tail: Tail): Promise<void> {
    const added = this.#place(async () => {
      await this.#holdings.load();
      const path = relativeTo(this.options.remote, tail.path);
      if (path === null || !grows({ path })) return;
      await this.#staging.prepare();
      const entry = await appendTail(this.options.folder, this.#staging, {
        ...tail,
        path,
        local: this.#holdings.names.localOf(path),
        inodeHere: this.#holdings.get(path)?.inode ?? null,
      });
      if (entry !== null) this.#holdings.set(entry);
    });
    return added.catch((error: unknown) => this.#tell({ problems: [this.#problemOf(error)] }));
  }

  /** Where something of the host is, or will be, here; null when it lies outside the host's folder. Both absolute. */
  localPath(remote: string): string | null {
    return this.#holdings.localPath(remote);
  }

  /** Where something in the mirror came from; null when it lies outside the mirror. Both absolute. */
  remotePath(local: string): string | null {
    return this.#holdings.remotePath(local);
  }

  #alone(signal: AbortSignal | undefined, work: (work: Work) => Promise<number>): Promise<SyncReport> {
    const turn = this.#queue.then(async (): Promise<SyncReport> => {
      const problems: Problem[] = [];
      let lock: Lock | null = null;
      let arrived = 0;
      try {
        await this.#staging.prepare();
        lock = await takeLock(join(this.options.folder, STAGING, 'lock'));
        if (await this.#holdings.load(true)) this.#complete = false;
        if (lock === null) return { elsewhere: true, arrived, state: this.#state };
        this.#tell({ syncing: true });
        arrived = await work({ lock, problems, signal });
      } catch (error) {
        if (signal?.aborted !== true && !(error instanceof TakenOver)) this.#add(problems, error);
      } finally {
        await this.#staging.close();
        if (lock !== null) await this.#letGo(lock).catch((error: unknown) => this.#add(problems, error));
      }
      this.#tell({ syncing: false, problems });
      return { elsewhere: false, arrived, state: this.#state };
    });
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #letGo(lock: Lock): Promise<void> {
    try {
      if (await lock.holds()) await this.#holdings.save();
    } finally {
      await lock.release();
    }
  }

  async #list(signal: AbortSignal | undefined): Promise<Listing> {
    const { transport, tools, remote } = this.options;
    const listing = await list(transport, await tools(), remote, this.options.list(), this.#listing, signal);
    // Before there is anything that it is about.
    await writeOrigin(this.options.folder, listing.origin);
    this.#listing = listing;
    // Where some are left out, what is not listed may still be there.
    if (listing.leftOut === 0) await this.#holdings.compare(listing.files);
    return listing;
  }

  async #catchUp(work: Work): Promise<Delivery> {
    const { problems } = work;
    const before = this.#listing;
    const listing = await this.#list(work.signal);
    // Looking at tens of thousands of files here takes seconds: not while the host says what it said before.
    const unchanged = this.#complete && listing.files === before?.files;
    const delivery = unchanged ? { arrived: 0, restless: [] } : await this.#bringWanted(listing, work);
    if (this.#holdings.goneCount > 0) problems.push(keptThoughGone(this.#holdings.goneCount));
    if (listing.leftOut > 0) problems.push(notListed(listing.leftOut));
    return delivery;
  }

  async #bringWanted(listing: Listing, work: Work): Promise<Delivery> {
    const { files, now } = listing;
    const { problems } = work;
    this.#complete = false;
    await this.#staging.clean(files);
    const { data, clips } = wantedOf(files);
    const missing = await this.#holdings.missing([...data, ...clips]);
    const allowed = withinLimit(
      missing,
      this.#holdings.bytes,
      this.options.limitBytes(),
      ({ path, size }) => size - (this.#holdings.get(path)?.size ?? 0),
    );
    const barred = missing.slice(allowed.length);
    if (barred.length > 0)
      problems.push(limitReached(barred.length, bytesOf(barred), this.options.limitBytes()));
    const here = clips.length - missing.filter(({ kind }) => kind === 'clip').length;
    this.#tell({
      clips: { here, total: clips.length },
      filesToCome: allowed.length,
      bytesToCome: bytesOf(allowed),
    });
    await this.#tellNotFetched(listing);
    const delivery = await this.#bring(
      allowed.filter((file) => isSettled(file, now)),
      work,
    );
    this.#complete = delivery.arrived === missing.length;
    return delivery;
  }

  #tellNotFetched(listing: Listing): Promise<void> {
    return tellNotFetched(listing, this.#holdings, this.#staging, this.options.folder);
  }

  #bring(files: readonly RemoteFile[], { lock, problems, signal }: Work): Promise<Delivery> {
    const place: Place = {
      staging: this.#staging,
      offsetOf: (file) => this.#offsetOf(file),
      finish: async (file, sha256) => {
        // Slept through, say: whoever has the lock now goes on from what was staged.
        if (!(await lock.holds())) throw new TakenOver();
        const whole = await this.#place(() => this.#finish(file, sha256));
        if (whole) this.#took(file);
        return whole;
      },
    };
    return deliver(files, this.options, place, problems, signal);
  }

  async #offsetOf(file: RemoteFile): Promise<number> {
    const entry = this.#holdings.get(file.path);
    const goesOn =
      grows(file) && entry?.inode === file.inode && (await this.#holdings.sizeOf(file.path)) !== null;
    return this.#staging.offsetOf(file, goesOn ? entry.local : null);
  }

  async #finish(file: RemoteFile, sha256: string): Promise<boolean> {
    const local = this.#holdings.names.localOf(file.path);
    // It may have grown further meanwhile by what came with a look at its job.
    const grown = grows(file) && (await this.#holdings.has(file));
    if (grown) await this.#staging.drop(file);
    else if (!(await this.#staging.finish(file, sha256, local))) return false;
    this.#holdings.set(entryOf(file, local, grown ? null : sha256));
    return true;
  }

  #took({ kind, size }: RemoteFile): void {
    const { clips, filesToCome, bytesToCome } = this.#state;
    const here = clips.here + (kind === 'clip' && clips.here < clips.total ? 1 : 0);
    this.#tell({
      clips: { here, total: clips.total },
      filesToCome: filesToCome - 1,
      bytesToCome: bytesToCome - size,
    });
  }

  #add(problems: Problem[], error: unknown): void {
    const problem = this.#problemOf(error);
    if (!problems.some(({ code }) => code === problem.code)) problems.push(problem);
  }

  #problemOf(error: unknown): Problem {
    return isDiskFull(error)
      ? diskFull(this.#state.bytesToCome)
      : endedEarly(error, this.options.transport.label);
  }

  #place<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#placing.then(work);
    this.#placing = turn.catch(() => undefined);
    return turn;
  }

  #tell(change: Partial<MirrorState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}
