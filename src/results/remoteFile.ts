/** A file on the host, as results.py lists it. */
import { posix } from 'node:path';
import * as z from 'zod';

export interface RemoteFile {
  /** Relative to the host's folder, `/`-separated, inside it and not hidden. */
  readonly path: string;
  readonly size: number;
  /** Nanoseconds since 1970 as text: as a number it would be rounded. */
  readonly mtime: string;
  readonly inode: number;
  /** `data` and `clip` may come by themselves; `weights` only when a person asks for a checkpoint. */
  readonly kind: 'data' | 'clip' | 'weights';
}

const count = z.number().int().min(0);
const row = z.tuple([z.string(), count, z.string().regex(/^-?\d{1,20}$/), count, z.enum(['data', 'clip', 'weights'])]); // prettier-ignore
const folderLine = z.object({ folder: z.string(), files: z.array(row) });

/** The files of one line of a listing; null when it is none. Names that lead elsewhere are no files. */
export function readFolderLine(value: unknown): RemoteFile[] | null {
  const line = folderLine.safeParse(value);
  if (!line.success) return null;
  return line.data.files
    .map(([name, size, mtime, inode, kind]) => ({
      path: line.data.folder === '' ? name : `${line.data.folder}/${name}`,
      size,
      mtime,
      inode,
      kind,
    }))
    .filter(({ path }) => isInside(path));
}

/** The files of a folder of the host that are one of the paths or lie below one; these and the folder are absolute there. */
export function filesAt(
  paths: readonly string[],
  folder: string,
  files: readonly RemoteFile[],
): readonly RemoteFile[] {
  const places = paths.map((path) => relativeTo(folder, path)).filter((place) => place !== null);
  return files.filter(({ path }) =>
    places.some((place) => place === '' || path === place || path.startsWith(`${place}/`)),
  );
}

/** Whether a path leads from a folder to something in it that is not hidden, whoever wrote it. Hidden names are our own. */
export function isInside(path: string): boolean {
  const isPlain = (name: string): boolean => name !== '' && !name.startsWith('.') && name.length <= 255;
  return path.length <= 4096 && !path.includes('\0') && path.split('/').every(isPlain);
}

/** JSON Lines are only ever appended to: what is there of one is a whole beginning. */
export function grows({ path }: Pick<RemoteFile, 'path'>): boolean {
  return path.endsWith('.jsonl');
}

/** The path of something in `folder`, both absolute on the host, relative to it; null when it lies elsewhere. */
export function relativeTo(folder: string, path: string): string | null {
  const relative = posix.relative(folder, path);
  return relative === '' || isInside(relative) ? relative : null;
}
