/** What a mirror knows of the files it has: `.mirror.json`. Without it they are known again by size and time. */
import { randomUUID } from 'node:crypto';
import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { readJson } from '../files/json';

const count = z.number().int().min(0);
const entry = z.object({
  /** Relative to the host's folder. */
  path: z.string(),
  /** Relative to the mirror; differs where a disk here can't hold the host's name. */
  local: z.string(),
  size: count,
  mtime: z.string(),
  inode: count,
  /** Null of a file that grew here from what came with looks at its job. */
  sha256: z.string().nullable(),
  /** It is no longer on the host. It stays here: somebody may have listened to it. */
  gone: z.boolean().default(false),
});
const indexFile = z.object({ v: z.literal(1), remote: z.string(), files: z.array(z.unknown()) });

export type MirrorEntry = Readonly<z.infer<typeof entry>>;
export type MirrorIndex = Map<string, MirrorEntry>;

/** Entries by path. Empty when there is no index, or one of another folder. */
export async function readMirrorIndex(folder: string, remote: string): Promise<MirrorIndex> {
  const { value } = await readJson(join(folder, NAME));
  const index = indexFile.safeParse(value);
  if (!index.success || index.data.remote !== remote) return new Map();
  const entries = index.data.files.flatMap((candidate) => entry.safeParse(candidate).data ?? []);
  return new Map(entries.map((one) => [one.path, one]));
}

/** Readers see the old one or the new one. */
export async function writeMirrorIndex(folder: string, remote: string, index: MirrorIndex): Promise<void> {
  const lines = [...index.values()].map((one) => JSON.stringify(one)).join(',\n');
  const draft = join(folder, `${NAME}.${randomUUID()}`);
  try {
    await writeFile(draft, `{"v":1,"remote":${JSON.stringify(remote)},"files":[\n${lines}\n]}\n`, {
      flag: 'wx',
    });
    await rename(draft, join(folder, NAME));
  } finally {
    await rm(draft, { force: true });
  }
}

/** The same as long as nobody has written it. */
export async function signatureOf(folder: string): Promise<string> {
  return stat(join(folder, NAME)).then(
    ({ ino, size, mtimeMs, ctimeMs }) => `${ino}:${size}:${mtimeMs}:${ctimeMs}`,
    () => 'none',
  );
}

const NAME = '.mirror.json';
