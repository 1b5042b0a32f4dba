/**
 * Looking at folders again and again, cheaply. A Look is one pass over the disk. A Reading is one result within it and
 * remembers each file and folder that it depends on, so that a later look can tell by stats alone whether it still holds.
 */
import { stat, type Dirent, type Stats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../errors';
import { errorCode, isMissing, readJson, unreadable } from './json';

export interface Listing {
  /** Names of folders, links to folders included, sorted. */
  readonly folders: readonly string[];
  /** Names of everything else, in no order; links that lead nowhere among them. */
  readonly files: readonly string[];
  /** Which of both are links. */
  readonly links: ReadonlySet<string>;
  readonly problem: Problem | null;
}

/** Path → how it looked when it was read. */
export type Seen = ReadonlyMap<string, string>;

interface KnownListing {
  readonly signature: string;
  readonly listing: Listing;
}

/** What outlives a look. */
export interface DiskCache {
  listings: Map<string, KnownListing>;
}

export function createDiskCache(): DiskCache {
  return { listings: new Map() };
}

/**
 * A file may change again within one tick of its file system's clock and keep its times. What changed this recently,
 * in milliseconds, is therefore never believed to be unchanged: the coarsest clocks tick every two seconds.
 */
const FRESH_MS = 2000;

const clipName = /\.wav$/i;

export function isClipName(name: string): boolean {
  return clipName.test(name);
}

export class Look {
  readonly #signatures = new Map<string, Promise<string>>();
  readonly #listings = new Map<string, Promise<Listing>>();
  readonly #kept = new Map<string, KnownListing>();

  constructor(private readonly cache: DiskCache) {}

  /** Kind, identity, size and times of what is at the path; the same for the whole look. */
  signature(path: string): Promise<string> {
    let signature = this.#signatures.get(path);
    if (signature === undefined) {
      signature = sign(path);
      this.#signatures.set(path, signature);
    }
    return signature;
  }

  list(path: string): Promise<Listing> {
    let listing = this.#listings.get(path);
    if (listing === undefined) {
      listing = this.#list(path);
      this.#listings.set(path, listing);
    }
    return listing;
  }

  async holds(seen: Seen): Promise<boolean> {
    const checks = Array.from(seen, async ([path, before]) => (await this.signature(path)) === before);
    return (await Promise.all(checks)).every(Boolean);
  }

  /** Keeps the listing of a folder whose result still holds and was not read in this look. */
  keep(seen: Seen): void {
    for (const path of seen.keys()) {
      const known = this.cache.listings.get(path);
      if (known !== undefined) this.#kept.set(path, known);
    }
  }

  /** Ends the look: forgets the listings that it did not need. */
  finish(): void {
    this.cache.listings = this.#kept;
  }

  async #list(path: string): Promise<Listing> {
    const signature = await this.signature(path);
    const known = this.cache.listings.get(path);
    if (known?.signature === signature) {
      this.#kept.set(path, known);
      return known.listing;
    }
    const listing = await readListing(path);
    if (listing.problem === null && !signature.startsWith(FRESH))
      this.#kept.set(path, { signature, listing });
    return listing;
  }
}

export class Reading {
  readonly #seen = new Map<string, string>();
  readonly problems: Problem[] = [];

  constructor(readonly look: Look) {}

  get seen(): Seen {
    return this.#seen;
  }

  /** Makes this result depend on what is at the path. Call it before reading there. */
  async dependOn(path: string): Promise<void> {
    this.#seen.set(path, await this.look.signature(path));
  }

  async list(path: string): Promise<Listing> {
    await this.dependOn(path);
    const listing = await this.look.list(path);
    if (listing.problem !== null) this.problems.push(listing.problem);
    return listing;
  }

  /** The file's JSON; undefined when it is missing, or wrong, which adds to the problems. */
  async json(path: string): Promise<unknown> {
    await this.dependOn(path);
    const { value, problem } = await readJson(path);
    if (problem !== null) this.problems.push(problem);
    return value;
  }
}

async function sign(path: string): Promise<string> {
  try {
    const stats = await statOf(path);
    if (Math.abs(Date.now() - stats.mtimeMs) < FRESH_MS) return `${FRESH}${performance.now()}`;
    return `${stats.ino}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}`;
  } catch (error) {
    return errorCode(error);
  }
}

/** A signature with this is like no other one. */
const FRESH = 'fresh ';

/** The callback form: a look at many runs is mostly this call, and the promise form takes twice the time. */
function statOf(path: string): Promise<Stats> {
  return new Promise((resolve, reject) => {
    stat(path, (error, stats) => {
      if (error === null) resolve(stats);
      else reject(error);
    });
  });
}

async function readListing(path: string): Promise<Listing> {
  const folders: string[] = [];
  const files: string[] = [];
  const links = new Set<string>();
  let entries: Dirent[];
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    return { folders, files, links, problem: isMissing(error) ? null : unreadable(path, error) };
  }
  for (const entry of entries) {
    if (entry.isSymbolicLink()) {
      links.add(entry.name);
      // Clips are never looked at one by one here; whoever opens one resolves its link.
      if (isClipName(entry.name)) files.push(entry.name);
      else ((await leadsToFolder(join(path, entry.name))) ? folders : files).push(entry.name);
    } else (entry.isDirectory() ? folders : files).push(entry.name);
  }
  return { folders: folders.sort(), files, links, problem: null };
}

async function leadsToFolder(link: string): Promise<boolean> {
  return statOf(link).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}
