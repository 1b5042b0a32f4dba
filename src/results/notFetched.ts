/** Says in a checkpoint's folder which of its files are on the host only: a folder of weights is one with or without them. */
import { readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import * as z from 'zod';
import { readJson } from '../files/json';
import type { Listing } from './ask';
import type { Holdings } from './holdings';
import type { Staging } from './staging';

export interface NotFetched {
  readonly name: string;
  readonly size: number;
}

const NAME = '.not-fetched.json';
const file = z.object({
  v: z.literal(1),
  files: z.array(z.object({ name: z.string(), size: z.number().int().min(0) })),
});

/** What a folder of a mirror lacks of its files on the host; nothing in any other folder. */
export async function readNotFetched(folder: string): Promise<readonly NotFetched[]> {
  const { value } = await readJson(join(folder, NAME));
  return file.safeParse(value).data?.files ?? [];
}

/** `listing` is all that is on the host, less what it left out: of that, what was told before stays. */
export async function tellNotFetched(
  { files, leftOut }: Listing,
  holdings: Holdings,
  staging: Staging,
  folder: string,
): Promise<void> {
  const missing = await holdings.missing(files.filter(({ kind }) => kind === 'weights'));
  const lacking = new Map<string, NotFetched[]>();
  for (const { path, size } of missing) {
    const place = dirname(holdings.names.localOf(path));
    lacking.set(place, [...(lacking.get(place) ?? []), { name: posix.basename(path), size }]);
  }
  const listed = new Set(files.map(({ path }) => dirname(holdings.names.localOf(path))));
  for (const place of await toldPlaces(folder)) {
    if (lacking.has(place) || (leftOut > 0 && !listed.has(place))) continue;
    await rm(join(folder, place, NAME), { force: true });
    // A folder that held nothing else would pass for a checkpoint.
    await rmdir(join(folder, place)).catch(() => undefined);
  }
  for (const [place, list] of lacking) {
    const target = join(folder, place, NAME);
    const text = `${JSON.stringify({ v: 1, files: list })}\n`;
    if ((await readFile(target, 'utf8').catch(() => '')) === text) continue;
    await staging.makeFolder(place);
    await writeFile(target, text);
  }
}

/** Relative to the mirror. The disk is asked, since it alone outlives all windows. */
async function toldPlaces(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true }).catch((): string[] => []);
  return all.filter((path) => basename(path) === NAME).map((path) => dirname(path));
}
