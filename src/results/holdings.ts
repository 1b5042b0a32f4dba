/** What of a host's files is here: told by the disk, and by the index for what the disk can't tell. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { mapLimited } from '../files/pace';
import { LocalNames } from './localNames';
import { readMirrorIndex, writeMirrorIndex, type MirrorEntry, type MirrorIndex } from './mirrorIndex';
import { grows, type RemoteFile } from './remoteFile';

const AT_ONCE = 32;

export class Holdings {
  readonly names: LocalNames;
  #index: MirrorIndex = new Map();
  #loaded = false;

  constructor(
    private readonly folder: string,
    private readonly remote: string,
    platform: NodeJS.Platform,
  ) {
    this.names = new LocalNames(platform);
  }

  /** Reads the index unless it was read. `anew` for what another window may have written since. */
  async load(anew = false): Promise<void> {
    if (this.#loaded && !anew) return;
    const grown = [...this.#index].filter(([, { sha256 }]) => sha256 === null);
    this.#index = await readMirrorIndex(this.folder, this.remote);
    for (const [path, { local }] of this.#index) this.names.keep(path, local);
    // What came with looks at jobs is not in the index of whichever window wrote it last.
    for (const [path, entry] of grown) this.#index.set(path, entry);
    this.#loaded = true;
  }

  save(): Promise<void> {
    return writeMirrorIndex(this.folder, this.remote, this.#index);
  }

  get(path: string): MirrorEntry | undefined {
    return this.#index.get(path);
  }

  set(entry: MirrorEntry): void {
    this.#index.set(entry.path, entry);
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

  /** Remembers which of the files here are on the host no longer; one that is there again is as it was. */
  compare(files: readonly RemoteFile[]): void {
    const there = new Set(files.map(({ path }) => path));
    for (const entry of this.#index.values())
      if (entry.gone === there.has(entry.path)) this.set({ ...entry, gone: !entry.gone });
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
