/** Which of a host's files are worth having here, and in which order they are heard. */
import { posix } from 'node:path';
import type { Listing } from '../files/disk';
import { naturalOrder } from '../files/naturalOrder';
import { foldersOfTakes } from '../files/wavFolders';
import { grows, type RemoteFile } from './remoteFile';

export interface Wanted {
  /** Metadata, indexes and events: what the tree and the pages are made of. Small ones first. */
  readonly data: readonly RemoteFile[];
  /** In listening order. */
  readonly clips: readonly RemoteFile[];
}

const indexNames = new Set(['comparison_results.jsonl', 'comparison_results.json', 'evaluation.json']);
/** Sidecars of a data set come by the thousand; the few files of a run do not. */
const MOST_DATA_IN_FOLDER = 100;
/** A folder with more folders is a collection, not the takes of a few checkpoints. */
const MOST_FOLDERS_OF_TAKES = 64;
const SETTLED_NS = 2_000_000_000n;

/** Weights are never wanted: they are fetched when a person asks for them. */
export function wantedOf(files: readonly RemoteFile[]): Wanted {
  const byFolder = groupBy(files, ({ path }) => posix.dirname(path));
  const data: RemoteFile[] = [];
  for (const inside of byFolder.values()) {
    const all = inside.filter(({ kind }) => kind === 'data');
    data.push(...(all.length <= MOST_DATA_IN_FOLDER ? all : all.filter(isNeeded)));
  }
  const evaluations = foldersOfEvaluations(byFolder);
  const clips = files.filter(({ kind, path }) => kind === 'clip' && evaluations.has(posix.dirname(path)));
  return { data: data.sort(bySize), clips: inListeningOrder(clips) };
}

/** A clip that was written to just now, by the host's clock (`now`, nanoseconds since 1970), may be half of one. */
export function isSettled({ kind, mtime }: RemoteFile, now: bigint): boolean {
  const age = now - BigInt(mtime);
  return kind !== 'clip' || age > SETTLED_NS || age < 0n;
}

function isNeeded(file: RemoteFile): boolean {
  const name = posix.basename(file.path);
  return indexNames.has(name) || name === 'run.json' || grows(file);
}

/**
 * Folders of clips that the readers would take for an evaluation's: near an index, in a folder that is named as
 * evaluations or models are, or beside folders with clips of the same names. All other sound is training data.
 */
function foldersOfEvaluations(byFolder: ReadonlyMap<string, readonly RemoteFile[]>): ReadonlySet<string> {
  const ofClips = [...byFolder].filter(([, files]) => files.some(({ kind }) => kind === 'clip'));
  const takes = new Set<string>();
  for (const [parent, siblings] of groupBy(ofClips, ([folder]) => posix.dirname(folder))) {
    if (siblings.length > MOST_FOLDERS_OF_TAKES) continue;
    const listings = new Map(siblings.map(([folder, files]) => [posix.basename(folder), listingOf(files)]));
    for (const name of foldersOfTakes(listings)) takes.add(posix.join(parent, name));
  }
  const indexed = (folder: string): boolean =>
    (byFolder.get(folder) ?? []).some(({ path }) => indexNames.has(posix.basename(path)));
  const evaluations = ofClips
    .map(([folder]) => folder)
    .filter((folder) => {
      const near = [folder, posix.dirname(folder), posix.dirname(posix.dirname(folder))];
      return (
        takes.has(folder) ||
        isModelFolder(posix.basename(folder)) ||
        near.some((place) => indexed(place) || /^eval/i.test(posix.basename(place)))
      );
    });
  return new Set(evaluations);
}

/** Newest evaluation first; in it prompt by prompt, all takes of the first, then all of the second. */
function inListeningOrder(clips: readonly RemoteFile[]): RemoteFile[] {
  const evaluations = groupBy(clips, ({ path }) => posix.dirname(posix.dirname(path)));
  const newest = ([, files]: [string, RemoteFile[]]): bigint =>
    files.reduce((latest, { mtime }) => (BigInt(mtime) > latest ? BigInt(mtime) : latest), 0n);
  return [...evaluations]
    .map((entry) => ({ time: newest(entry), path: entry[0], files: entry[1] }))
    .sort((a, b) => (a.time === b.time ? byName(a.path, b.path) : a.time > b.time ? -1 : 1))
    .flatMap(({ files }) => byPromptAndTake(files));
}

function byPromptAndTake(files: readonly RemoteFile[]): RemoteFile[] {
  return files
    .map((file) => {
      const name = posix.basename(file.path);
      const number = /^(?:prompt[_\- ]?)?(\d{1,6})(?!\d)/i.exec(name)?.[1];
      const folder = posix.basename(posix.dirname(file.path));
      return { file, name, folder, number: number === undefined ? Infinity : Number(number) };
    })
    .sort(
      (a, b) =>
        (a.number === b.number ? 0 : a.number - b.number) ||
        byName(a.name, b.name) ||
        rankOf(a.folder) - rankOf(b.folder) ||
        byName(a.folder, b.folder),
    )
    .map(({ file }) => file);
}

function rankOf(folder: string): number {
  const place = ['base', 'best', 'final'].findIndex((name) => folder.startsWith(name));
  return place === -1 ? 3 : place;
}

function isModelFolder(name: string): boolean {
  return /^((base|best|final)_model|checkpoint-\d+)(@|$)/.test(name);
}

function listingOf(files: readonly RemoteFile[]): Listing {
  return {
    folders: [],
    files: files.map(({ path }) => posix.basename(path)),
    links: new Set(),
    problem: null,
  };
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function byName(a: string, b: string): number {
  return naturalOrder(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

function bySize(a: RemoteFile, b: RemoteFile): number {
  return a.size - b.size || byName(a.path, b.path);
}
