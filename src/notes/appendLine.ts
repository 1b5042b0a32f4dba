/** Appending one line so that it is either there, whole and on the disk, or reported as not saved. */
import * as fs from 'node:fs/promises';
import { dirname } from 'node:path';

/** What appending needs of a file; tests hand in disks that are full. */
export interface AppendFile {
  stat(): Promise<{ readonly size: number }>;
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  write(bytes: Buffer): Promise<{ bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export type OpenToAppend = (file: string) => Promise<AppendFile>;

export class ShortWrite extends Error {
  override readonly name = 'ShortWrite';
  readonly code = 'ENOSPC';
}

/**
 * Appends `line` and a newline. Several windows may append to one file at once without a lock: the file is opened with
 * O_APPEND and the line goes out in one write call, which the kernel of one machine does not interleave (file names carry the
 * machine). A line that an earlier crash left torn is ended first, in the same call. Nothing is ever cut off a file:
 * behind a piece that a full disk let through, another window's line may already stand.
 */
export async function appendLine(
  file: string,
  line: string,
  open: OpenToAppend = openToAppend,
): Promise<void> {
  const handle = await open(file);
  try {
    const bytes = Buffer.from(`${(await endsTorn(handle)) ? '\n' : ''}${line}\n`);
    const { bytesWritten } = await handle.write(bytes);
    if (bytesWritten < bytes.length) {
      // End the piece, if there is room for that; if not, the next append does.
      await handle.write(Buffer.from('\n')).catch(() => undefined);
      throw new ShortWrite(`${bytesWritten} of ${bytes.length} bytes`);
    }
    await handle.sync().catch(ignoreUnsupported);
  } finally {
    await handle.close();
  }
}

/** Opens for appending, making the folders that are missing. */
export async function openToAppend(file: string): Promise<AppendFile> {
  await fs.mkdir(dirname(file), { recursive: true });
  const there = await fs.lstat(file).catch(() => null);
  // A link could lead out of the notes folder, and a pipe would wait for ever.
  if (there && !there.isFile()) throw Object.assign(new Error(`not a file: ${file}`), { code: 'EEXIST' });
  const handle = await fs.open(file, 'a+');
  if (!there) await syncFolder(dirname(file));
  return handle;
}

async function endsTorn(handle: AppendFile): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  await handle.read(last, 0, 1, size - 1);
  return last[0] !== 10;
}

/** A new file's name survives a power cut only when its folder is synced too; not every system can. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await fs.open(folder, 'r').catch(() => null);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** Some network and user-space file systems know no fsync; the write itself went through. */
function ignoreUnsupported(error: unknown): void {
  const code = codeOf(error);
  if (code !== 'EINVAL' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
}

/** `ENOSPC` and the like; empty for errors that carry none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
