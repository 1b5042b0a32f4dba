/** The notes of this window: the store at the folder and rater that the settings name now, and what it says of the library's runs. */
import * as l10n from '@vscode/l10n';
import { relative, sep } from 'node:path';
import { HumanError, messageOf, type Problem } from './errors';
import type { Clip, Evaluation } from './evaluations/evaluation';
import type { Library } from './library';
import { adopt } from './notes/adopt';
import {
  compose,
  composeEdit,
  composeHeard,
  composeRetraction,
  type ComposeContext,
  type Draft,
  type Origin,
} from './notes/compose';
import type { Note } from './notes/note';
import { noteIds } from './notes/noteId';
import { NotesStore } from './notes/notesStore';
import { coalesce } from './platform/coalesce';

export interface NotebookOptions {
  readonly library: Library;
  /** Absolute; null when no folder is open that notes could lie in. */
  readonly folder: () => string | null;
  /** Folder that paths are shown relative to. */
  readonly base: () => string | null;
  readonly rater: () => Promise<string>;
  readonly machine: string;
  readonly warn: (message: string) => void;
}

/** A note to save: new, or the edit of one. */
export interface Writing {
  readonly draft: Draft;
  /** Note.id of the note that this edits. */
  readonly replaces: string | null;
  /** What text can name from a place: the draft's, or that of the note it edits. */
  readonly contextAt: (place: Pick<Note, 'run' | 'evaluation' | 'prompt'>) => ComposeContext;
}

export class Notebook {
  readonly #options: NotebookOptions;
  readonly #listeners = new Set<() => void>();
  readonly #nextId = noteIds();
  #store: NotesStore | null = null;
  /** Undefined until the settings were read for the first time. */
  #folder: string | null | undefined;
  #rater = '';
  /** The library's runs when notes were last given to them. */
  #runsSeen: unknown = null;
  /** File → sha256 of its bytes as they were last analysed. */
  readonly #hashes = new Map<string, string>();
  /** Run id → clip → hashes it was heard with; derived, forgotten whenever a line is added. */
  #heard = new Map<string, ReadonlyMap<string, readonly (string | null)[]>>();
  readonly #announceSoon = coalesce(async () => Promise.resolve().then(() => this.#announce()), 500);
  readonly #renderSoon = coalesce(() => this.#renderAll(), 500);

  constructor(options: NotebookOptions) {
    this.#options = options;
  }

  /** Whose notes are `own`. */
  get rater(): string {
    return this.#rater;
  }

  get problems(): readonly Problem[] {
    return this.#store?.problems ?? [];
  }

  onDidChange(listener: () => void): { dispose: () => void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** Follows the settings and the disk: lines of other windows, of a merge, by hand. */
  async refresh(): Promise<void> {
    const folder = this.#options.folder();
    const rater = await this.#options.rater();
    const opened = this.#folder !== folder || this.#rater !== rater;
    if (opened) {
      this.#folder = folder;
      this.#rater = rater;
      this.#store =
        folder === null ? null : new NotesStore({ folder, rater, machine: this.#options.machine });
    }
    const changed = (await this.#store?.refresh()) ?? false;
    const moved = this.#runsSeen !== this.#options.library.runs;
    if (!opened && !changed && !moved) return;
    this.#runsSeen = this.#options.library.runs;
    if (this.#store !== null) this.#adopt(this.#store);
    this.#changed();
    if (!changed) return;
    // Lines that came from elsewhere: the page of a run is derived, so it follows. Nothing is written by just looking.
    if (!opened) void this.#renderSoon();
  }

  /** Notes on a run, oldest first. */
  notesOf(run: string): readonly Note[] {
    return this.#store?.notesOf(run) ?? [];
  }

  /** Whether this rater heard the clip as it is now, as far as that is known. */
  heard(evaluation: Evaluation, clip: Clip): boolean {
    const hashes = this.#heardOf(evaluation.run).get(clipKey(evaluation.name, clip.prompt, clip.take));
    if (hashes === undefined) return false;
    const now = this.hashOf(clip);
    return now === null || hashes.some((hash) => hash === null || hash === now);
  }

  /** sha256 of the clip's bytes: as analysed here, else as the index says, else null. */
  hashOf(clip: Clip): string | null {
    return (clip.file === null ? undefined : this.#hashes.get(clip.file)) ?? clip.sha256;
  }

  /** The bytes of a clip were read. */
  knowHash(clip: Clip, sha256: string): void {
    if (clip.file === null) return;
    const before = this.hashOf(clip);
    this.#hashes.set(clip.file, sha256);
    if (before !== sha256) void this.#announceSoon();
  }

  /** Page of a run's notes, as a person would name it: `listening-notes/output_epoch3.md`. */
  pathOf(run: string, runName: string): string {
    const folder = this.#options.folder();
    if (folder === null) return '';
    const page = [this.#store?.folderOf(run, runName) ?? runName, '.md'].join('');
    const base = this.#options.base();
    const from = base === null ? '' : relative(base, folder);
    const inside = from !== '' && !from.startsWith('..');
    return [inside ? from.split(sep).join('/') : folder, page].join('/');
  }

  /** The note is on the disk when this resolves; else a HumanError says why, and the text is the caller's to keep. */
  async save({ draft, replaces, contextAt }: Writing): Promise<void> {
    const store = await this.#open();
    const edited = replaces === null ? null : this.#find(replaces);
    const record =
      edited === null
        ? compose(draft, contextAt(draft), this.#origin())
        : composeEdit(edited, draft.text, contextAt(edited), this.#origin());
    await store.append(record, this.#nameOf(record.run));
    await this.#written(record.run);
  }

  async retract(id: string): Promise<void> {
    const store = await this.#open();
    const note = this.#find(id);
    await store.append(composeRetraction(note, this.#origin()), this.#nameOf(note.run));
    await this.#written(note.run);
  }

  /** The clip has been heard for long enough. */
  async hear(evaluation: Evaluation, clip: Clip, seconds: readonly [number, number]): Promise<void> {
    const store = await this.#open();
    if (this.heard(evaluation, clip)) return;
    const { run, name } = evaluation;
    const heard = {
      run,
      evaluation: name,
      prompt: clip.prompt,
      take: clip.take,
      sha256: this.hashOf(clip),
      seconds,
    };
    await store.append(composeHeard(heard, this.#origin()), evaluation.runName);
    this.#changed();
    void this.#renderSoon();
  }

  /** Renders the page of a run's notes and returns its path; null when there are none. */
  async render(run: string): Promise<string | null> {
    const known = this.#options.library.run(run);
    if (this.#store === null || known === undefined) return null;
    const page = await this.#store.writeMarkdown(known, this.#options.library.evaluationsOf(run));
    if (page.problem !== null) this.#options.warn(page.problem.message);
    return page.file;
  }

  /** Notes on a run that is gone from here, but whose clips lie in another run now (it was moved or renamed), are that run's. */
  #adopt(store: NotesStore): void {
    const { library } = this.#options;
    const orphans = store.orphans(new Set(library.runs.map((run) => run.id)));
    const runs = library.runs.map((run) => ({
      id: run.id,
      name: run.name,
      hashes: new Set(
        library
          .evaluationsOf(run.id)
          .flatMap(({ clips }) => clips.flatMap((clip) => this.hashOf(clip) ?? [])),
      ),
    }));
    store.setAdopted(adopt(orphans, runs));
  }

  async #open(): Promise<NotesStore> {
    if (this.#store === null) await this.refresh();
    if (this.#store !== null) return this.#store;
    throw new HumanError(
      l10n.t('Notes have no place yet: open a folder, or name one in the setting earmark.notes.folder.'),
      {
        label: l10n.t('Open Setting'),
        command: 'workbench.action.openSettings',
        args: ['earmark.notes.folder'],
      },
    );
  }

  async #written(run: string): Promise<void> {
    this.#changed();
    await this.render(run);
  }

  #find(id: string): Note {
    for (const run of this.#options.library.runs) {
      const found = this.notesOf(run.id).find((note) => note.id === id);
      if (found !== undefined) return found;
    }
    throw new HumanError(l10n.t('That note is gone: it was retracted elsewhere, or its file was changed.'));
  }

  #origin(): Origin {
    return { id: this.#nextId(), at: new Date(), by: this.#rater };
  }

  #nameOf(run: string): string {
    return this.#options.library.run(run)?.name ?? 'run';
  }

  #heardOf(run: string): ReadonlyMap<string, readonly (string | null)[]> {
    let heard = this.#heard.get(run);
    if (heard === undefined) {
      const byClip = new Map<string, (string | null)[]>();
      for (const { evaluation, prompt, take, sha256 } of this.#store?.heardOf(run) ?? []) {
        const key = clipKey(evaluation, prompt, take);
        byClip.set(key, [...(byClip.get(key) ?? []), sha256]);
      }
      heard = byClip;
      this.#heard.set(run, heard);
    }
    return heard;
  }

  async #renderAll(): Promise<void> {
    for (const run of this.#options.library.runs) {
      if (this.notesOf(run.id).length === 0) continue;
      await this.render(run.id).catch((error: unknown) => this.#options.warn(messageOf(error)));
    }
  }

  #changed(): void {
    this.#heard = new Map();
    this.#announce();
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }
}

function clipKey(evaluation: string, prompt: string, take: string): string {
  return [evaluation, prompt, take].join('\0');
}
