/** The notes on disk, and what follows from them. The files are the truth; this holds only what was read of them. */
import * as l10n from '@vscode/l10n';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../errors';
import type { Evaluation } from '../evaluations/evaluation';
import type { Run } from '../runs/run';
import { appendLine, openToAppend, type OpenToAppend } from './appendLine';
import type { Orphan } from './adopt';
import { fileName, sameFileName } from './fileNames';
import { renderMarkdown } from './markdown';
import { writePage, type WrittenPage } from './markdownFile';
import { mergeNotes } from './merge';
import { NotesFile } from './notesFile';
import type { Note } from './note';
import { formatRecord, type NoteRecord } from './record';
import { notSaved } from './saveErrors';

export interface NotesStoreOptions {
  /** Absolute; need not exist yet. */
  readonly folder: string;
  /** Who writes here, as in the notes and in the file's name. */
  readonly rater: string;
  /** Name of this machine: no two machines may append to one file. */
  readonly machine: string;
  readonly open?: OpenToAppend;
}

/** A clip that this rater has heard for long enough. */
export interface Heard {
  /** Evaluation.name. */
  readonly evaluation: string;
  /** Prompt id. */
  readonly prompt: string;
  /** Take name within the evaluation. */
  readonly take: string;
  /** Of the clip as it was heard; null where the line does not say. */
  readonly sha256: string | null;
  readonly by: string;
}

export class NotesStore {
  readonly #options: NotesStoreOptions;
  readonly #files = new Map<string, NotesFile>();
  #adopted: ReadonlyMap<string, string> = new Map();
  #notes: Note[] | null = null;
  #problem: Problem | null = null;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: NotesStoreOptions) {
    this.#options = options;
  }

  get folder(): string {
    return this.#options.folder;
  }

  /** What is wrong with the files, by file and line. */
  get problems(): readonly Problem[] {
    const ofFiles = [...this.#files.values()].flatMap((file) => [...file.problems]);
    return this.#problem ? [this.#problem, ...ofFiles] : ofFiles;
  }

  /** Reads what changed on disk, and says whether anything did. Never throws: what cannot be read is a problem. */
  refresh(): Promise<boolean> {
    return this.#inTurn(() => this.#refresh());
  }

  /**
   * Saves one line: on the disk when this resolves, else a HumanError. `runName` is the run's folder name, which the notes
   * folder of a new run is called after. The page follows with `writeMarkdown`.
   */
  append(record: NoteRecord, runName: string): Promise<void> {
    return this.#inTurn(async () => {
      // Another window may have made this run's folder, or one of the same name, since.
      await this.#refresh();
      const { folder, rater, machine, open = openToAppend } = this.#options;
      const name = `${fileName(rater, 'rater')}-${fileName(machine, 'machine')}.jsonl`;
      const file = join(folder, this.folderOf(record.run, runName), name);
      try {
        await appendLine(file, formatRecord(record), open);
      } catch (error) {
        throw notSaved(error, file);
      }
      await this.#refresh();
    });
  }

  /** Notes on a run, oldest first, with those that it was given by `adopt`. */
  notesOf(run: string): readonly Note[] {
    this.#notes ??= mergeNotes(this.#records());
    return this.#notes.filter((note) => this.#isOf(note, run));
  }

  /** What this store's rater has heard of a run. */
  heardOf(run: string): readonly Heard[] {
    return this.heardByAnyone(run).filter((heard) => heard.by === this.#options.rater);
  }

  heardByAnyone(run: string): readonly Heard[] {
    const records = this.#records().filter((record) => record.op === 'hear' && this.#isOf(record, run));
    return records.flatMap(({ evaluation, prompt, takes, clip_sha256, by }) =>
      evaluation === null || prompt === null
        ? []
        : takes.map((take) => ({ evaluation, prompt, take, sha256: clip_sha256[take] ?? null, by })),
    );
  }

  /** Renders the page of a run's notes beside its folder; nothing to write is `file: null` without a problem. */
  writeMarkdown(
    run: Pick<Run, 'id' | 'name'>,
    evaluations: readonly Pick<Evaluation, 'name' | 'prompts' | 'takes'>[],
  ): Promise<WrittenPage> {
    return this.#inTurn(() => {
      const notes = this.notesOf(run.id);
      const heard = this.heardByAnyone(run.id);
      const folder = this.folderOf(run.id, run.name);
      const known = [...this.#files.values()].some((file) => file.folder === folder);
      if (!known) return Promise.resolve({ file: null, problem: null });
      return writePage(this.folder, folder, renderMarkdown({ run, evaluations, notes, heard, folder }));
    });
  }

  /** Runs that notes speak of and nobody knows: deleted, on another machine, or a foreign run that was moved. */
  orphans(knownRuns: ReadonlySet<string>): readonly Orphan[] {
    const orphans = new Map<string, { run: string; folder: string; hashes: Set<string>; notes: number }>();
    for (const file of this.#files.values()) {
      for (const record of file.records) {
        if (knownRuns.has(record.run)) continue;
        const orphan = orphans.get(record.run) ?? {
          run: record.run,
          folder: file.folder,
          hashes: new Set<string>(),
          notes: 0,
        };
        for (const hash of Object.values(record.clip_sha256)) orphan.hashes.add(hash);
        if (record.op === 'note') orphan.notes += 1;
        orphans.set(record.run, orphan);
      }
    }
    return [...orphans.values()];
  }

  /** From now on the notes of each key count as notes of its value (see `adopt` in adopt.ts); replaces what was set before. */
  setAdopted(adopted: ReadonlyMap<string, string>): void {
    this.#adopted = adopted;
  }

  /**
   * Name of the folder in the notes folder that is this run's: the one that already holds notes on it, else a free one
   * called after it. Two runs of one name never share: the run ids in the lines decide, not the names.
   */
  folderOf(run: string, runName: string): string {
    const owners = this.#owners();
    for (const [folder, owner] of owners) {
      if (owner === run || this.#adopted.get(owner) === run) return folder;
    }
    const wanted = fileName(runName, 'run');
    for (let count = 1; ; count += 1) {
      const name = count === 1 ? wanted : `${wanted}-${count}`;
      if (![...owners.keys()].some((folder) => sameFileName(folder, name))) return name;
    }
  }

  /** Folder → run of its oldest line. (Two windows that start two namesakes at one moment can mix; the oldest then owns it.) */
  #owners(): ReadonlyMap<string, string> {
    const oldest = new Map<string, NoteRecord>();
    for (const file of this.#files.values()) {
      for (const record of file.records) {
        const known = oldest.get(file.folder);
        if (!known || record.id < known.id) oldest.set(file.folder, record);
      }
    }
    return new Map([...oldest].map(([folder, record]) => [folder, record.run]));
  }

  #records(): readonly NoteRecord[] {
    return [...this.#files.values()].flatMap((file) => [...file.records]);
  }

  #isOf(thing: { readonly run: string }, run: string): boolean {
    return thing.run === run || this.#adopted.get(thing.run) === run;
  }

  /** One after the other, so that reading never sees half of what this window is doing. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  async #refresh(): Promise<boolean> {
    const found = await this.#find();
    let changed = false;
    for (const [path, file] of this.#files) {
      if (found.has(path)) continue;
      this.#files.delete(path);
      changed ||= file.records.length > 0 || file.problems.length > 0;
    }
    for (const [path, folder] of found) {
      const file = this.#files.get(path) ?? new NotesFile(path, folder);
      this.#files.set(path, file);
      changed = (await file.refresh()) || changed;
    }
    if (changed) this.#notes = null;
    return changed;
  }

  /** Path → name of its folder, in the order of names. */
  async #find(): Promise<ReadonlyMap<string, string>> {
    this.#problem = null;
    const found = new Map<string, string>();
    for (const folder of (await this.#list('')).sort()) {
      if (folder.startsWith('.')) continue;
      for (const name of (await this.#list(folder)).sort()) {
        if (name.endsWith('.jsonl')) found.set(join(this.folder, folder, name), folder);
      }
    }
    return found;
  }

  async #list(folder: string): Promise<string[]> {
    try {
      return await readdir(join(this.folder, folder));
    } catch (error) {
      if (isAbsent(error)) return [];
      this.#problem = {
        code: 'notes-folder-unreadable',
        severity: 'error',
        message: l10n.t('The notes cannot be read: {0}', String(error)),
        file: join(this.folder, folder),
      };
      return [];
    }
  }
}

/** Nothing there, or a plain file (such as `<run>.md`) where a folder was looked for. */
function isAbsent(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return code === 'ENOENT' || code === 'ENOTDIR';
}
