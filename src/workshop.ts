/** Where jobs are started in this window: the interpreter, the scripts, the host, and the jobs there. */
import * as l10n from '@vscode/l10n';
import { join } from 'node:path';
import { exec, type ExecResult } from './hosts/exec';
import { chooseInterpreter, findInterpreters, type Interpreter } from './hosts/interpreters';
import { localTransport } from './hosts/localTransport';
import { bringScripts, scriptsFolder } from './hosts/scripts';
import { HumanError } from './errors';
import { JobsStore, type Job, type JobHost } from './jobs/jobsStore';
import { directEngine } from './jobs/launchers/direct';
import { prepare, type PreparedLaunch } from './jobs/prepare';
import { chainOf, type JobDraft } from './jobs/spec';
import { isLive } from './jobs/state';
import type { Scripts } from './jobs/trainer';
import { noteIds } from './notes/noteId';

export interface WorkshopOptions {
  /** Folder of the Python scripts that came with the extension. */
  readonly source: string;
  /** Nothing is run where this is false. */
  readonly mayRun: () => boolean;
  /** Folders that jobs may be started in, the first by default. */
  readonly folders: () => readonly string[];
  /** The machine-scoped setting of the interpreter; '' for none. */
  readonly python: () => string;
}

export class Workshop {
  readonly jobs: JobsStore;
  readonly #options: WorkshopOptions;
  readonly #newId = noteIds();
  #found: { readonly key: string; readonly interpreters: Promise<readonly Interpreter[]> } | null = null;

  constructor(options: WorkshopOptions) {
    this.#options = options;
    this.jobs = new JobsStore({
      workFolders: options.folders,
      host: () => this.#host(),
      now: () => Date.now() / 1000,
    });
    // What a finished command left may be an environment with torch.
    let ended = 0;
    this.jobs.onDidChange(() => {
      const now = this.jobs.jobs.filter(
        ({ spec, state }) => spec?.kind === 'command' && !isLive(state),
      ).length;
      if (now !== ended) this.forget();
      ended = now;
    });
  }

  /** Name of the host that jobs run on. */
  get hostName(): string {
    return l10n.t('this machine');
  }

  /** Best first. Looked for once for each setting; `forget` looks anew, e.g. after an environment was made. */
  interpreters(): Promise<readonly Interpreter[]> {
    if (!this.#options.mayRun()) return Promise.resolve([]);
    const search = { setting: this.#options.python(), folders: this.#options.folders() };
    const key = JSON.stringify(search);
    if (this.#found?.key !== key) this.#found = { key, interpreters: findInterpreters(search) };
    return this.#found.interpreters;
  }

  forget(): void {
    this.#found = null;
  }

  /** Folder that jobs about something in `folder` belong to: the workspace folder around it, else the first. */
  workFolderOf(folder: string | null): string {
    const folders = this.#options.folders();
    const around = folder === null ? undefined : folders.find((one) => `${folder}/`.startsWith(`${one}/`));
    const workFolder = around ?? folders[0];
    if (workFolder !== undefined) return workFolder;
    throw new HumanError(l10n.t('Open a folder first: jobs keep their files in it.'), {
      label: l10n.t('Open Folder'),
      command: 'workbench.action.files.openFolder',
    });
  }

  /** The interpreter and scripts of a job that runs in `cwd`, as they will be: `start` brings them. */
  async scripts(workFolder: string, cwd: string): Promise<Scripts> {
    this.#refuseUntrusted();
    const { path } = chooseInterpreter(await this.interpreters());
    return { python: path, folder: await scriptsFolder(this.#options.source, workFolder), cwd };
  }

  /** One after the other, each only when the one before succeeded. Nothing is started or written by this. */
  async prepare(drafts: readonly JobDraft[], workFolder: string): Promise<PreparedLaunch> {
    this.#refuseUntrusted();
    const { engine } = await this.#hostOrThrow();
    return prepare(chainOf(drafts, { newId: this.#newId, now: () => new Date() }), workFolder, engine);
  }

  async start(launch: PreparedLaunch, workFolder: string): Promise<readonly Job[]> {
    this.#refuseUntrusted();
    await bringScripts(this.#options.source, workFolder);
    return this.jobs.start(launch);
  }

  /** Runs one of the scripts to its end on the host, e.g. doctor.py, and returns what it says. */
  async run(script: string, args: readonly string[], cwd: string, timeoutMs: number): Promise<ExecResult> {
    this.#refuseUntrusted();
    const { path } = chooseInterpreter(await this.interpreters());
    return exec([path, '-X', 'utf8', join(this.#options.source, script), ...args], { cwd, timeoutMs });
  }

  async #host(): Promise<JobHost | null> {
    if (!this.#options.mayRun()) return null;
    // The supervisor needs nothing but a Python: any that runs will do.
    const python = (await this.interpreters()).find(({ version }) => version !== null)?.path;
    if (python === undefined) return null;
    return {
      transport: localTransport(this.hostName),
      engine: directEngine({ python, supervisor: join(this.#options.source, 'supervisor.py') }),
    };
  }

  async #hostOrThrow(): Promise<JobHost> {
    const host = await this.#host();
    if (host !== null) return host;
    throw new HumanError(
      l10n.t(
        'No Python was found. Install Python 3.9 or newer, or name one in the setting "earmark.python.path".',
      ),
      {
        label: l10n.t('Open Setting'),
        command: 'workbench.action.openSettings',
        args: ['earmark.python.path'],
      },
    );
  }

  #refuseUntrusted(): void {
    if (this.#options.mayRun()) return;
    throw new HumanError(
      l10n.t('This workspace is not trusted, so nothing is started in it. Trust it first.'),
      { label: l10n.t('Manage Trust'), command: 'workbench.trust.manage' },
    );
  }
}
