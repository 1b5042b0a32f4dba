/** One notes file: the lines read so far, and what is wrong with them. */
import * as l10n from '@vscode/l10n';
import { messageOf, type Problem } from '../errors';
import { readLines, type Line, type Position } from './jsonLines';
import { parseRecord, type LineFault, type NoteRecord } from './record';

/** A file that is no notes file at all must not flood the list. */
const MOST_PROBLEMS = 20;

export class NotesFile {
  #position: Position | null = null;
  #records: NoteRecord[] = [];
  #problems: Problem[] = [];
  #tail: { record: NoteRecord | null; problem: Problem | null } = { record: null, problem: null };

  constructor(
    /** Absolute. */
    readonly path: string,
    /** Name of the folder it lies in. */
    readonly folder: string,
  ) {}

  get records(): readonly NoteRecord[] {
    return this.#tail.record ? [...this.#records, this.#tail.record] : this.#records;
  }

  get problems(): readonly Problem[] {
    const all = this.#tail.problem ? [...this.#problems, this.#tail.problem] : this.#problems;
    if (all.length <= MOST_PROBLEMS) return all;
    const more: Problem = {
      code: 'note-lines',
      severity: 'warning',
      message: l10n.t('Lines of this notes file that cannot be read: {0}. Is it a notes file?', all.length),
      file: this.path,
    };
    return [...all.slice(0, MOST_PROBLEMS), more];
  }

  /** Reads what was appended, or everything when the file was edited otherwise. Says whether something changed. */
  async refresh(): Promise<boolean> {
    try {
      const read = await readLines(this.path, this.#position);
      if (!read) return false;
      this.#position = read.position;
      if (read.anew) this.#forget();
      for (const line of read.lines) this.#add(line);
      // A whole record without its newline counts already: people save files like that by hand.
      const { record, problem } = read.tail ? this.#parse(read.tail) : { record: null, problem: null };
      this.#tail = { record, problem };
    } catch (error) {
      // What was read before stays: a share that is away for a moment has not lost its notes.
      const known = this.#tail.problem?.code === 'notes-file-unreadable';
      this.#position = null;
      this.#tail = { record: this.#tail.record, problem: this.#unreadable(error) };
      return !known;
    }
    return true;
  }

  #forget(): void {
    this.#records = [];
    this.#problems = [];
  }

  #add(line: Line): void {
    const { record, problem } = this.#parse(line);
    if (record) this.#records.push(record);
    if (problem) this.#problems.push(problem);
  }

  #parse(line: Line): { record: NoteRecord | null; problem: Problem | null } {
    if (line.text === '' && !line.damaged) return { record: null, problem: null };
    if (line.text === null) {
      const message = l10n.t(
        'Line {0} is longer than any note and was passed over; it stays in the file.',
        line.number,
      );
      return { record: null, problem: this.#problem('note-line-long', message, line.number) };
    }
    const { record, fault } = parseRecord(line.text);
    if (fault) {
      const code = fault.kind === 'newer' ? 'note-line-newer' : `note-line-${fault.kind}`;
      return { record, problem: this.#problem(code, faultMessage(fault, line.number), line.number) };
    }
    if (!line.damaged) return { record, problem: null };
    const message = l10n.t('Line {0} holds bytes that are no text; the rest of it is shown.', line.number);
    return { record, problem: this.#problem('note-line-damaged', message, line.number) };
  }

  #problem(code: string, message: string, line: number): Problem {
    return { code, severity: 'warning', message, file: this.path, line };
  }

  #unreadable(error: unknown): Problem {
    const message = l10n.t('The notes file cannot be read: {0}', messageOf(error));
    return { code: 'notes-file-unreadable', severity: 'error', message, file: this.path };
  }
}

function faultMessage(fault: LineFault, line: number): string {
  switch (fault.kind) {
    case 'torn':
      return l10n.t(
        'Line {0} is torn or no JSON; it stays in the file. Mend it there if it held a note.',
        line,
      );
    case 'foreign':
      return l10n.t(
        'Line {0} is no note: its field "{1}" is missing or of another kind; it stays in the file.',
        line,
        fault.field,
      );
    case 'newer':
      return l10n.t(
        'Line {0} was written by a newer Earmark (version {1}) and is shown as far as this one understands it.',
        line,
        fault.version,
      );
    case 'op':
      return l10n.t(
        'Line {0} does something this Earmark does not know ("{1}"); it stays in the file.',
        line,
        fault.op,
      );
    case 'fields':
      return l10n.t(
        'Line {0} has fields this Earmark does not know ({1}); they stay in the file.',
        line,
        fault.fields.slice(0, 5).join(', '),
      );
  }
}
