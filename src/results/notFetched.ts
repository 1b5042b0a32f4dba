/** Says in a checkpoint's folder which of its files are on the host only: a folder of weights is one with or without them. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import * as z from 'zod';
import { readJson } from '../files/json';
import type { Holdings } from './holdings';
import type { RemoteFile } from './remoteFile';
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

export async function tellNotFetched(
  files: readonly RemoteFile[],
  holdings: Holdings,
  staging: Staging,
  folder: string,
): Promise<void> {
  const lacking = new Map<string, NotFetched[]>();
  for (const { path, size, mtime, kind } of files) {
    if (kind !== 'weights') continue;
    const place = dirname(holdings.names.localOf(path));
    const list = lacking.get(place) ?? [];
    lacking.set(place, list);
    if (holdings.get(path)?.mtime !== mtime) list.push({ name: posix.basename(path), size });
  }
  for (const [place, list] of lacking) {
    const target = join(folder, place, NAME);
    const text = `${JSON.stringify({ v: 1, files: list })}\n`;
    if (list.length === 0) await rm(target, { force: true });
    else if ((await readFile(target, 'utf8').catch(() => '')) !== text) {
      await staging.makeFolder(place);
      await writeFile(target, text);
    }
  }
}
