/** Files on their way: in `.incoming/` until the client itself has hashed what lies on its disk, then in place by one rename. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, open, readdir, rename, rm, utimes, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { grows, type RemoteFile } from './remoteFile';

export const STAGING = '.incoming';
const { O_WRONLY, O_CREAT, O_RDONLY, O_NOFOLLOW } = constants;
const CHUNK_BYTES = 1_048_576;

export class Staging {
  #handle: FileHandle | null = null;
  #at = 0;
  /** Folders that are known to be folders and no links. */
  readonly #sure = new Set<string>();

  constructor(private readonly folder: string) {}

  /** Makes the mirror's own folders. */
  async prepare(): Promise<void> {
    this.#sure.clear(); // somebody may have removed them since
    await mkdir(this.folder, { recursive: true });
    await this.makeFolder(STAGING);
  }

  /** Makes a folder in the mirror, never through a link: what lies in a workspace may lead anywhere. */
  async makeFolder(path: string): Promise<void> {
    if (path === '.' || this.#sure.has(path)) return;
    await this.makeFolder(dirname(path));
    const place = join(this.folder, path);
    await mkdir(place).catch(ignoreExisting);
    if (!(await lstat(place)).isDirectory()) throw new NotAFolder(place);
    this.#sure.add(path);
  }

  /** How much of it came before; a growing file goes on from what is in place already. */
  async offsetOf(file: RemoteFile, inPlace: string | null): Promise<number> {
    const part = this.#partOf(file);
    let size = await sizeOf(part);
    if (size === 0 && inPlace !== null) {
      await copyFile(join(this.folder, inPlace), part);
      size = await sizeOf(part);
    }
    return size <= file.size ? size : 0;
  }

  async begin(file: RemoteFile, offset: number): Promise<void> {
    await this.close();
    this.#handle = await open(this.#partOf(file), O_WRONLY | O_CREAT | O_NOFOLLOW, 0o644);
    await this.#handle.truncate(offset);
    this.#at = offset;
  }

  async write(part: Uint8Array): Promise<void> {
    for (let done = 0; done < part.length;) {
      const written = await this.#handle?.write(part, done, part.length - done, this.#at);
      done += written?.bytesWritten ?? part.length;
      this.#at += written?.bytesWritten ?? 0;
    }
  }

  /** Puts it in place when it has the hash; else throws it away and returns false. */
  async finish(file: RemoteFile, sha256: string, local: string): Promise<boolean> {
    await this.close();
    const part = this.#partOf(file);
    if ((await hashOf(part)) !== sha256) {
      await this.drop(file);
      return false;
    }
    await this.makeFolder(dirname(local));
    const seconds = Number(BigInt(file.mtime) / 1_000_000n) / 1000;
    await utimes(part, seconds, seconds);
    await rename(part, join(this.folder, local));
    return true;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close();
  }

  async drop(file: RemoteFile): Promise<void> {
    await this.close();
    await rm(this.#partOf(file), { force: true });
  }

  /** Throws parts of files away that nobody wants as they were. */
  async clean(wanted: readonly RemoteFile[]): Promise<void> {
    const parts = new Set(wanted.map(partName));
    for (const name of await readdir(join(this.folder, STAGING)))
      if (name.endsWith('.part') && !parts.has(name))
        await rm(join(this.folder, STAGING, name), { force: true });
  }

  #partOf(file: RemoteFile): string {
    return join(this.folder, STAGING, partName(file));
  }
}

/** Something else is where a folder of the mirror has to be. */
export class NotAFolder extends Error {
  constructor(readonly place: string) {
    super(place);
  }
}

/** Parts of different versions are different files; of a growing file only another inode is another version. */
function partName(file: RemoteFile): string {
  const version = grows(file) ? [file.inode] : [file.inode, file.size, file.mtime];
  const hash = createHash('sha256').update([file.path, ...version].join('\0'));
  return `${hash.digest('hex').slice(0, 32)}.part`;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(path, O_RDONLY | O_NOFOLLOW);
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

async function sizeOf(path: string): Promise<number> {
  return lstat(path).then((stats) => (stats.isFile() ? stats.size : 0), () => 0); // prettier-ignore
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
}
