/** Walks the folders below the roots, each real folder once, and lets the readers look at each. */
import * as l10n from '@vscode/l10n';
import { realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../errors';
import { Reading, type Listing, type Look, type Seen } from '../files/disk';
import { mapLimited } from '../files/pace';
import type { EventLogs } from './events';
import { examine } from './forensics';
import { readEarmark } from './readers/earmark';
import { readLoose } from './readers/loose';
import type { RunFacts, RunReader } from './readers/reader';
import { readStory } from './readers/story';
import { readTrainer } from './readers/trainer';

export interface RunRoot {
  /** Absolute. */
  readonly path: string;
  /** What a person calls it. */
  readonly label: string;
  /** Whether what is there is a copy of another machine's, which says so in it (files/origin.ts). */
  readonly isCopy?: boolean;
}

export interface WalkOptions {
  /** Folders below a root that are looked into. */
  readonly depth: number;
  /** Names that are never looked into; hidden folders and virtual environments never are. */
  readonly exclude: readonly string[];
}

/** A run before it has an identity. The same object as long as its files say the same. */
export interface FoundRun {
  readonly facts: RunFacts;
  readonly problems: readonly Problem[];
}

/** What a folder was when it was last looked at, and what that depends on. */
export interface KnownFolder {
  readonly seen: Seen;
  readonly run: FoundRun | null;
}

export interface PlacedRun {
  readonly found: FoundRun;
  /** Links resolved. */
  readonly folder: string;
  readonly label: string;
}

/** Once a reader knows a folder, it is that. Loose folders of clips come last, as everything could be that. */
const readers: readonly RunReader[] = [readEarmark, readStory, readTrainer, readLoose];

/** A workspace of a home folder must not cost a walk over the whole disk every second. */
const MOST_FOLDERS = 50_000;
const AT_ONCE = 16;

interface Place {
  /** Links resolved. */
  readonly path: string;
  /** As found, relative to its root; empty for the root itself. */
  readonly label: string;
  readonly root: RunRoot;
  readonly depth: number;
}

export class Walk {
  readonly runs: PlacedRun[] = [];
  readonly problems: Problem[] = [];
  /** Every folder looked at, for the next walk. */
  readonly folders = new Map<string, KnownFolder>();
  readonly #visited = new Set<string>();
  #linked: Place[] = [];

  constructor(
    private readonly look: Look,
    private readonly before: ReadonlyMap<string, KnownFolder>,
    private readonly logs: EventLogs,
    private readonly options: WalkOptions,
  ) {}

  /** All roots at once, level by level: what lies in two of them is reached from the nearer one, with the greater depth left. */
  async from(roots: readonly RunRoot[]): Promise<void> {
    const places: Place[] = [];
    for (const root of roots) {
      const path = await realpath(root.path).catch(() => null);
      if (path !== null) places.push({ path, label: '', root, depth: 0 });
      else this.problems.push(rootMissing(root));
    }
    await this.#levels(places, places);
    // Links come last, so that a run is named by where it really is.
    while (this.#linked.length > 0) {
      const linked = this.#linked;
      this.#linked = [];
      await this.#levels(linked, places);
    }
  }

  async #levels(start: readonly Place[], roots: readonly Place[]): Promise<void> {
    for (let level = start; level.length > 0;) {
      const fresh = level.filter(({ path }) => !this.#visited.has(path) && this.#visited.add(path).has(path));
      if (this.#visited.size > MOST_FOLDERS) {
        const message = l10n.t(
          'Only the first {0} folders were looked at. Open a smaller folder, or set earmark.runs.folders, earmark.runs.depth or earmark.runs.exclude.',
          MOST_FOLDERS,
        );
        this.problems.push({ code: 'too-many-folders', severity: 'warning', message });
        return;
      }
      level = (await mapLimited(fresh, AT_ONCE, (place) => this.#visit(place, roots))).flat();
    }
  }

  /** Looks at one folder and returns those to look at next. */
  async #visit(place: Place, roots: readonly Place[]): Promise<Place[]> {
    const listing = await this.look.list(place.path);
    if (listing.problem !== null) {
      this.problems.push(listing.problem);
      return [];
    }
    if (listing.files.includes('pyvenv.cfg') || listing.folders.includes('conda-meta')) return [];
    const known = await this.#know(place.path, listing);
    this.folders.set(place.path, known);
    const parts = known.run?.facts.parts ?? [];
    if (known.run !== null) {
      const label = place.label === '' ? place.root.label : place.label;
      this.runs.push({ found: known.run, folder: place.path, label });
    }
    if (parts === 'all' || place.depth >= this.options.depth) return [];
    return this.#below(place, listing, new Set([...parts, ...this.options.exclude]), roots);
  }

  async #below(
    place: Place,
    listing: Listing,
    without: ReadonlySet<string>,
    roots: readonly Place[],
  ): Promise<Place[]> {
    const places: Place[] = [];
    for (const name of listing.folders) {
      if (name.startsWith('.') || without.has(name)) continue;
      const path = join(place.path, name);
      const label = place.label === '' ? name : `${place.label}/${name}`;
      const below = { path, label, root: place.root, depth: place.depth + 1 };
      if (!listing.links.has(name)) {
        places.push(below);
        continue;
      }
      const target = await realpath(path).catch(() => null);
      const leadsBack = target === null || roots.some((root) => isWithin(root.path, target));
      if (!leadsBack) this.#linked.push({ ...below, path: target });
    }
    return places;
  }

  async #know(folder: string, listing: Listing): Promise<KnownFolder> {
    const before = this.before.get(folder);
    if (before !== undefined && (await this.look.holds(before.seen))) {
      this.look.keep(before.seen);
      return before;
    }
    const seen = new Map<string, string>();
    for (const read of readers) {
      const reading = new Reading(this.look);
      await reading.dependOn(folder);
      const facts = await read({ folder, listing, reading, logs: this.logs });
      for (const [path, signature] of reading.seen) seen.set(path, signature);
      if (facts === null) continue;
      const run = { facts, problems: [...reading.problems, ...examine({ ...facts, folder })] };
      const same = isDeepStrictEqual(run, before?.run);
      return { seen, run: same ? (before?.run ?? run) : run };
    }
    return { seen, run: null };
  }
}

/** Whether `path` is `folder` or lies below it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function rootMissing(root: RunRoot): Problem {
  const message = l10n.t(
    '{0} is not there. Create it, or take it out of the setting earmark.runs.folders.',
    root.label,
  );
  return { code: 'root-missing', severity: 'warning', message, file: root.path };
}
