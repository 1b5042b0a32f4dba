/** How much of what is on the host has room here. */
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isMissing } from '../files/json';
import type { RemoteFile } from './remoteFile';

/** Left free on the disk: a listener's notes go there too. */
export const RESERVE_BYTES = 64_000_000;
const BATCH_FILES = 1000;
const BATCH_BYTES = 256_000_000;

/** As many from the front as the mirror may hold. `extra` is what a file takes beyond what is here of it now. */
export function withinLimit(
  files: readonly RemoteFile[],
  usedBytes: number,
  limitBytes: number,
  extra: (file: RemoteFile) => number,
): readonly RemoteFile[] {
  let used = usedBytes;
  const end = files.findIndex((file) => (used += extra(file)) > limitBytes);
  return end === -1 ? files : files.slice(0, end);
}

/** As many from the front as are asked for in one go and have room on the disk. */
export function batchOf(files: readonly RemoteFile[], freeBytes: number): readonly RemoteFile[] {
  let bytes = 0;
  const end = files.findIndex(({ size }, index) => {
    bytes += size;
    return index >= BATCH_FILES || bytes > freeBytes - RESERVE_BYTES || (index > 0 && bytes > BATCH_BYTES);
  });
  return end === -1 ? files : files.slice(0, end);
}

export function bytesOf(files: readonly { readonly size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

/** What is free on the disk that a folder lies on, or will lie on. */
export async function freeBytesFor(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (error) {
    if (dirname(folder) === folder || !isMissing(error)) throw error;
    return freeBytesFor(dirname(folder));
  }
}
