/** JSON Lines files that grow while they are read: from the last offset, a torn last line waits for the rest. */
import * as l10n from '@vscode/l10n';
import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Problem } from '../errors';
import { isMissing, parseJson, plainFile, unreadable } from './json';
import { pacer } from './pace';

/** Where reading stopped. Kept by the caller between reads of the same file. */
export interface LineCursor {
  /** First byte that has not been taken. */
  offset: number;
  /** Number of the line that starts there, from 1. */
  line: number;
  inode: number;
  /** The file's first bytes: a file rewritten in place has others. */
  head: Buffer;
}

export interface JsonLine {
  /** Line in the file, from 1. */
  readonly line: number;
  readonly value: Readonly<Record<string, unknown>>;
}

export interface LineReader {
  /** The file is another one or was cut: what came from it before no longer holds. */
  readonly restart: () => void;
  readonly row: (row: JsonLine) => void;
  readonly problem: (problem: Problem) => void;
}

export interface LinesRead {
  /** Number of a last line that has no end yet and is no whole object, or null. */
  readonly torn: number | null;
}

const CHUNK_BYTES = 256 * 1024;
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const HEAD_BYTES = 256;
const NEWLINE = 0x0a;

export function createLineCursor(): LineCursor {
  return { offset: 0, line: 1, inode: 0, head: Buffer.alloc(0) };
}

/** Hands every whole line since the last call to `reader`, and moves the cursor past it. Never throws on what it reads. */
export async function readJsonLines(
  file: string,
  cursor: LineCursor,
  reader: LineReader,
): Promise<LinesRead> {
  let handle: FileHandle | null = null;
  try {
    await plainFile(file);
    handle = await open(file, 'r');
    await restartIfReplaced(handle, cursor, reader);
    return await readOn(handle, file, cursor, reader);
  } catch (error) {
    if (cursor.offset > 0) reader.restart();
    Object.assign(cursor, createLineCursor());
    if (!isMissing(error)) reader.problem(unreadable(file, error));
    return { torn: null };
  } finally {
    await handle?.close();
  }
}

async function restartIfReplaced(handle: FileHandle, cursor: LineCursor, reader: LineReader): Promise<void> {
  const { ino, size } = await handle.stat();
  const head = await readAt(handle, 0, HEAD_BYTES);
  const same =
    ino === cursor.inode && size >= cursor.offset && head.subarray(0, cursor.head.length).equals(cursor.head);
  if (!same) {
    if (cursor.offset > 0) reader.restart();
    cursor.offset = 0;
    cursor.line = 1;
  }
  cursor.inode = ino;
  cursor.head = Buffer.from(head);
}

async function readOn(
  handle: FileHandle,
  file: string,
  cursor: LineCursor,
  reader: LineReader,
): Promise<LinesRead> {
  const breathe = pacer();
  // What has been read of a line whose end has not: a list, as joining at every chunk would cost the square of its length.
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let at = cursor.offset;
  while (true) {
    const chunk = await readAt(handle, at, CHUNK_BYTES);
    if (chunk.length === 0) break;
    at += chunk.length;
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      take([...pending, chunk.subarray(start, end)], pendingBytes + end - start);
      cursor.offset += pendingBytes + end - start + 1;
      cursor.line++;
      pending = [];
      pendingBytes = 0;
      start = end + 1;
      await breathe();
    }
    pendingBytes += chunk.length - start;
    if (pendingBytes <= MAX_LINE_BYTES) pending.push(chunk.subarray(start));
  }
  if (pendingBytes === 0) return { torn: null };
  const last = parseObject(Buffer.concat(pending).toString('utf8'));
  if (last === null || pendingBytes > MAX_LINE_BYTES) return { torn: cursor.line };
  // A whole object without a line's end is what many writers leave as their last line.
  reader.row({ line: cursor.line, value: last });
  cursor.offset += pendingBytes;
  return { torn: null };

  function take(parts: readonly Buffer[], bytes: number): void {
    const { line } = cursor;
    if (bytes > MAX_LINE_BYTES) {
      const message = l10n.t('Line {0} of {1} is too long and was left out.', line, basename(file));
      reader.problem({ code: 'line-too-long', severity: 'error', message, file, line });
      return;
    }
    const text = (parts.length === 1 ? parts[0] : Buffer.concat(parts))?.toString('utf8') ?? '';
    if (text.trim() === '' || text === '\uFEFF') return;
    const value = parseObject(text);
    if (value !== null) reader.row({ line, value });
    else reader.problem(notAnObject(file, line));
  }
}

/** The problem of a line that is torn or holds something else than an object. */
export function notAnObject(file: string, line: number): Problem {
  const message = l10n.t(
    'Line {0} of {1} is torn or not a JSON object, and was left out.',
    line,
    basename(file),
  );
  return { code: 'line-not-json', severity: 'error', message, file, line };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value = parseJson(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

async function readAt(handle: FileHandle, position: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(bytes);
  const { bytesRead } = await handle.read(buffer, 0, bytes, position);
  return buffer.subarray(0, bytesRead);
}
