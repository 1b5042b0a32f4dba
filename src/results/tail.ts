/** What growing files of the host have grown by, put behind what is here. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Tail } from '../hosts/tail';
import type { MirrorEntry } from './mirrorIndex';
import { STAGING, type Staging } from './staging';

export interface LocalTail extends Tail {
  /** Relative to the mirror. */
  readonly local: string;
  /** Inode on the host of what is here; null when nothing is. */
  readonly inodeHere: number | null;
}

/** Only ever in order and byte for byte: what does not go on from what is here changes nothing and is null. */
export async function appendTail(
  folder: string,
  staging: Staging,
  tail: LocalTail,
): Promise<MirrorEntry | null> {
  const { path, local, inode, offset, bytes } = tail;
  const file = join(folder, local);
  const size = await lstat(file).then((stats) => (stats.isFile() ? stats.size : null), () => null); // prettier-ignore
  const goesOn = size !== null && tail.inodeHere === inode && size <= tail.size;
  if (goesOn ? offset > size : offset > 0) return null;
  if (goesOn) await writeAt(file, size, bytes.subarray(size - offset));
  else {
    await staging.makeFolder(dirname(local));
    await replace(folder, file, bytes);
  }
  const length = goesOn ? Math.max(size, offset + bytes.length) : bytes.length;
  return { path, local, size: length, mtime: '0', inode, sha256: null, gone: false };
}

/** At its place rather than at the end: two windows that write the same bytes then write them once. */
async function writeAt(file: string, position: number, bytes: Uint8Array): Promise<void> {
  if (bytes.length === 0) return;
  const handle = await open(file, constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    for (let done = 0; done < bytes.length;)
      done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  } finally {
    await handle.close();
  }
}

async function replace(folder: string, file: string, bytes: Uint8Array): Promise<void> {
  const draft = join(folder, STAGING, `${randomUUID()}.tail`);
  try {
    await writeFile(draft, bytes, { flag: 'wx' });
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}
