/** All lines of all files → the notes as they stand. The order of lines and files decides nothing. */
import type { Note } from './note';
import type { NoteRecord } from './record';

/**
 * Notes of all runs, oldest first. An edit replaces the line it names (or, where two machines edited one version, the
 * edit with the greater id counts); a retraction removes the note for good, whatever edits come after. Both count only from
 * the rater who wrote the note: another rater's edit stands as a note of its own, another's retraction does nothing.
 * An edit whose first line has not arrived yet (half a git merge) is shown by itself.
 */
export function mergeNotes(records: Iterable<NoteRecord>): Note[] {
  const sorted = [...records].sort(byIdThenWords);
  const retracted = sorted.filter((record) => record.op === 'retract');
  const lines = new Map<string, NoteRecord>();
  let last: NoteRecord | null = null;
  for (const record of sorted) {
    if (record.op !== 'note') continue;
    const copy = last !== null && byIdThenWords(last, record) === 0;
    if (!copy) {
      // A line that was copied and reworded by hand keeps its words, under an id of its own.
      const id = freeId(record.id, lines);
      lines.set(id, { ...record, id });
    }
    last = record;
  }

  const versions = new Map<NoteRecord, NoteRecord[]>();
  for (const line of lines.values()) {
    const first = firstOf(line, lines);
    const known = versions.get(first);
    if (known) known.push(line);
    else versions.set(first, [line]);
  }
  for (const line of retracted) {
    const target = line.replaces === null ? undefined : lines.get(line.replaces);
    if (!target) continue;
    const first = firstOf(target, lines);
    if (first.by === line.by) versions.delete(first);
  }
  return [...versions].map(([first, all]) => noteOf(first, all, lines)).sort((a, b) => compare(a.id, b.id));
}

/** The first line of the note that `line` edits. */
function firstOf(line: NoteRecord, lines: ReadonlyMap<string, NoteRecord>): NoteRecord {
  const seen = [line];
  for (;;) {
    const current = seen[seen.length - 1] ?? line;
    const before = current.replaces === null ? undefined : lines.get(current.replaces);
    if (before?.by !== line.by) return current;
    if (seen.includes(before)) return least(seen.slice(seen.indexOf(before)));
    seen.push(before);
  }
}

function noteOf(
  first: NoteRecord,
  versions: readonly NoteRecord[],
  lines: ReadonlyMap<string, NoteRecord>,
): Note {
  const replaced = new Set(versions.map((version) => version.replaces));
  const latest = versions.filter((version) => !replaced.has(version.id));
  const last = greatest(latest.length > 0 ? latest : versions);
  const reworded = first.replaces === null ? undefined : lines.get(first.replaces);
  return {
    id: first.id,
    version: last.id,
    at: first.at,
    by: first.by,
    run: last.run,
    evaluation: last.evaluation,
    prompt: last.prompt,
    takes: last.takes,
    seconds: last.seconds,
    text: last.text,
    tags: last.tags,
    clipSha256: last.clip_sha256,
    edited: last !== first || first.replaces !== null,
    rewords: reworded && reworded.by !== first.by ? reworded.by : null,
  };
}

function freeId(id: string, taken: ReadonlyMap<string, unknown>): string {
  for (let count = 2, free = id; ; free = `${id}-${count++}`) if (!taken.has(free)) return free;
}

function byIdThenWords(a: NoteRecord, b: NoteRecord): number {
  return compare(a.id, b.id) || compare(a.by, b.by) || compare(a.text, b.text);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function least(records: readonly NoteRecord[]): NoteRecord {
  return records.reduce((a, b) => (b.id < a.id ? b : a));
}

function greatest(records: readonly NoteRecord[]): NoteRecord {
  return records.reduce((a, b) => (b.id > a.id ? b : a));
}
