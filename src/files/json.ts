/** JSON as programs really write it: Python's bare NaN and Infinity, a byte order mark, files that are far too large. */
import * as l10n from '@vscode/l10n';
import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { messageOf, type Problem } from '../errors';

/** `value` is undefined when there is nothing to read; `problem` says why, or is null when the file does not exist. */
export interface JsonRead {
  readonly value: unknown;
  readonly problem: Problem | null;
}

/** More than any state file of a long training run; parsing more would hold up everything else. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Reads a JSON file. Never throws. */
export async function readJson(file: string, maxBytes = MAX_BYTES): Promise<JsonRead> {
  const name = basename(file);
  let text: string;
  try {
    const { size } = await plainFile(file);
    if (size > maxBytes) {
      const message = l10n.t(
        '{0} is {1} MB, too large to read; {2} MB is the limit.',
        name,
        Math.ceil(size / 1e6),
        Math.floor(maxBytes / 1e6),
      );
      return failed({ code: 'file-too-large', severity: 'error', message, file });
    }
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return { value: undefined, problem: null };
    return failed(unreadable(file, error));
  }
  try {
    return { value: parseJson(text), problem: null };
  } catch (error) {
    const message = l10n.t(
      '{0} is not valid JSON and was left out: {1}',
      name,
      messageOf(error).slice(0, 200),
    );
    return failed({ code: 'json-invalid', severity: 'error', message, file });
  }
}

/**
 * JSON.parse that takes a leading byte order mark, and the bare NaN, Infinity and -Infinity that Python's `json.dump`
 * writes unless told otherwise; they become null.
 */
export function parseJson(text: string): unknown {
  const plain = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  try {
    return JSON.parse(plain);
  } catch (error) {
    const finite = withoutNonFinite(plain);
    if (finite === plain) throw error;
    return JSON.parse(finite);
  }
}

/** What `stat` says of a plain file. Opening anything else, a pipe say, could wait for ever. */
export async function plainFile(file: string): Promise<Stats> {
  const stats = await stat(file);
  if (!stats.isFile()) throw new Error(l10n.t('not a file'));
  return stats;
}

export function isMissing(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** A file or folder that is there and can't be read. */
export function unreadable(path: string, error: unknown): Problem {
  const reason = errorCode(error) || messageOf(error);
  const message = l10n.t(
    '{0} can’t be read ({1}). Check what it is and its permissions.',
    basename(path),
    reason,
  );
  return { code: 'unreadable', severity: 'error', message, file: path };
}

function failed(problem: Problem): JsonRead {
  return { value: undefined, problem };
}

/** Replaces the tokens outside strings. Scans once: a pattern over whole strings can take exponential time on torn ones. */
function withoutNonFinite(text: string): string {
  const interesting = /"|-?Infinity|NaN/g;
  let result = '';
  let copied = 0;
  for (let match = interesting.exec(text); match !== null; match = interesting.exec(text)) {
    if (match[0] === '"') {
      interesting.lastIndex = endOfString(text, match.index);
      continue;
    }
    result += `${text.slice(copied, match.index)}null`;
    copied = interesting.lastIndex;
  }
  return copied === 0 ? text : result + text.slice(copied);
}

/** Index just past the closing quote of the string that opens at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (quote !== -1) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return text.length;
}
