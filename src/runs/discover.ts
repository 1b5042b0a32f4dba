/** Finds the runs below the folders that a person works in. Cheap to repeat: what did not change is looked at, not read. */
import * as l10n from '@vscode/l10n';
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, posix, relative, sep } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../errors';
import { createDiskCache, Look, type DiskCache } from '../files/disk';
import { naturalOrder } from '../files/naturalOrder';
import { originFile, readOrigin, type Origin } from '../files/origin';
import { SILENT_AFTER, type EventLogs } from './events';
import type { Run, RunStatus } from './run';
import {
  Walk,
  type FoundRun,
  type KnownFolder,
  type PlacedRun,
  type RunRoot,
  type WalkOptions,
  isWithin,
} from './walk';

export type { RunRoot } from './walk';

export interface DiscoveryOptions extends WalkOptions {
  /** Epoch seconds. */
  readonly now: number;
}

export interface Discovery {
  /** Newest first where dates are known, then the others by label. */
  readonly runs: readonly Run[];
  readonly problems: readonly Problem[];
}

export interface DiscoveryCache {
  readonly disk: DiskCache;
  folders: ReadonlyMap<string, KnownFolder>;
  runs: ReadonlyMap<string, KnownRun>;
  logs: EventLogs;
  copies: ReadonlyMap<string, Copy>;
  problems: readonly Problem[];
  /** The discovery under way: two at once would read the same events twice. */
  underway: Promise<unknown>;
}

/** A folder of copies, links resolved. */
interface Copy {
  readonly path: string;
  /** Null where it does not say. */
  readonly origin: Origin | null;
  readonly signature: string;
}

interface KnownRun {
  readonly found: FoundRun;
  readonly run: Run;
  /** What of the run does not follow from its own files. */
  readonly identity: Identity;
}

interface Identity {
  readonly id: string;
  readonly label: string;
  readonly status: RunStatus['kind'];
  /** Label of the run that has the id already. */
  readonly twin: string | null;
}

export function createDiscoveryCache(): DiscoveryCache {
  return {
    disk: createDiskCache(),
    folders: new Map(),
    runs: new Map(),
    logs: new Map(),
    copies: new Map(),
    problems: [],
    underway: Promise.resolve(),
  };
}

/** Never throws on what lies in the folders. Runs and problems that did not change are the same objects as the time before. */
export function discoverRuns(
  roots: readonly RunRoot[],
  options: DiscoveryOptions,
  cache: DiscoveryCache,
): Promise<Discovery> {
  const discovery = cache.underway.then(() => discover(roots, options, cache));
  cache.underway = discovery.catch(() => undefined);
  return discovery;
}

async function discover(
  roots: readonly RunRoot[],
  options: DiscoveryOptions,
  cache: DiscoveryCache,
): Promise<Discovery> {
  const look = new Look(cache.disk);
  const walk = new Walk(look, cache.folders, cache.logs, options);
  await walk.from(roots);
  cache.copies = await copiesOf(roots, look, cache.copies);
  look.finish();
  cache.folders = walk.folders;
  cache.logs = new Map([...cache.logs].filter(([file]) => walk.folders.has(dirname(file))));

  const runs = identify(withoutParts(walk.runs), options.now, cache);
  if (!isDeepStrictEqual(walk.problems, cache.problems)) cache.problems = walk.problems;
  return { runs: runs.sort(newestFirst), problems: cache.problems };
}

async function copiesOf(
  roots: readonly RunRoot[],
  look: Look,
  before: ReadonlyMap<string, Copy>,
): Promise<Map<string, Copy>> {
  const copies = new Map<string, Copy>();
  for (const root of roots) {
    const path = root.isCopy === true ? await realpath(root.path).catch(() => null) : null;
    if (path === null) continue;
    const signature = await look.signature(originFile(path));
    const known = before.get(path);
    const isSame = known?.signature === signature;
    copies.set(path, isSame ? known : { path, signature, origin: await readOrigin(path) });
  }
  return copies;
}

/** A root inside a run, such as its evaluation folder opened by itself, is no run beside it. */
function withoutParts(runs: readonly PlacedRun[]): PlacedRun[] {
  const byFolder = new Map(runs.map((run) => [run.folder, run]));
  return runs.filter(({ folder }) => {
    for (let above = dirname(folder); above !== dirname(above); above = dirname(above)) {
      const parts = byFolder.get(above)?.found.facts.parts ?? [];
      if (parts === 'all' || parts.includes(relative(above, folder).split(sep)[0] ?? '')) return false;
    }
    return true;
  });
}

function identify(placed: readonly PlacedRun[], now: number, cache: DiscoveryCache): Run[] {
  const known = new Map<string, KnownRun>();
  const owners = new Map<string, string>();
  const copies = [...cache.copies.values()];
  const copyOf = (run: PlacedRun): Copy | undefined => copies.find(({ path }) => isWithin(run.folder, path));
  const copied = (run: PlacedRun): number => Number(copyOf(run) !== undefined);
  for (const run of [...placed].sort((a, b) => copied(a) - copied(b) || originalsFirst(a, b))) {
    const { found, folder, label } = run;
    const identity: Identity = {
      ...claimId(run, copyOf(run), owners),
      label,
      status: statusAt(found.facts.status, now).kind,
    };
    const before = cache.runs.get(folder);
    const same = before?.found === found && isDeepStrictEqual(before.identity, identity);
    known.set(folder, same ? before : { found, identity, run: toRun(run, identity, now) });
  }
  cache.runs = known;
  return [...known.values()].map(({ run }) => run);
}

/** A copied run carries the id of its original: it gets one of its own, so that notes do not mix. */
function claimId(
  { found, folder, label }: PlacedRun,
  copy: Copy | undefined,
  owners: Map<string, string>,
): Pick<Identity, 'id' | 'twin'> {
  const id = found.facts.ownId ?? placeId(folder, copy);
  const twin = owners.get(id);
  if (twin !== undefined) return { id: hash(id, folder), twin };
  owners.set(id, label);
  return { id, twin: null };
}

/** Of a run without one: where it is, and of a copy where its original is, so that notes made there and here are of one run. */
function placeId(folder: string, copy: Copy | undefined): string {
  if (copy === undefined || copy.origin === null) return hash(hostname(), folder);
  const inside = relative(copy.path, folder).split(sep).join(posix.sep);
  return hash(copy.origin.host, posix.join(copy.origin.folder, inside));
}

function toRun({ found, folder, label }: PlacedRun, { id, twin }: Identity, now: number): Run {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- what only discovery needs is left out
  const { ownId, ownName, parts, ...facts } = found.facts;
  const place = ownId === null ? folder : join(folder, 'run.json');
  const problems = twin === null ? found.problems : [copied(place, twin), ...found.problems];
  return {
    ...facts,
    status: statusAt(facts.status, now),
    id,
    name: basename(folder),
    folder,
    label,
    problems,
  };
}

function copied(file: string, twin: string): Problem {
  const message = l10n.t(
    'This folder has the same id as {0}, so it seems to be a copy. It is kept apart, with notes of its own.',
    twin,
  );
  return { code: 'run-copied', severity: 'warning', message, file };
}

/** Silence is a matter of time, not of files. */
function statusAt(status: RunStatus, now: number): RunStatus {
  if (status.kind !== 'training') return status;
  return Math.abs(now - status.lastEvent) <= SILENT_AFTER
    ? status
    : { kind: 'silent', lastEvent: status.lastEvent };
}

/** Of two runs with one id, the one whose folder still has the name that it was made under is the original. */
function originalsFirst(a: PlacedRun, b: PlacedRun): number {
  const renamed = (run: PlacedRun): number => (run.found.facts.ownName === basename(run.folder) ? 0 : 1);
  return renamed(a) - renamed(b) || (a.folder < b.folder ? -1 : 1);
}

function newestFirst(a: Run, b: Run): number {
  const dated = Number(b.created !== null) - Number(a.created !== null);
  return dated || timeOf(b) - timeOf(a) || naturalOrder(a.label, b.label);
}

function timeOf(run: Run): number {
  const time = Date.parse(run.created ?? '');
  return Number.isNaN(time) ? 0 : time;
}

function hash(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 16);
}
