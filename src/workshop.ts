/** Where jobs are started in this window: its hosts, this machine first, and all their jobs as one list. */
import * as l10n from '@vscode/l10n';
import { readdirSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join, sep } from 'node:path';
import { HumanError } from './errors';
import { Host } from './host';
import { controlFolder } from './hosts/controlFolder';
import { folderNameOf, type HostEntry } from './hosts/hostEntry';
import { commands } from './ids';
import type { Job } from './jobs/jobsStore';
import { isLive } from './jobs/state';
import { noteIds } from './notes/noteId';

export interface WorkshopOptions {
  /** Folder of the Python scripts that came with the extension. */
  readonly source: string;
  /** Nothing is run where this is false. */
  readonly mayRun: () => boolean;
  /** Folders of this machine that jobs may be started in, the first by default. */
  readonly folders: () => readonly string[];
  /** The machine-scoped setting of the interpreter of this machine; '' for none. */
  readonly python: () => string;
  /** Hosts that the settings name. */
  readonly entries: () => readonly HostEntry[];
  /** Folder of this machine that runs of other hosts are brought to, each in one of its own. */
  readonly mirrors: () => string;
  readonly mirrorLimitBytes: () => number;
  readonly depth: () => number;
  readonly exclude: () => readonly string[];
}

export class Workshop {
  readonly #options: WorkshopOptions;
  readonly #newId = noteIds();
  readonly #listeners = new Set<() => void>();
  readonly #hostsListeners = new Set<() => void>();
  /** By what makes them what they are: a host whose entry has not changed stays, with all that is known of it. */
  #hosts: ReadonlyMap<string, Host> = new Map();

  constructor(options: WorkshopOptions) {
    this.#options = options;
    this.reload();
  }

  /** This machine first, then as in the settings. */
  get hosts(): readonly Host[] {
    return [...this.#hosts.values()];
  }

  get here(): Host {
    const [first] = this.hosts;
    if (first === undefined) throw new Error('there is always this machine');
    return first;
  }

  /** Newest first, whichever host they are on. */
  get jobs(): readonly Job[] {
    const all = this.hosts.flatMap(({ jobs }) => jobs.jobs);
    return all.sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
  }

  job(id: string): Job | undefined {
    return this.hosts.map(({ jobs }) => jobs.job(id)).find((job) => job !== undefined);
  }

  /** The host of a job. Throws a HumanError when it is not in the settings any more. */
  hostOf(job: Pick<Job, 'id'>): Host {
    const host = this.hosts.find(({ jobs }) => jobs.job(job.id) !== undefined);
    if (host !== undefined) return host;
    throw new HumanError(l10n.t('This job is not there any more. Refresh the list.'));
  }

  /** The host that a run folder of this machine came from: this machine, unless it lies in another one's mirror. */
  hostOfFolder(folder: string): Host {
    return this.hosts.find((host) => host.mirror !== null && host.there(folder) !== null) ?? this.here;
  }

  /** The same for what only that host can do. Throws a HumanError where the settings name it no more. */
  hostThatMade(folder: string): Host {
    const host = this.hostOfFolder(folder);
    const former = this.mirrors.find(({ path }) => folder.startsWith(path + sep));
    if (host !== this.here || former === undefined) return host;
    throw new HumanError(
      l10n.t('“{0}”, where this run came from, is not among the hosts any more. Add it again.', former.label),
      { label: l10n.t('Add Host'), command: commands.addHost },
    );
  }

  /** Where runs of other hosts are read, each with the name of its host; also of those that were removed. */
  get mirrors(): readonly { readonly path: string; readonly label: string; readonly isCopy: true }[] {
    const mirrors = this.#options.mirrors();
    const names = new Map(this.hosts.map(({ mirrorFolder, name }) => [mirrorFolder, name]));
    return foldersIn(mirrors).map((name) => {
      const path = join(mirrors, name);
      return { path, label: names.get(path) ?? name.replace(/~[0-9a-f]{6}$/, ''), isCopy: true };
    });
  }

  /** Before a host gets another name: what is here of its runs is its as before. Never throws. */
  async keepMirror(host: Host, name: string): Promise<void> {
    const { mirrorFolder } = host;
    if (mirrorFolder === null) return;
    const next = join(this.#options.mirrors(), folderNameOf({ name }));
    // Where there is something of that name already, or nothing yet, all is brought anew.
    if (next !== mirrorFolder) await rename(mirrorFolder, next).catch(() => undefined);
  }

  named(name: string): Host | undefined {
    return this.hosts.find((host) => host.name === name);
  }

  /** Takes over what the settings say now. */
  reload(): void {
    const before = this.#hosts;
    const entries = [this.#hereEntry(), ...this.#options.entries()];
    const hosts = new Map<string, Host>();
    for (const entry of entries) {
      const mirror = this.#mirrorOf(entry);
      const key = JSON.stringify([entry, mirror]);
      hosts.set(key, before.get(key) ?? this.#make(entry, mirror));
    }
    const addresses = new Set([...hosts.values()].map(({ entry }) => JSON.stringify(entry.address)));
    for (const [key, host] of before)
      if (!hosts.has(key)) void host.close(addresses.has(JSON.stringify(host.entry.address)));
    this.#hosts = hosts;
    if ([...before.keys()].join('\n') === [...hosts.keys()].join('\n')) return;
    for (const listener of this.#hostsListeners) listener();
    this.#tell();
  }

  async refresh(): Promise<void> {
    await Promise.all(this.hosts.map(({ jobs }) => jobs.refresh()));
  }

  onDidChangeJobs(listener: () => void): { dispose: () => void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  onDidChangeHosts(listener: () => void): { dispose: () => void } {
    this.#hostsListeners.add(listener);
    return { dispose: () => void this.#hostsListeners.delete(listener) };
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #hereEntry(): HostEntry {
    return {
      name: l10n.t('this machine'),
      address: null,
      folder: null,
      python: '',
      scheduler: 'direct',
      slurm: null,
      setup: [],
    };
  }

  #mirrorOf(entry: HostEntry): string | null {
    return entry.address === null ? null : join(this.#options.mirrors(), folderNameOf(entry));
  }

  #make(entry: HostEntry, mirror: string | null): Host {
    const { source, mayRun, folders, python, mirrorLimitBytes, depth, exclude } = this.#options;
    const { folder } = entry;
    const host = new Host({
      entry,
      source,
      mayRun,
      folders: folder === null ? folders : () => [folder],
      python: entry.address === null && entry.python === '' ? python : () => entry.python,
      newId: this.#newId,
      controlFolder: sharedSockets(),
      mirror: mirror === null ? null : { folder: mirror, limitBytes: mirrorLimitBytes, depth, exclude },
    });
    // What a finished command left may be an environment with torch.
    let ended = 0;
    host.jobs.onDidChange(() => {
      const now = host.jobs.jobs.filter(
        ({ spec, state }) => spec?.kind === 'command' && !isLive(state),
      ).length;
      if (now !== ended) host.forget();
      ended = now;
      this.#tell();
    });
    return host;
  }
}

/** Sorted; none where nothing is. */
function foldersIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

/** Null on Windows, whose ssh can't share a connection. */
function sharedSockets(): string | null {
  if (process.platform === 'win32') return null;
  return controlFolder({
    runtime: process.env['XDG_RUNTIME_DIR'],
    home: homedir(),
    user: userInfo().uid,
  });
}
