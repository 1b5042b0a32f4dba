/** A growing file of lines, read again from where reading stopped. */
import { open, stat, type FileHandle } from 'node:fs/promises';

/** A longer line is no note: it is counted and passed over, so that memory stays bounded. */
export const LONGEST_LINE = 1 << 20;
const CHUNK = 1 << 18;
const ANCHOR = 256;

/** How far a file has been read. */
export interface Position {
  /** Bytes of whole lines read. */
  readonly offset: number;
  /** Lines read. */
  readonly lines: number;
  /** The last bytes before `offset`: when they differ, the file was edited or replaced, not appended to. */
  readonly anchor: Buffer;
  readonly inode: number;
  readonly size: number;
  readonly modified: number;
}

export interface Line {
  /** null: longer than LONGEST_LINE. */
  readonly text: string | null;
  /** From 1. */
  readonly number: number;
  /** It held bytes that are no UTF-8 text (shown as U+FFFD) or NULs (left out). */
  readonly damaged: boolean;
}

export interface Lines {
  readonly position: Position;
  /** Everything was read anew: what was known of the file before is void. */
  readonly anew: boolean;
  readonly lines: readonly Line[];
  /** A last line without its end: torn, or still being written. It is not counted as read. */
  readonly tail: Line | null;
}

/** Reads what `file` has beyond `from`; null when nothing changed. Throws what opening a file throws. */
export async function readLines(file: string, from: Position | null): Promise<Lines | null> {
  // The size of before reading: bytes that come meanwhile are seen as growth next time.
  const before = await stat(file);
  // Asked before opening: a pipe would wait for ever.
  if (!before.isFile()) throw new Error(`not a file: ${file}`);
  const { ino: inode, size, mtimeMs: modified } = before;
  if (from?.inode === inode && from.size === size && from.modified === modified) return null;
  const handle = await open(file, 'r');
  try {
    const grown = from?.inode === inode && size > from.size && (await continues(handle, from));
    const start = grown ? from : { offset: 0, lines: 0, anchor: Buffer.alloc(0) };
    const read = await readFrom(handle, start.offset, start.lines);
    const anchor = await bytesAt(handle, Math.max(0, read.offset - ANCHOR), Math.min(ANCHOR, read.offset));
    const position = { offset: read.offset, lines: read.count, anchor, inode, size, modified };
    return { position, anew: !grown, lines: read.lines, tail: read.tail };
  } finally {
    await handle.close();
  }
}

async function continues(handle: FileHandle, from: Position): Promise<boolean> {
  const there = await bytesAt(handle, from.offset - from.anchor.length, from.anchor.length);
  return there.equals(from.anchor);
}

async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  return buffer.subarray(0, bytesRead);
}

async function readFrom(handle: FileHandle, start: number, before: number) {
  const lines: Line[] = [];
  let offset = start;
  let position = start;
  let count = before;
  /** Pieces of the line that is being read, and their length even when they are no longer kept. */
  let pieces: Buffer[] = [];
  let length = 0;

  const add = (piece: Buffer) => {
    length += piece.length;
    if (length <= LONGEST_LINE) pieces.push(piece);
    else pieces = [];
  };
  const take = (number: number) => toLine(length > LONGEST_LINE ? null : Buffer.concat(pieces), number);

  for (;;) {
    const chunk = await bytesAt(handle, position, CHUNK);
    if (chunk.length === 0) break;
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      add(chunk.subarray(from, end));
      count += 1;
      lines.push(take(count));
      pieces = [];
      length = 0;
      from = end + 1;
      offset = position + from;
    }
    add(chunk.subarray(from));
    position += chunk.length;
  }
  return { lines, offset, count, tail: length > 0 ? take(count + 1) : null };
}

function toLine(bytes: Buffer | null, number: number): Line {
  if (!bytes) return { text: null, number, damaged: false };
  const text = bytes.toString('utf8');
  const damaged = text.includes('\0') || !Buffer.from(text).equals(bytes);
  // A byte order mark, if any, is not damage; a power cut can leave a run of NULs before the next good line.
  return {
    text: text
      .replaceAll('\0', '')
      .replace(/^\uFEFF/, '')
      .trim(),
    number,
    damaged,
  };
}
