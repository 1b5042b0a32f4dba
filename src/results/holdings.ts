/** What of a host's files is here: told by the disk, and by the index for what the disk can't tell. */
import { lstat } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import { mapLimited } from '../files/pace';
import { LocalNames } from './localNames';
import {
  readMirrorIndex,
  signatureOf,
  writeMirrorIndex,
  type MirrorEntry,
  type MirrorIndex,
} from './mirrorIndex';
import { grows, isInside, relativeTo, type RemoteFile } from './remoteFile';

const AT_ONCE = 32;

export class Holdings {
  readonly names: LocalNames;
  #index: MirrorIndex = new Map();
  /** How the index file was when it was last read or written. */
  #signature: string | null = null;
  /** Something is known that is not in the file. */
  #dirty = false;

  constructor(
    private readonly folder: string,
    private readonly remote: string,
    platform: NodeJS.Platform,
  ) {
    this.names = new LocalNames(platform);
  }

  localPath(remote: string): string | null {
    const inside = relativeTo(this.remote, remote);
    if (inside === null) return null;
    return inside === '' ? this.folder : join(this.folder, this.names.localOf(inside));
  }

  remotePath(local: string): string | null {
    const inside = relative(this.folder, local).split(sep).join('/');
    if (inside === '') return this.remote;
    return isInside(inside) ? posix.join(this.remote, this.names.remoteOf(inside) ?? inside) : null;
  }

  /** Reads the index where it was not read yet, or with `anew` where another window wrote it since. True when it was read. */
  async load(anew = false): Promise<boolean> {
    if (this.#signature !== null && !anew) return false;
    const signature = await signatureOf(this.folder);
    if (signature === this.#signature) return false;
    const before = this.#index;
    this.#index = await readMirrorIndex(this.folder, this.remote);
    this.#signature = signature;
    this.#dirty = false;
    for (const [path, { local }] of this.#index) this.names.keep(path, local);
    // What came with looks at jobs is not in the index of whichever window wrote it last.
    for (const [path, entry] of before)
      if (entry.sha256 === null && this.#index.get(path)?.inode !== entry.inode) this.set(entry);
    return true;
  }

  async save(): Promise<void> {
    if (!this.#dirty) return;
    await writeMirrorIndex(this.folder, this.remote, this.#index);
    this.#dirty = false;
    this.#signature = await signatureOf(this.folder);
  }

  get(path: string): MirrorEntry | undefined {
    return this.#index.get(path);
  }

  set(entry: MirrorEntry): void {
    this.#index.set(entry.path, entry);
    this.#dirty = true;
  }

  /** Of all that is here, whether or not it is still on the host. */
  get bytes(): number {
    let bytes = 0;
    for (const { size } of this.#index.values()) bytes += size;
    return bytes;
  }

  get goneCount(): number {
    let count = 0;
    for (const { gone } of this.#index.values()) if (gone) count++;
    return count;
  }

  /** Remembers which of the files here are on the host no longer, until they are deleted here too; one that is there again is as it was. */
  async compare(files: readonly RemoteFile[]): Promise<void> {
    const there = new Set(files.map(({ path }) => path));
    for (const entry of [...this.#index.values()]) {
      const { path, gone } = entry;
      if (gone === there.has(path)) this.set({ ...entry, gone: !gone });
      if (there.has(path) || (await this.sizeOf(path)) !== null) continue;
      this.#index.delete(path);
      this.#dirty = true;
    }
  }

  /** Those that are not here as they are listed. */
  async missing(files: readonly RemoteFile[]): Promise<RemoteFile[]> {
    const here = await mapLimited(files, AT_ONCE, (file) => this.has(file));
    return files.filter((_, index) => here[index] !== true);
  }

  async has(file: RemoteFile): Promise<boolean> {
    const local = this.names.localOf(file.path);
    const stats = await lstat(join(this.folder, local)).catch(() => null);
    if (stats?.isFile() !== true) return false;
    const entry = this.get(file.path);
    if (entry !== undefined && grows(file)) return entry.inode === file.inode && stats.size >= file.size;
    if (stats.size !== file.size) return false;
    if (entry !== undefined) return entry.mtime === file.mtime && entry.inode === file.inode;
    // It arrived, and whoever brought it was killed before the index was written.
    if (Math.abs(stats.mtimeMs - Number(BigInt(file.mtime) / 1_000_000n)) >= 1) return false;
    this.set(entryOf(file, local, null));
    return true;
  }

  /** How much of a growing file is here, by its absolute path on the host. */
  async tailOf(remote: string): Promise<{ inode: number | null; offset: number }> {
    const inside = relativeTo(this.remote, remote) ?? '';
    const size = await this.sizeOf(inside);
    return size === null
      ? { inode: null, offset: 0 }
      : { inode: this.get(inside)?.inode ?? null, offset: size };
  }

  /** Bytes here of a file that is known by the index; null when there are none. */
  async sizeOf(path: string): Promise<number | null> {
    const entry = this.get(path);
    if (entry === undefined) return null;
    const stats = await lstat(join(this.folder, entry.local)).catch(() => null);
    return stats?.isFile() === true ? stats.size : null;
  }
}

export function entryOf(file: RemoteFile, local: string, sha256: string | null): MirrorEntry {
  const { path, size, mtime, inode } = file;
  return { path, local, size, mtime, inode, sha256, gone: false };
}
