/** Index and disk → prompts, takes, clips. The index says what is what; the disk says what is there. */
import * as l10n from '@vscode/l10n';
import { join } from 'node:path';
import type { Problem } from '../errors';
import type { Listing, Reading } from '../files/disk';
import { pacer } from '../files/pace';
import type { ProblemList } from '../files/problems';
import { foldersOfTakes } from '../files/wavFolders';
import type { ClipFiles, FoundClip } from './clipFiles';
import type { Clip, Prompt, Take } from './evaluation';
import type { Index } from './indexFile';
import type { IndexEntry } from './indexRows';
import { isKnownTake, seedOfStem, stemOf, takeOfModel, withoutSeed } from './names';
import { furtherSeeds } from './seeds';
import { PromptSet, type GatheredPrompt } from './promptSet';
import type { Settings } from './settings';
import { TakeSet } from './takeSet';

export interface Gathered {
  readonly prompts: readonly Prompt[];
  readonly takes: readonly Take[];
  readonly clips: readonly Clip[];
}

export class Gathering {
  readonly #prompts = new PromptSet();
  readonly #takes: TakeSet;
  /** By clip id. */
  readonly #clips = new Map<string, Clip>();
  /** Clip id → its path on disk. */
  readonly #paths = new Map<string, string>();
  /** Path on disk → ids of the clips that it is: several when takes of one prompt share a file. */
  readonly #owners = new Map<string, Set<string>>();
  readonly #breathe = pacer();

  constructor(
    private readonly files: ClipFiles,
    private readonly settings: Settings,
    private readonly problems: ProblemList,
  ) {
    this.#takes = new TakeSet(settings);
  }

  async addIndex(index: Index): Promise<void> {
    const further = furtherSeeds(index.entries, this.settings.seeds);
    for (const entry of index.entries) {
      await this.#breathe();
      const tell = (code: string, severity: Problem['severity'], message: string): void =>
        this.problems.add({ code, severity, message, file: index.file, ...lineOf(entry) });
      const located = await this.files.locate(entry.path);
      if (located.kind === 'outside') {
        const message = l10n.t(
          '{0} names {1}, which is not in the folder of this run, and was left out.',
          placeOf(entry),
          short(entry.path),
        );
        tell('index-path-outside', 'error', message);
        continue;
      }
      const found = located.kind === 'found' ? located.clip : null;
      if (found === null) {
        const message = l10n.t(
          '{0} names {1}, which is not on disk. Run the evaluation again, or copy its WAV files here.',
          placeOf(entry),
          short(entry.path),
        );
        tell('index-path-missing', 'error', message);
      }
      const full = stemOf(entry.path);
      const isFurther = further.has(entry);
      const seed = entry.seed ?? (isFurther ? seedOfStem(full) : null);
      const stem = isFurther || seedOfStem(full) === entry.seed ? withoutSeed(full) : full;
      const prompt = this.#promptOf(entry, stem, tell);
      const take = this.#takes.take(entry.model.replaceAll('/', '_'), seed, isFurther);
      this.#prompts.named(prompt, stem);
      this.#add(prompt, take, found, entry, tell);
    }
  }

  /** Clips that no row names are shown too, in folders that hold takes. */
  async addUnnamed(listing: Listing, reading: Reading, folder: string, indexed: boolean): Promise<void> {
    const inside = new Map<string, readonly FoundClip[]>();
    const listings = new Map<string, Listing>();
    for (const name of listing.folders) {
      if (name.startsWith('.')) continue;
      const { clips, outside } = await this.files.in(name);
      for (const path of outside) this.problems.add(linkOut(path, folder));
      if (clips.length === 0) continue;
      inside.set(name, clips);
      listings.set(name, await reading.list(join(folder, name)));
    }
    const sharing = new Set(foldersOfTakes(listings));
    const left: Unnamed[] = [];
    const planned = new Set(this.settings.models.map(({ name }) => name));
    for (const [name, clips] of inside) {
      const take = takeOfModel(name);
      const named = clips.some(({ path }) => this.#isOwned(path));
      const alone = !indexed && inside.size === 1;
      if (!named && !alone && !sharing.has(name) && !isKnownTake(take) && !planned.has(take)) continue;
      left.push(...(await this.#addFolder(take, clips)));
    }
    await this.#addAlike(left);
  }

  result(): Gathered {
    const clips = [...this.#clips.values()];
    return {
      prompts: this.#prompts.list(new Set(clips.map((clip) => clip.prompt))),
      takes: this.#takes.list(),
      clips,
    };
  }

  #promptOf(
    entry: IndexEntry,
    stem: string,
    tell: (code: string, severity: Problem['severity'], message: string) => void,
  ): GatheredPrompt {
    if (entry.promptId === null && entry.text === '')
      return this.#prompts.withStem(stem) ?? this.#prompts.own(stem);
    const { prompt, differs } = this.#prompts.add(entry.promptId, entry.text);
    if (differs) {
      const message = l10n.t(
        '{0} gives prompt {1} other words than an earlier row. It is shown as a prompt of its own.',
        placeOf(entry),
        entry.promptId ?? '',
      );
      tell('index-prompt-differs', 'warning', message);
    }
    return prompt;
  }

  #add(
    prompt: GatheredPrompt,
    take: string,
    found: FoundClip | null,
    entry: IndexEntry,
    tell: (code: string, severity: Problem['severity'], message: string) => void,
  ): void {
    const id = `${prompt.id}/${take}`;
    const before = this.#clips.get(id);
    if (before !== undefined) {
      const message = l10n.t(
        '{0} names a second clip for one prompt and take ({1}). The last one that exists is shown.',
        placeOf(entry),
        take,
      );
      tell('index-duplicate', 'warning', message);
      if (found === null) return;
      const path = this.#paths.get(id);
      if (path !== undefined) this.#owners.get(path)?.delete(id);
    }
    const owners = [...(this.#owners.get(found?.path ?? '') ?? [])];
    const others = owners.filter((owner) => this.#clips.get(owner)?.prompt !== prompt.id);
    if (others.length > 0) {
      // The file was written again for another prompt: it can only be the last one's.
      const message = l10n.t(
        '{0} names {1}, which an earlier row names for another prompt. It is shown under the later one only.',
        placeOf(entry),
        short(entry.path),
      );
      tell('index-file-shared', 'warning', message);
      for (const other of others) this.#clips.delete(other);
    }
    const { sha256, durationSeconds } = entry;
    this.#put(
      { id, prompt: prompt.id, take, file: found?.file ?? null, sha256, durationSeconds },
      found?.path,
    );
  }

  #isOwned(path: string): boolean {
    return (this.#owners.get(path)?.size ?? 0) > 0;
  }

  #put(clip: Clip, path: string | undefined): void {
    this.#clips.set(clip.id, clip);
    if (path === undefined) return;
    this.#owners.set(path, (this.#owners.get(path) ?? new Set()).add(clip.id));
    this.#paths.set(clip.id, path);
  }

  /** Places the clips that are named like another one of their prompt, and returns the others. */
  async #addFolder(model: string, clips: readonly FoundClip[]): Promise<Unnamed[]> {
    const stems = new Set(clips.map(({ path }) => stemOf(path)));
    const left: Unnamed[] = [];
    for (const { path, file } of [...clips].sort(byPath)) {
      if (this.#isOwned(path)) continue;
      await this.#breathe();
      const full = stemOf(path);
      const seed = seedOfStem(full);
      const further =
        seed !== null && (this.settings.seeds.slice(1).includes(seed) || stems.has(withoutSeed(full)));
      const stem = further ? withoutSeed(full) : full;
      const take = this.#takes.take(model, further ? seed : null, further);
      const unnamed = { path, file, stem, take };
      const prompt = this.#prompts.withStem(stem);
      if (prompt === null || !this.#place(prompt, unnamed)) left.push(unnamed);
    }
    return left;
  }

  async #addAlike(left: readonly Unnamed[]): Promise<void> {
    // Two names that can mean one prompt are in doubt, and each is shown by itself.
    const claims = new Map<string, number>();
    const alike: { unnamed: Unnamed; prompt: GatheredPrompt | null; claim: string }[] = [];
    for (const unnamed of left) {
      await this.#breathe();
      const prompt = this.#prompts.alike(unnamed.stem);
      const claim = `${prompt?.id ?? ''}/${unnamed.take}`;
      claims.set(claim, (claims.get(claim) ?? 0) + 1);
      alike.push({ unnamed, prompt, claim });
    }
    const alone = alike.filter(({ unnamed, prompt, claim }) => {
      const sure = prompt !== null && claims.get(claim) === 1;
      return !sure || !this.#place(prompt, unnamed);
    });
    for (const { unnamed } of alone) this.#place(this.#prompts.own(unnamed.stem), unnamed);
  }

  /** False when the prompt has a clip of that take already. */
  #place(prompt: GatheredPrompt, { path, file, take }: Unnamed): boolean {
    const id = `${prompt.id}/${take}`;
    if (this.#clips.has(id)) return false;
    this.#put({ id, prompt: prompt.id, take, file, sha256: null, durationSeconds: null }, path);
    return true;
  }
}

/** A clip that no row names. */
interface Unnamed {
  readonly path: string;
  readonly file: string;
  readonly stem: string;
  readonly take: string;
}

function byPath(a: FoundClip, b: FoundClip): number {
  return a.path < b.path ? -1 : 1;
}

function placeOf({ line }: IndexEntry): string {
  return line === null ? l10n.t('The index') : l10n.t('Line {0} of the index', line);
}

function lineOf({ line }: IndexEntry): Pick<Problem, 'line'> {
  return line === null ? {} : { line };
}

function linkOut(path: string, folder: string): Problem {
  const message = l10n.t(
    '{0} is a link that leads out of the run, and was left out. Put a copy of the file in its place.',
    path,
  );
  return { code: 'clip-outside', severity: 'error', message, file: folder };
}

function short(path: string): string {
  return path.length > 120 ? `…${path.slice(-119)}` : path;
}
