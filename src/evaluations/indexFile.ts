/** The index of an evaluation, as JSON Lines, or as one JSON document under either name. */
import * as l10n from '@vscode/l10n';
import { open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Listing, Reading } from '../files/disk';
import { createLineCursor, isObject, readJsonLines } from '../files/jsonLines';
import { pacer } from '../files/pace';
import type { ProblemList } from '../files/problems';
import { entriesOf, type IndexEntry } from './indexRows';

const names = ['comparison_results.jsonl', 'comparison_results.json'] as const;

export interface Index {
  readonly file: string;
  readonly entries: readonly IndexEntry[];
}

/** Null when there is no index. Rows that name no clip are told in `problems`. */
export async function readIndex(
  folder: string,
  listing: Listing,
  reading: Reading,
  problems: ProblemList,
): Promise<Index | null> {
  const name = names.find((candidate) => listing.files.includes(candidate));
  if (name === undefined) return null;
  const file = join(folder, name);
  const isDocument = name.endsWith('.json') || (await startsAsList(file));
  const entries = isDocument
    ? await readDocument(file, reading, problems)
    : await readLines(file, reading, problems);
  return { file, entries };
}

async function readLines(file: string, reading: Reading, problems: ProblemList): Promise<IndexEntry[]> {
  await reading.dependOn(file);
  const entries: IndexEntry[] = [];
  const { torn } = await readJsonLines(file, createLineCursor(), {
    restart: () => (entries.length = 0),
    row: ({ line, value }) => {
      const found = entriesOf(value, line);
      entries.push(...found);
      if (found.length === 0) problems.add(namesNothing(file, line));
    },
    problem: (problem) =>
      problems.add(problem.code === 'line-not-json' ? { ...problem, code: 'index-row-torn' } : problem),
  });
  if (torn === null) return entries;
  const message = l10n.t(
    'The last line of {0} has no end yet: it is still being written, or writing was cut off.',
    basename(file),
  );
  problems.add({ code: 'index-row-torn', severity: 'warning', message, file, line: torn });
  return entries;
}

async function readDocument(file: string, reading: Reading, problems: ProblemList): Promise<IndexEntry[]> {
  const value = await reading.json(file);
  const lists = isObject(value) ? Object.values(value).filter(Array.isArray) : [];
  const rows: readonly unknown[] = Array.isArray(value) ? value : lists.flat();
  const breathe = pacer();
  const entries: IndexEntry[] = [];
  for (const [place, row] of rows.entries()) {
    await breathe();
    const found = isObject(row) ? entriesOf(row, null) : [];
    entries.push(...found);
    if (found.length === 0) {
      const message = l10n.t('Entry {0} of {1} names no clip, and was left out.', place + 1, basename(file));
      problems.add({ code: 'index-row-unclear', severity: 'warning', message, file });
    }
  }
  return entries;
}

/** Some scripts give a JSON list the name of a JSON Lines file. */
async function startsAsList(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
      return /^\uFEFF?\s*\[\s*([{\]]|$)/.test(buffer.subarray(0, bytesRead).toString('utf8'));
    } finally {
      await handle.close();
    }
  } catch {
    // Whoever reads it next meets the same and tells it.
    return false;
  }
}

function namesNothing(file: string, line: number): Parameters<ProblemList['add']>[0] {
  const message = l10n.t(
    'Line {0} of {1} names no clip, and was left out. A row has a “path” and a “model”, or a column a model.',
    line,
    basename(file),
  );
  return { code: 'index-row-unclear', severity: 'warning', message, file, line };
}
