/** Rows of comparison_results.jsonl, ours and other scripts', → who says which clip is where. Nothing here touches the clips. */
import { isObject } from '../files/jsonLines';
import { isKnownTake, takeOfModel } from './names';

type Row = Readonly<Record<string, unknown>>;

/** One claim of the index. */
export interface IndexEntry {
  /** Line in the index; null in a file that has no lines of its own. */
  readonly line: number | null;
  /** As given; null where it is not. */
  readonly promptId: string | null;
  /** Empty where it is not given. */
  readonly text: string;
  /** Take name less the seed. */
  readonly model: string;
  readonly seed: number | null;
  /** As written: relative to the evaluation, or an absolute path of whatever machine made it. */
  readonly path: string;
  readonly sha256: string | null;
  readonly durationSeconds: number | null;
  /** Sampling settings that stand in the row. */
  readonly sampling: Readonly<Record<string, number>>;
}

const textKeys = ['prompt', 'prompt_text', 'text', 'description', 'caption'];
const idKeys = ['prompt_id', 'promptId'];
/** Places in a prompt file: they name a prompt only where no words do. */
const placeKeys = ['prompt_index', 'prompt_idx', 'index', 'idx', 'id'];
const modelKeys = ['model', 'model_name', 'checkpoint', 'checkpoint_name', 'adapter', 'variant', 'take'];
const pathKeys = [
  'path',
  'file',
  'audio_path',
  'audio_file',
  'audio',
  'wav',
  'wav_path',
  'output_path',
  'output_file',
  'output',
  'filename',
  'file_name',
  'file_path',
];
const durationKeys = ['duration_s', 'duration', 'duration_seconds', 'length_s'];
const columnGroups = ['outputs', 'models', 'clips', 'files', 'paths', 'results', 'takes'];
/** As scripts spell them → as evaluation.json does. */
const samplingKeys: Readonly<Record<string, string>> = {
  top_k: 'top_k',
  top_p: 'top_p',
  temperature: 'temperature',
  guidance: 'guidance',
  guidance_scale: 'guidance',
  cfg_coef: 'guidance',
};

/** A clip a row, or a prompt a row with a column a model; no entries when the row names no clip. */
export function entriesOf(row: Row, line: number | null): IndexEntry[] {
  const long = entryOf(row, row, null, line);
  if (long !== null) return [long];
  for (const group of columnGroups) {
    const cells = row[group];
    if (Array.isArray(cells)) return cells.flatMap((cell) => cellEntry(row, null, cell, line));
    if (isObject(cells))
      return Object.entries(cells).flatMap(([name, cell]) => cellEntry(row, name, cell, line));
  }
  return Object.entries(row).flatMap(([name, cell]) =>
    isObject(cell) || isClipPath(cell) ? cellEntry(row, name, cell, line) : [],
  );
}

function cellEntry(row: Row, column: string | null, cell: unknown, line: number | null): IndexEntry[] {
  const values = isObject(cell) ? cell : { path: cell };
  const model = column?.replace(/_(path|file|audio|wav|output|clip)$/, '') ?? null;
  const entry = entryOf(values, row, model, line);
  return entry === null ? [] : [entry];
}

/** `values` says what is true of the clip, `row` what is true of its prompt; in a long row they are one. */
function entryOf(values: Row, row: Row, column: string | null, line: number | null): IndexEntry | null {
  const path = first(values, pathKeys, stringOf);
  if (path === null) return null;
  const model = modelOf(column ?? first(values, modelKeys, stringOf), path);
  if (model === '') return null;
  const text = first(row, textKeys, stringOf) ?? first(values, textKeys, stringOf) ?? '';
  const id = first(row, idKeys, idOf) ?? first(values, idKeys, idOf);
  return {
    line,
    promptId: id ?? (text === '' ? first(row, placeKeys, idOf) : null),
    text,
    model,
    seed: numberOf(values['seed']) ?? numberOf(row['seed']),
    path,
    sha256: hashOf(values['sha256']),
    durationSeconds: first(values, durationKeys, numberOf) ?? first(row, durationKeys, numberOf),
    sampling: Object.fromEntries(
      Object.entries(samplingKeys).flatMap(([key, name]) => {
        const value = numberOf(values[key]) ?? numberOf(row[key]);
        return value === null ? [] : [[name, value]];
      }),
    ),
  };
}

/** A row may call base `facebook/musicgen-small`; the folder that the clip lies in then says which take that is. */
function modelOf(written: string | null, path: string): string {
  const folder = takeOfModel(path.split(/[\\/]/).slice(0, -1).join('/'));
  const take = takeOfModel(written ?? '');
  return isKnownTake(take) || (take !== '' && !isKnownTake(folder)) ? take : folder;
}

function isClipPath(value: unknown): boolean {
  return typeof value === 'string' && /\.wav$/i.test(value);
}

function first<T>(row: Row, keys: readonly string[], read: (value: unknown) => T | null): T | null {
  for (const key of keys) {
    const value = Object.hasOwn(row, key) ? read(row[key]) : null;
    if (value !== null) return value;
  }
  return null;
}

function stringOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null;
}

function idOf(value: unknown): string | null {
  return typeof value === 'number' ? String(value) : stringOf(value);
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function hashOf(value: unknown): string | null {
  return typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value) ? value.toLowerCase() : null;
}
