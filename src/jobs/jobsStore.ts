/** The jobs of the work folders, kept fresh in one call for all of them. A cache only: the job directories are the truth. */
import * as l10n from '@vscode/l10n';
import { posix } from 'node:path';
import { HumanError, messageOf } from '../errors';
import type { Tail, TailRequest } from '../hosts/tail';
import type { HostCall, TerminalCommand, Transport } from '../hosts/transport';
import { ask, NoAnswer, type Answer } from './answer';
import type { Engine, QueueMove } from './engine';
import type { Evidence } from './evidence';
import type { PreparedLaunch } from './prepare';
import { ProgressReader, type JobProgress } from './progress';
import { jobsRoot, type JobSpec } from './spec';
import { deriveState, isLive, withoutContact, type JobState } from './state';
import { Unanswered } from './unanswered';

export interface Job {
  readonly id: string;
  /** On the host. */
  readonly directory: string;
  /** What a person calls the host. */
  readonly host: string;
  /** Null where spec.json can't be read. */
  readonly spec: JobSpec | null;
  readonly title: string;
  readonly state: JobState;
  /** Someone asked it to end and it has not yet. */
  readonly stopping: boolean;
  readonly progress: JobProgress | null;
  /** Its log, on the host. */
  readonly log: string;
}

/** A host that jobs run on, and how to speak to it. */
export interface JobHost {
  readonly transport: Transport;
  readonly engine: Engine;
}

/** Where files of a host that is elsewhere are read here. */
export interface Copies {
  /** How much of a growing file is here. */
  tailFrom(path: string): Promise<TailRequest>;
  /** Takes what it has grown by. Never throws. */
  append(tail: Tail): Promise<void>;
  /** Null for what can't be here. */
  localPath(path: string): string | null;
}

export interface JobsStoreOptions {
  /** Work folders on the host; jobs are below each. */
  readonly workFolders: () => readonly string[];
  /** Null where nothing may be run (an untrusted workspace) or there is no Python to run it. */
  readonly host: () => Promise<JobHost | null>;
  /** Epoch seconds. */
  readonly now: () => number;
  /** Left out where the host's files are this machine's. */
  readonly copies?: Copies;
}

/** What an asker believes to have happened may not have: it asks again this often. Starting twice is harmless. */
const START_TRIES = 3;
/** Of ended jobs, only these many get their progress read: nobody scrolls further, and each may have megabytes. */
const ENDED_WITH_PROGRESS = 20;

export class JobsStore {
  #jobs: readonly Job[] = [];
  #contact: { readonly ok: boolean; readonly reason: string } | null = null;
  readonly #readers = new Map<string, ProgressReader>();
  /** Ended jobs whose last words may still be on their way: where runs are copied, they come a look later. */
  readonly #lingering = new Map<string, { asked: boolean }>();
  readonly #unanswered = new Unanswered();
  readonly #listeners = new Set<() => void>();

  constructor(private readonly options: JobsStoreOptions) {}

  /** Newest first. */
  get jobs(): readonly Job[] {
    return this.#jobs;
  }

  /** Whether the last look got an answer, and if not, why; null before the first look and where nothing may be run. */
  get contact(): { readonly ok: boolean; readonly reason: string } | null {
    return this.#contact;
  }

  /** Whether looking again soon may show something new. */
  get live(): boolean {
    return this.#lingering.size > 0 || this.#jobs.some(({ state }) => isLive(state));
  }

  job(id: string): Job | undefined {
    return this.#jobs.find((job) => job.id === id);
  }

  onDidChange(listener: () => void): { dispose: () => void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** One call to the host. Never throws: without an answer, jobs that were live become unverifiable. */
  async refresh(): Promise<void> {
    const roots = this.options.workFolders().map(jobsRoot);
    const final = this.#jobs
      .filter(({ id, state }) => state.kind === 'ended' && !this.#lingering.has(id))
      .map(({ id }) => id);
    let host: JobHost | null;
    let answer: Answer;
    try {
      host = await this.options.host();
      if (host === null) {
        this.#contact = null;
        return;
      }
      answer = await ask(host.transport, host.engine.probe(roots, final, await this.#tails()));
    } catch (error) {
      this.#contact = { ok: false, reason: messageOf(error) };
      const now = this.options.now();
      const lost = (job: Job): Job => ({ ...job, state: withoutContact(job.state, now, messageOf(error)) });
      this.#set(this.#jobs.map(lost));
      return;
    }
    this.#contact = { ok: true, reason: '' };
    for (const tail of answer.tails) await this.options.copies?.append(tail);
    for (const [id, { asked }] of this.#lingering) if (asked) this.#lingering.delete(id);
    const kept = this.#jobs.filter(({ id }) => answer.untold.has(id));
    const told = answer.jobs.filter(({ missing }) => !missing).map((seen) => this.#jobOf(seen, host));
    const jobs = [...kept, ...told].sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
    this.#linger(jobs);
    this.#set(await this.#withProgress(jobs, answer));
  }

  /** Starts what was prepared. Throws a HumanError when the host refuses, or when no answer says that it has begun. */
  async start(wanted: PreparedLaunch): Promise<readonly Job[]> {
    const host = await this.#hostOrThrow();
    const launch = this.#unanswered.sameAs(wanted);
    for (let tries = 1; ; tries += 1) {
      try {
        const answer = await ask(host.transport, launch.start);
        this.#merge(answer.jobs.map((seen) => this.#jobOf(seen, host)));
        return launch.jobs.flatMap(({ spec }) => this.job(spec.id) ?? []);
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        if (tries < START_TRIES) continue;
        this.#unanswered.keep(launch);
        throw new HumanError(
          l10n.t(
            '{0} gave no answer, so it is not known whether the job has started ({1}). Starting the same again is safe: it never runs twice.',
            host.transport.label,
            error.message,
          ),
          undefined,
          { cause: error },
        );
      }
    }
  }

  /** Asks a job to end; it saves what it can within its grace, or within `graceS` seconds. */
  async stop(id: string, graceS?: number): Promise<void> {
    await this.#tell(id, (engine, directory) => engine.stop(directory, graceS));
  }

  /** Puts a job that waits for a GPU elsewhere in the queue. */
  async move(id: string, to: QueueMove): Promise<void> {
    await this.#tell(id, (engine, directory) => engine.move(directory, to));
  }

  /** What a terminal runs to show a job's log as it grows, with `words` of its own; closing it never ends the job. */
  async viewer(id: string, words: Readonly<Record<string, string>> = {}): Promise<TerminalCommand> {
    const job = this.job(id);
    if (job === undefined) throw gone();
    const host = await this.#hostOrThrow();
    const env = ['/usr/bin/env', `EARMARK_WORDS=${JSON.stringify(words)}`] as const;
    return host.transport.viewer([...env, ...host.engine.attach(job.directory)]);
  }

  async #tell(id: string, call: (engine: Engine, directory: string) => HostCall): Promise<void> {
    const job = this.job(id);
    if (job === undefined) throw gone();
    const host = await this.#hostOrThrow();
    try {
      const answer = await ask(host.transport, call(host.engine, job.directory));
      this.#merge(answer.jobs.map((seen) => this.#jobOf(seen, host)));
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      throw new HumanError(
        l10n.t(
          '{0} gave no answer ({1}), so it is not known whether that was done. Try again: twice does no harm.',
          host.transport.label,
          error.message,
        ),
        undefined,
        { cause: error },
      );
    }
  }

  async #hostOrThrow(): Promise<JobHost> {
    const host = await this.options.host();
    if (host !== null) return host;
    throw new HumanError(
      l10n.t(
        'Nothing can be run here: the workspace is not trusted, or no Python was found. Trust the workspace, or run “Check Environment”.',
      ),
    );
  }

  /** What runs with a live job have told, as far as it is here: more of it comes with the next answer. */
  async #tails(): Promise<TailRequest[]> {
    const { copies } = this.options;
    if (copies === undefined) return [];
    const wanted = this.#jobs.filter(({ id, state }) => isLive(state) || this.#lingering.has(id));
    for (const { id } of wanted) if (this.#lingering.has(id)) this.#lingering.set(id, { asked: true });
    const runs = wanted.flatMap(({ spec }) => spec?.run ?? []);
    const files = [...new Set(runs)].map((run) => posix.join(run, 'events.jsonl'));
    return Promise.all(files.map((file) => copies.tailFrom(file)));
  }

  #jobOf(seen: Evidence, { transport }: JobHost): Job {
    const before = this.job(seen.id);
    const directory = posix.join(seen.root, seen.id);
    const state = deriveState(seen);
    return {
      id: seen.id,
      directory,
      host: transport.label,
      spec: seen.spec,
      title: seen.spec?.title ?? seen.id,
      state,
      stopping: seen.stop && isLive(state),
      progress: before?.progress ?? null,
      log: posix.join(directory, 'out.log'),
    };
  }

  async #withProgress(jobs: readonly Job[], { jobs: told }: Answer): Promise<Job[]> {
    const startedAt = new Map(told.map((seen) => [seen.id, seen.started?.at ?? null]));
    const wanted = new Set(
      [...jobs.filter(({ state }) => isLive(state)), ...jobs.slice(0, ENDED_WITH_PROGRESS)].map(
        ({ id }) => id,
      ),
    );
    const all = await Promise.all(
      jobs.map(async (job): Promise<Job> => {
        const since = startedAt.get(job.id) ?? null;
        const run = this.#here(job.spec?.run ?? null);
        // An untold job is final: its progress was read with its end.
        if (since === null || run === null || !wanted.has(job.id)) return job;
        const reader =
          this.#readers.get(job.id) ??
          new ProgressReader(run, since, {
            kind: job.spec?.kind ?? 'command',
            output: job.spec?.output ?? null,
          });
        this.#readers.set(job.id, reader);
        return { ...job, progress: await reader.read() };
      }),
    );
    for (const { id, state } of all) if (!isLive(state) && !this.#lingering.has(id)) this.#readers.delete(id);
    return all;
  }

  /** Of the jobs that this look found ended, those whose run's last words may not be here yet. */
  #linger(jobs: readonly Job[]): void {
    if (this.options.copies === undefined) return;
    for (const { id, state, spec } of jobs.slice(0, ENDED_WITH_PROGRESS)) {
      const before = this.job(id);
      const isNews = state.kind === 'ended' && before?.state.kind !== 'ended';
      if (isNews && typeof spec?.run === 'string') this.#lingering.set(id, { asked: false });
    }
  }

  #here(path: string | null): string | null {
    const { copies } = this.options;
    return path === null || copies === undefined ? path : copies.localPath(path);
  }

  #merge(jobs: readonly Job[]): void {
    const ids = new Set(jobs.map(({ id }) => id));
    const rest = this.#jobs.filter(({ id }) => !ids.has(id));
    this.#set([...jobs, ...rest].sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)));
  }

  /** Jobs that say the same stay the same objects, so that listeners are only told of news. */
  #set(jobs: readonly Job[]): void {
    const known = new Map(this.#jobs.map((job) => [job.id, job]));
    const next = jobs.map((job) => {
      const before = known.get(job.id);
      return before !== undefined && JSON.stringify(before) === JSON.stringify(job) ? before : job;
    });
    this.#unanswered.told(new Set(next.map(({ id }) => id)));
    const changed = next.length !== this.#jobs.length || next.some((job, index) => job !== this.#jobs[index]);
    this.#jobs = next;
    if (changed) for (const listener of this.#listeners) listener();
  }
}

function gone(): HumanError {
  return new HumanError(l10n.t('This job is not there any more. Refresh the list.'));
}
