/** A host as this window knows it: how it is spoken to, what runs jobs there, its jobs, and its runs as far as they are here. */
import * as l10n from '@vscode/l10n';
import { mkdir, statfs, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { HumanError, type NextStep } from './errors';
import { stateAfter, type HostState } from './hostState';
import type { ExecResult } from './hosts/exec';
import type { HostEntry } from './hosts/hostEntry';
import { localFiles, remoteFiles, type HostFiles } from './hosts/hostFiles';
import { noPython, type Interpreter } from './hosts/interpreters';
import { localTransport } from './hosts/localTransport';
import { sshTransport, type SshTransport } from './hosts/sshTransport';
import { survey, type Survey } from './hosts/survey';
import { HostTools } from './hosts/tools';
import type { Transport } from './hosts/transport';
import { commands } from './ids';
import { listSessions, openSession, type TmuxSession } from './jobs/interactive';
import { JobsStore, type Job, type JobHost } from './jobs/jobsStore';
import { directEngine } from './jobs/launchers/direct';
import { slurmEngine } from './jobs/launchers/slurm';
import { prepare, type PreparedLaunch } from './jobs/prepare';
import { chainOf, type JobDraft } from './jobs/spec';
import type { Scripts } from './jobs/trainer';
import { Mirror, type SyncReport } from './results/mirror';

export interface HostOptions {
  readonly entry: HostEntry;
  /** Folder of the Python scripts that came with the extension. */
  readonly source: string;
  /** Nothing is run, and nobody spoken to, where this is false. */
  readonly mayRun: () => boolean;
  /** On the host; jobs may be started in each, in the first by default. */
  readonly folders: () => readonly string[];
  /** The machine-scoped setting of the interpreter; '' for none. */
  readonly python: () => string;
  readonly newId: () => string;
  /** Where sockets of shared connections lie; null where none can be shared. */
  readonly controlFolder: string | null;
  /** ssh with its first arguments. */
  readonly ssh?: readonly [string, ...string[]];
  /** Where the host's runs are kept here; null for this machine, and where there is no place for them. */
  readonly mirror: {
    readonly folder: string;
    readonly limitBytes: () => number;
    readonly depth: () => number;
    readonly exclude: () => readonly string[];
  } | null;
}

export class Host {
  readonly jobs: JobsStore;
  readonly transport: Transport;
  /** The same as `transport` where the host is reached by ssh. */
  readonly ssh: SshTransport | null;
  readonly files: HostFiles;
  /** Null where runs are read where they lie. */
  readonly mirror: Mirror | null;
  readonly #tools: HostTools;
  #state: HostState = { kind: 'unknown' };

  constructor(private readonly options: HostOptions) {
    const { entry, controlFolder, mayRun } = options;
    const { address } = entry;
    this.ssh =
      address === null
        ? null
        : sshTransport({
            label: entry.name,
            address,
            controlFolder: controlFolder ?? '',
            share: controlFolder !== null,
            ...(options.ssh === undefined ? {} : { ssh: options.ssh }),
          });
    this.transport = this.ssh ?? localTransport(entry.name);
    this.#tools = new HostTools({
      source: options.source,
      transport: this.transport,
      isHere: this.isHere,
      mayRun,
      folders: options.folders,
      python: options.python,
      choose: this.#choose(),
    });
    this.files = this.ssh === null ? localFiles : remoteFiles(() => this.#tools.hostScript());
    this.mirror = this.#mirrorIn(options.mirror);
    this.jobs = new JobsStore({
      workFolders: options.folders,
      host: async () => (mayRun() ? this.#jobHost() : null),
      now: () => Date.now() / 1000,
      ...(this.mirror === null ? {} : { copies: this.mirror }),
    });
  }

  get name(): string {
    return this.options.entry.name;
  }

  get entry(): HostEntry {
    return this.options.entry;
  }

  /** Where the host's runs are read on this machine; null where they are read where they lie. */
  get mirrorFolder(): string | null {
    return this.mirror === null ? null : (this.options.mirror?.folder ?? null);
  }

  get isHere(): boolean {
    return this.ssh === null;
  }

  get folders(): readonly string[] {
    return this.options.folders();
  }

  /** Best first. */
  interpreters(): Promise<readonly Interpreter[]> {
    return this.#tools.interpreters();
  }

  /** The one that jobs run with. Throws a HumanError when there is none. */
  interpreter(): Promise<Interpreter> {
    this.#refuseUntrusted();
    return this.#tools.interpreter();
  }

  /** Looks for Pythons and scripts anew when they are next needed, e.g. after an environment was made. */
  forget(): void {
    this.#tools.forget();
  }

  /** Folder that jobs about something in `folder` of the host belong to: the one around it, else the first. */
  workFolderOf(folder: string | null): string {
    const around =
      folder === null ? undefined : this.folders.find((one) => `${folder}/`.startsWith(`${one}/`));
    const workFolder = around ?? this.folders[0];
    if (workFolder !== undefined) return workFolder;
    throw new HumanError(l10n.t('Open a folder first: jobs keep their files in it.'), {
      label: l10n.t('Open Folder'),
      command: 'workbench.action.files.openFolder',
    });
  }

  /** The interpreter and scripts of a job that runs in `cwd`, as they will be: `start` brings them. */
  async scripts(workFolder: string, cwd: string): Promise<Scripts> {
    this.#refuseUntrusted();
    const { path } = await this.#tools.interpreter();
    return { python: path, folder: await this.#tools.folderIn(workFolder), cwd };
  }

  /** One after the other, each only when the one before ended as it wants. Nothing is started or written by this. */
  async prepare(drafts: readonly JobDraft[], workFolder: string): Promise<PreparedLaunch> {
    this.#refuseUntrusted();
    const host = await this.#jobHost();
    if (host === null) throw noPython(this.name, this.#choose());
    return prepare(
      chainOf(drafts, { newId: this.options.newId, now: () => new Date() }),
      workFolder,
      host.engine,
    );
  }

  async start(launch: PreparedLaunch, workFolder: string): Promise<readonly Job[]> {
    this.#refuseUntrusted();
    await this.#tools.bring(workFolder);
    return this.jobs.start(launch);
  }

  /** What was prepared, in a terminal that a person types into: no job (see jobs/interactive.ts). */
  async openSession(launch: PreparedLaunch, workFolder: string): Promise<TmuxSession> {
    this.#refuseUntrusted();
    await this.#tools.bring(workFolder);
    return openSession(this.transport, launch, workFolder);
  }

  async listSessions(): Promise<readonly TmuxSession[]> {
    this.#refuseUntrusted();
    return listSessions(this.transport);
  }

  /** Runs one of the scripts to its end on the host, e.g. doctor.py, and returns what it says. */
  async run(script: string, args: readonly string[], cwd: string, timeoutMs: number): Promise<ExecResult> {
    this.#refuseUntrusted();
    const { path } = await this.#tools.interpreter();
    const { scripts } = await this.#tools.there();
    return this.transport.run({
      argv: [
        'sh',
        '-c',
        'cd -- "$1" && shift && exec "$@"',
        'sh',
        cwd,
        path,
        '-X',
        'utf8',
        posix.join(scripts, script),
        ...args,
      ],
      input: '',
      timeoutMs,
    });
  }

  get state(): HostState {
    return this.#state;
  }

  /** Looks at the host; `state` tells what came of it. Never throws. */
  async check(): Promise<void> {
    if (!this.options.mayRun()) return;
    this.#state = await stateAfter(this.#state, async () => {
      const survey = await this.survey();
      const [python = null] = await this.interpreters();
      return { survey, python };
    });
  }

  /** GPUs, load, memory, disk and tools. Throws a HumanError when the host can't be asked. */
  async survey(): Promise<Survey> {
    this.#refuseUntrusted();
    return survey(await this.#tools.hostScript(), this.folders[0] ?? '/');
  }

  /** Where a path of the host is read on this machine; null when it is not here. */
  here(path: string): string | null {
    return this.mirror === null ? path : this.mirror.localPath(path);
  }

  /** Where something of this machine lies on the host; null when it is not the host's. */
  there(path: string): string | null {
    return this.mirror === null ? path : this.mirror.remotePath(path);
  }

  /** Brings home what is new of the host's runs; null where they are read where they lie. Never throws. */
  async sync(signal?: AbortSignal): Promise<SyncReport | null> {
    const place = this.options.mirror;
    if (this.mirror === null || place === null) return null;
    const parent = dirname(place.folder);
    // Copies are no work of a person: git is told so beside them.
    await mkdir(parent, { recursive: true })
      .then(() => writeFile(join(parent, '.gitignore'), '*\n', { flag: 'wx' }))
      .catch(() => undefined);
    return this.mirror.sync(signal);
  }

  /** `stays`: the connection is another host's too. */
  async close(stays = false): Promise<void> {
    await this.ssh?.close(stays);
  }

  async #jobHost(): Promise<JobHost | null> {
    if (this.isHere && (await this.#tools.anyPython()) === null) return null;
    const { python, scripts } = await this.#tools.there();
    const tools = { python, supervisor: posix.join(scripts, 'supervisor.py') };
    const engine =
      this.entry.scheduler === 'slurm'
        ? slurmEngine({ ...tools, slurm: posix.join(scripts, 'slurm.py') })
        : directEngine(tools);
    return { transport: this.transport, engine };
  }

  #mirrorIn(place: HostOptions['mirror']): Mirror | null {
    const remote = this.entry.folder;
    if (place === null || this.ssh === null || remote === null) return null;
    return new Mirror({
      folder: place.folder,
      remote,
      transport: this.ssh,
      tools: async () => {
        this.#refuseUntrusted();
        const { python, scripts } = await this.#tools.there();
        return { python, results: posix.join(scripts, 'results.py') };
      },
      list: () => ({ depth: place.depth(), exclude: [...place.exclude()] }),
      limitBytes: place.limitBytes,
      freeBytes: async () => {
        const { bavail, bsize } = await statfs(place.folder);
        return bavail * bsize;
      },
    });
  }

  /** What mends a Python that is missing or wrong. */
  #choose(): NextStep {
    return {
      label: l10n.t('Choose Python'),
      command: commands.choosePython,
      args: [{ kind: 'host', host: this }],
    };
  }

  #refuseUntrusted(): void {
    if (this.options.mayRun()) return;
    throw new HumanError(
      l10n.t('This workspace is not trusted, so nothing is started in it. Trust it first.'),
      { label: l10n.t('Manage Trust'), command: 'workbench.trust.manage' },
    );
  }
}
