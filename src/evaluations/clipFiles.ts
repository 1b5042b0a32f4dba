/**
 * The clips that are really there. Known by listing folders, never by looking at each; and never one that lies outside
 * the run, however the path is written and wherever links lead.
 */
import { realpath } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { isClipName, type Listing, type Reading } from '../files/disk';

export interface FoundClip {
  /** Relative to the run, `/`-separated, as on disk. */
  readonly path: string;
  /** Absolute, links resolved. */
  readonly file: string;
}

export type Located =
  { readonly kind: 'found'; readonly clip: FoundClip } | { readonly kind: 'missing' | 'outside' };

interface Folder {
  readonly real: string;
  readonly listing: Listing;
  readonly folders: ReadonlySet<string>;
  readonly files: ReadonlySet<string>;
  /** Name in one Unicode form → as on disk, for those that differ: some systems decompose accents. */
  readonly composed: ReadonlyMap<string, string>;
}

const missing = { kind: 'missing' } as const;
const outside = { kind: 'outside' } as const;

export class ClipFiles {
  readonly #folders = new Map<string, Promise<Folder | 'missing' | 'outside'>>();
  readonly #runReal: Promise<string>;

  /** `evaluation` is the evaluation's folder relative to the run; `.` for the run itself. */
  constructor(
    private readonly runFolder: string,
    private readonly evaluation: string,
    private readonly reading: Reading,
  ) {
    this.#runReal = realpath(runFolder).catch(() => runFolder);
  }

  /** Where the path of an index row leads: as written, else by the longest tail of it that is in the evaluation. */
  async locate(written: string): Promise<Located> {
    const path =
      written.includes('/') && !/^[A-Za-z]:\\/.test(written) ? written : written.replaceAll('\\', '/');
    if (path.includes('\0')) return outside;
    const absolute = path.startsWith('/') || /^[A-Za-z]:\//.test(path);
    const inRun = absolute ? await this.#below(path) : this.#fromEvaluation(path);
    const candidates = inRun === null ? [] : [inRun];
    if (!absolute && !path.startsWith('..')) candidates.push(posix.normalize(path));
    candidates.push(...this.#tails(path, absolute || !path.startsWith('..')));
    let firstFailure: Located | null = null;
    for (const candidate of candidates) {
      const located = await this.#at(candidate);
      if (located.kind === 'found') return located;
      if (located.kind === 'outside') firstFailure ??= located;
    }
    if (firstFailure !== null) return firstFailure;
    const ofThisRun = inRun !== null || path.split('/').includes(this.runFolder.split(/[\\/]/).at(-1) ?? '');
    return ofThisRun ? missing : outside;
  }

  /** Clips directly in a folder of the evaluation, links that lead out of the run apart. */
  async in(folder: string): Promise<{ readonly clips: FoundClip[]; readonly outside: string[] }> {
    const path = posix.join(this.evaluation, folder);
    const inside = await this.#folder(path);
    if (inside === 'missing') return { clips: [], outside: [] };
    if (inside === 'outside') return { clips: [], outside: [path] };
    const clips: FoundClip[] = [];
    const out: string[] = [];
    for (const name of inside.listing.files) {
      if (!isClipName(name)) continue;
      const clip = { path: posix.join(path, name), file: join(inside.real, name) };
      const located: Located = inside.listing.links.has(name)
        ? await this.#at(clip.path)
        : { kind: 'found', clip };
      if (located.kind === 'found') clips.push(located.clip);
      else if (located.kind === 'outside') out.push(clip.path);
    }
    return { clips, outside: out };
  }

  /** The absolute path relative to the run, or null when it is another machine's, or another place's here. */
  async #below(path: string): Promise<string | null> {
    for (const folder of [this.runFolder, await this.#runReal]) {
      const below = relative(folder, path).split(sep).join('/');
      if (!below.startsWith('..') && !posix.isAbsolute(below) && !/^[A-Za-z]:/.test(below)) return below;
    }
    return null;
  }

  #fromEvaluation(path: string): string | null {
    const below = posix.normalize(posix.join(this.evaluation, path));
    return below.startsWith('..') ? null : below;
  }

  /**
   * What could be meant by a path of another machine or of another working folder: its tails within the evaluation,
   * longest first. A bare file name means nothing, unless the folder before it is the evaluation's. A relative path that
   * leads out of the run has to name the run and the evaluation both: `../other/best_model/001.wav` is another run's.
   */
  #tails(path: string, trusted: boolean): string[] {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
    const evaluationName = posix.basename(this.evaluation === '.' ? this.runFolder : this.evaluation);
    const runName = this.runFolder.split(/[\\/]/).at(-1);
    return parts.flatMap((_, start) => {
      const tail = parts.slice(start);
      const afterEvaluation = parts[start - 1] === evaluationName;
      const afterRun = afterEvaluation && (this.evaluation === '.' || parts[start - 2] === runName);
      const plausible = trusted ? tail.length > 1 || afterEvaluation : afterRun;
      return plausible ? [posix.join(this.evaluation, ...tail)] : [];
    });
  }

  async #at(path: string): Promise<Located> {
    const folder = await this.#folder(posix.dirname(path));
    if (typeof folder === 'string') return folder === 'outside' ? outside : missing;
    const wanted = posix.basename(path);
    const name = folder.files.has(wanted) ? wanted : folder.composed.get(wanted.normalize('NFC'));
    if (name === undefined) return missing;
    const found = posix.join(posix.dirname(path), name);
    if (!folder.listing.links.has(name)) {
      return { kind: 'found', clip: { path: found, file: join(folder.real, name) } };
    }
    const file = await realpath(join(folder.real, name)).catch(() => null);
    if (file === null) return missing;
    return (await this.#isInRun(file)) ? { kind: 'found', clip: { path: found, file } } : outside;
  }

  #folder(path: string): Promise<Folder | 'missing' | 'outside'> {
    let folder = this.#folders.get(path);
    if (folder === undefined) {
      folder = this.#open(path);
      this.#folders.set(path, folder);
    }
    return folder;
  }

  /** Step by step from the run's folder, so that paths of an index cost nothing on disk unless their folders are there. */
  async #open(path: string): Promise<Folder | 'missing' | 'outside'> {
    const absolute = path === '.' ? this.runFolder : join(this.runFolder, path);
    if (path !== '.' && path !== this.evaluation) {
      const parent = await this.#folder(posix.dirname(path));
      if (typeof parent === 'string') return parent;
      if (!parent.folders.has(posix.basename(path))) return 'missing';
    }
    const real = await realpath(absolute).catch(() => null);
    if (real === null) return 'missing';
    if (!(await this.#isInRun(real))) return 'outside';
    const listing = await this.reading.list(absolute);
    return {
      real,
      listing,
      folders: new Set(listing.folders),
      files: new Set(listing.files),
      composed: new Map(listing.files.map((name) => [name.normalize('NFC'), name])),
    };
  }

  async #isInRun(real: string): Promise<boolean> {
    const below = relative(await this.#runReal, real);
    return (
      below !== '..' && !below.startsWith(`..${sep}`) && !posix.isAbsolute(below) && !/^[A-Za-z]:/.test(below)
    );
  }
}
