/** Analyses clips in worker threads, newest request first, and remembers on disk what it found. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  type CachedAnalysis,
  type FolderAnalyses,
  type Stamp,
  loadAnalyses,
  saveAnalyses,
} from './analysisCache';
import type { ClipAnalysis, ClipProblem } from './clip';
import { type ToldAnalysis, tell } from './problems';

export interface ClipFile {
  /** The caller's own name for it; comes back with the result. */
  readonly key: string;
  /** Absolute path. */
  readonly file: string;
}

export interface PoolOptions {
  /** The bundled worker.ts. */
  readonly worker: string;
  /** Where analyses are kept; made when there is something to keep. */
  readonly cacheFolder: string;
  /** Threads. */
  readonly size?: number;
  /** Workers end after so many milliseconds without work. */
  readonly idleMs?: number;
  /** Told when the cache can't be written; the analysis goes on without it. */
  readonly onCacheError?: (error: unknown) => void;
}

export type OnResult = (key: string, analysis: ToldAnalysis) => void;

interface Request {
  readonly waiting: { readonly clip: ClipFile; readonly stamp: Stamp | null }[];
  readonly onResult: OnResult;
  readonly signal: AbortSignal;
  lookedUp: boolean;
}

interface Job {
  readonly file: string;
  readonly stamp: Stamp | null;
  readonly wantedBy: { readonly key: string; readonly request: Request }[];
}

interface Slot {
  readonly worker: Worker;
  job: Job | null;
}

/** Clips that are looked up on disk in one go: a screen of them is out before the rest of thousands is touched. */
const LOOK_UP = 256;
/** Results that are lost at most when the window is killed. */
const SAVE_EVERY = 512;
/** These say nothing about the file's bytes, or of another moment. */
const notKept: ReadonlySet<ClipProblem['code']> = new Set(['missing', 'unreadable', 'changed', 'crashed']);

export class AnalysisPool {
  readonly #options: Required<PoolOptions>;
  readonly #slots = new Set<Slot>();
  /** Newest first. */
  #requests: Request[] = [];
  #unsaved = new Map<string, Map<string, CachedAnalysis>>();
  #unsavedCount = 0;
  #saving: Promise<void> = Promise.resolve();
  #idle: NodeJS.Timeout | null = null;
  #disposed = false;

  constructor(options: PoolOptions) {
    this.#options = { size: 2, idleMs: 30_000, onCacheError: () => undefined, ...options };
  }

  /**
   * Calls `onResult` once for every clip, most wanted first, as results come; no more once the signal is aborted. What
   * is asked for later goes before what still waits. A caller that wants other clips instead aborts its former signal:
   * what was begun by then is finished and kept, or handed to whoever asks for it next.
   */
  analyse(clips: readonly ClipFile[], onResult: OnResult, signal: AbortSignal): void {
    if (clips.length === 0) return;
    const request: Request = { waiting: [], onResult, signal, lookedUp: false };
    this.#requests.unshift(request);
    void this.#lookUp(clips, request);
  }

  /** Ends the workers. Resolves when what was found is on disk. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#requests = [];
    await Promise.all([this.#stopWorkers(), this.#save()]);
  }

  async #lookUp(clips: readonly ClipFile[], request: Request): Promise<void> {
    const folders = new Map<string, Promise<FolderAnalyses>>();
    for (let from = 0; from < clips.length; from += LOOK_UP) {
      const found = await Promise.all(
        clips.slice(from, from + LOOK_UP).map(async (clip) => {
          const stamp = await stampOf(clip.file);
          return { clip, stamp, cached: await this.#cached(clip.file, stamp, folders) };
        }),
      );
      if (request.signal.aborted || this.#disposed) return;
      for (const { clip, stamp, cached } of found) {
        if (cached === null) request.waiting.push({ clip, stamp });
        else request.onResult(clip.key, tell(cached));
      }
      request.lookedUp = from + LOOK_UP >= clips.length;
      this.#pump();
    }
  }

  async #cached(
    file: string,
    stamp: Stamp | null,
    folders: Map<string, Promise<FolderAnalyses>>,
  ): Promise<ClipAnalysis | null> {
    if (stamp === null) return null;
    const folder = path.dirname(file);
    const name = path.basename(file);
    let onDisk = folders.get(folder);
    if (onDisk === undefined) {
      onDisk = loadAnalyses(this.#options.cacheFolder, folder);
      folders.set(folder, onDisk);
    }
    const found = this.#unsaved.get(folder)?.get(name) ?? (await onDisk).get(name);
    const same = found?.stamp.size === stamp.size && found.stamp.mtimeMs === stamp.mtimeMs;
    return same ? found.analysis : null;
  }

  /** Gives work to whoever has none; when there is none, saves and lets the workers go after a while. */
  #pump(): void {
    if (this.#disposed) return;
    this.#requests = this.#requests.filter(
      ({ signal, waiting, lookedUp }) => !signal.aborted && (waiting.length > 0 || !lookedUp),
    );
    for (let slot = this.#freeSlot(); slot !== null; slot = this.#freeSlot()) {
      const job = this.#nextJob();
      if (job === null) break;
      slot.job = job;
      slot.worker.postMessage(job.file);
    }
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    if ([...this.#slots].some(({ job }) => job !== null)) return;
    void this.#save();
    this.#idle = setTimeout(() => void this.#stopWorkers(), this.#options.idleMs).unref();
  }

  #nextJob(): Job | null {
    for (const request of this.#requests) {
      for (let next = request.waiting.shift(); next !== undefined; next = request.waiting.shift()) {
        const { clip, stamp } = next;
        const wanted = { key: clip.key, request };
        const running = [...this.#slots].find(({ job }) => job?.file === clip.file)?.job;
        if (!running) return { file: clip.file, stamp, wantedBy: [wanted] };
        running.wantedBy.push(wanted);
      }
    }
    return null;
  }

  #freeSlot(): Slot | null {
    for (const slot of this.#slots) if (slot.job === null) return slot;
    const wanted = this.#requests.some(({ waiting }) => waiting.length > 0);
    if (!wanted || this.#slots.size >= this.#options.size) return null;
    const slot: Slot = { worker: new Worker(this.#options.worker), job: null };
    this.#slots.add(slot);
    slot.worker.on('message', (analysis: ClipAnalysis) => this.#done(slot, analysis));
    // An error that ends a worker is followed by its exit, which is where it is dealt with.
    slot.worker.on('error', () => undefined);
    slot.worker.on('exit', () => {
      this.#slots.delete(slot);
      if (slot.job !== null) this.#done(slot, crashed);
    });
    return slot;
  }

  #done(slot: Slot, analysis: ClipAnalysis): void {
    const { job } = slot;
    slot.job = null;
    if (job !== null) {
      this.#keep(job, analysis);
      for (const { key, request } of job.wantedBy) {
        if (!request.signal.aborted && !this.#disposed) request.onResult(key, tell(analysis));
      }
    }
    this.#pump();
  }

  #keep({ file, stamp }: Job, analysis: ClipAnalysis): void {
    if (stamp === null || (analysis.problem !== null && notKept.has(analysis.problem.code))) return;
    const folder = path.dirname(file);
    const ofFolder = this.#unsaved.get(folder) ?? new Map<string, CachedAnalysis>();
    this.#unsaved.set(folder, ofFolder.set(path.basename(file), { stamp, analysis }));
    if (++this.#unsavedCount >= SAVE_EVERY) void this.#save();
  }

  #save(): Promise<void> {
    const unsaved = this.#unsaved;
    this.#unsavedCount = 0;
    this.#unsaved = new Map();
    this.#saving = this.#saving.then(async () => {
      for (const [folder, analyses] of unsaved) {
        await saveAnalyses(this.#options.cacheFolder, folder, analyses).catch(this.#options.onCacheError);
      }
    });
    return this.#saving;
  }

  async #stopWorkers(): Promise<void> {
    const workers = [...this.#slots].map(({ worker }) => worker);
    this.#slots.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

const crashed: ClipAnalysis = {
  format: null,
  problem: { code: 'crashed', severity: 'error', detail: [] },
  sha256: null,
  peaks: null,
  loudness: null,
  truePeak: null,
};

async function stampOf(file: string): Promise<Stamp | null> {
  try {
    const { size, mtimeMs } = await stat(file);
    return { size, mtimeMs };
  } catch {
    return null;
  }
}
