/** Puts a rendered page on the disk: whole or not at all, and never over what somebody else wrote. */
import * as l10n from '@vscode/l10n';
import { randomUUID } from 'node:crypto';
import { lstat, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, type Problem } from '../errors';
import { codeOf } from './appendLine';
import { MARKER } from './markdown';

export interface WrittenPage {
  /** Absolute path of the page; null when it could not be written. */
  readonly file: string | null;
  readonly problem: Problem | null;
}

/** Writes `<folder>/<name>.md`, or `<name>.notes.md` where the former is not ours. Never throws: the notes themselves are safe. */
export async function writePage(folder: string, name: string, text: string): Promise<WrittenPage> {
  const usual = join(folder, `${name}.md`);
  const other = join(folder, `${name}.notes.md`);
  try {
    if (await isOurs(usual)) return { file: await write(usual, text), problem: null };
    if (await isOurs(other)) {
      const message = l10n.t(
        '{0} was not written by Earmark and stays as it is; the notes are in {1}.',
        usual,
        other,
      );
      return { file: await write(other, text), problem: warning('notes-page-foreign', message, usual) };
    }
    const message = l10n.t(
      '{0} and {1} were not written by Earmark; move one to have the notes as a page.',
      usual,
      other,
    );
    return { file: null, problem: warning('notes-page-foreign', message, usual) };
  } catch (error) {
    const message = l10n.t('The notes are saved, but not their page {0}: {1}', usual, messageOf(error));
    return { file: null, problem: warning('notes-page-unwritten', message, usual) };
  }
}

/** Whether a page may be written there: nothing is there, or a page of ours. */
async function isOurs(file: string): Promise<boolean> {
  const there = await lstat(file).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (!there) return true;
  if (!there.isFile()) return false;
  const handle = await open(file, 'r');
  try {
    const head = Buffer.alloc(Buffer.byteLength(MARKER));
    await handle.read(head, 0, head.length, 0);
    return head.toString() === MARKER;
  } finally {
    await handle.close();
  }
}

async function write(file: string, text: string): Promise<string> {
  // Equal already: leave its time alone, so that nothing that watches it wakes.
  if ((await readFile(file, 'utf8').catch(() => null)) === text) return file;
  const draft = `${file}.${randomUUID()}.tmp`;
  try {
    await writeFile(draft, text, { flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return file;
}

function warning(code: string, message: string, file: string): Problem {
  return { code, severity: 'warning', message, file };
}
