/** What differs between a run and its parent, and values as people write them. */
import type { RunState } from '../protocol';

type Hyperparameters = RunState['hyperparameters'];
type HyperparameterValue = Hyperparameters[string];

export interface DiffRow {
  readonly name: string;
  readonly before: HyperparameterValue;
  readonly after: HyperparameterValue;
}

/** Names that tell where a run lies and what for, which always differ. */
const PLACES = /^(output|logging|save|log)_?dir$|^(run_name|parent|parent_run|reason|resume\w*)$/;

/** The field's order of telling; the rest follows by name. */
const ORDER = [
  'learning_rate',
  'lora_rank',
  'lora_alpha',
  'lora_dropout',
  'batch_size',
  'gradient_accumulation_steps',
  'num_epochs',
  'max_steps',
  'warmup_steps',
];

/** Rows for values that both tell and that are not equal. What only one tells is not known to differ. */
export function differences(parent: Hyperparameters, run: Hyperparameters): DiffRow[] {
  return sortedNames(run).flatMap((name) => {
    const before = parent[name];
    const after = run[name];
    if (before === undefined || after === undefined || before === after || PLACES.test(name)) return [];
    return [{ name, before, after }];
  });
}

export function sortedNames(values: Hyperparameters): string[] {
  const place = (name: string): number => {
    const index = ORDER.indexOf(name);
    return index < 0 ? ORDER.length : index;
  };
  return Object.keys(values).sort((a, b) => place(a) - place(b) || (a < b ? -1 : a > b ? 1 : 0));
}

/** `1e-4`, `0.05`, `1,200`, `true`, `–`. */
export function formatValue(value: HyperparameterValue, language: string): string {
  if (typeof value !== 'number') return String(value ?? '–');
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-2 || size >= 1e9)) {
    return Number(value.toPrecision(6)).toExponential().replace('e+', 'e');
  }
  return value.toLocaleString(language, { maximumFractionDigits: 6, useGrouping: size >= 10_000 });
}

/**
 * argv as a command line that a POSIX shell takes apart into the same words again, a flag with its values on a line of its own.
 * Single quotes keep everything but themselves (POSIX.1-2024, Shell Command Language, 2.2.2).
 */
export function commandLine(argv: readonly string[]): string {
  return argv
    .map(
      (word, index) =>
        (index > 0 && word.startsWith('-') && /[a-z]/i.test(word) ? ' \\\n  ' : index > 0 ? ' ' : '') +
        quoted(word),
    )
    .join('');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
