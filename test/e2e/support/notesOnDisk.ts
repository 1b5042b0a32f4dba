/** The notes of a workspace as they lie on its disk. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseRecord, type NoteRecord } from '../../../src/notes/record';

/** Whole lines of a run's notes, in the order they were written; of all raters and machines. */
export async function recordsOf(workspace: string, run: string): Promise<NoteRecord[]> {
  const folder = join(workspace, 'listening-notes', run);
  const names = await readdir(folder).catch(() => []);
  const lines = await Promise.all(
    names.map(async (name) => (await readFile(join(folder, name), 'utf8')).split('\n')),
  );
  return lines.flat().flatMap((line) => parseRecord(line).record ?? []);
}

/** Texts of the notes that were written, edits and all. */
export async function textsOf(workspace: string, run: string): Promise<string[]> {
  const records = await recordsOf(workspace, run);
  return records.filter(({ op }) => op === 'note').map(({ text }) => text);
}

/** The page that is rendered of a run's notes; '' while there is none. */
export function pageOf(workspace: string, run: string): Promise<string> {
  return readFile(join(workspace, 'listening-notes', `${run}.md`), 'utf8').catch(() => '');
}
