/** Hyperparameters by one name each, and as people write them: `lr 5e-5`, `rank 16`, `batch 1 × 8`. */
import type { Hyperparameters, HyperparameterValue } from './run';

/** A hyperparameter that two runs both tell and that differs. */
export interface Difference {
  readonly name: string;
  readonly value: HyperparameterValue;
  readonly parentValue: HyperparameterValue;
}

/** In the order of telling, with the field's short names. Others follow under their own names. */
const shortNames: ReadonlyMap<string, string> = new Map([
  ['learning_rate', 'lr'],
  ['lora_rank', 'rank'],
  ['lora_alpha', 'alpha'],
  ['batch_size', 'batch'],
  ['gradient_accumulation_steps', 'accumulation'],
  ['num_epochs', 'epochs'],
  ['max_steps', 'steps'],
  ['warmup_steps', 'warmup'],
  ['lora_dropout', 'dropout'],
  ['weight_decay', 'weight decay'],
  ['cfg_dropout', 'CFG dropout'],
  ['max_duration', 'max s'],
  ['target_duration', 'target s'],
  ['seed', 'seed'],
]);

/** Names that other tools give to the same thing. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ['r', 'lora_rank'],
  ['rank', 'lora_rank'],
  ['alpha', 'lora_alpha'],
  ['lr', 'learning_rate'],
  ['epochs', 'num_epochs'],
  ['num_train_epochs', 'num_epochs'],
  ['per_device_train_batch_size', 'batch_size'],
  ['train_batch_size', 'batch_size'],
  ['gradient_accumulation', 'gradient_accumulation_steps'],
  ['grad_accum', 'gradient_accumulation_steps'],
  ['accumulation_steps', 'gradient_accumulation_steps'],
]);

/** The same hyperparameters, each under the name that `train_lora.py` gives it. */
export function canonicalNames(values: Hyperparameters): Hyperparameters {
  const named = Object.entries(values).map(([name, value]): [string, HyperparameterValue] => [
    otherNames.get(name) ?? name,
    value,
  ]);
  return Object.fromEntries(named);
}

/** `lr 1e-4`, `rank 12`, `alpha 24`, `batch 2 × 4`, …: only those with a short name, in the order of telling. */
export function formatHyperparameters(values: Hyperparameters): string[] {
  return format(Object.entries(values).filter(([name, value]) => shortNames.has(name) && value !== null));
}

/** The run's own values where they differ from its parent's: `lr 5e-5`, `rank 16`, `batch 1 × 8`. */
export function formatDifferences(differences: readonly Difference[]): string[] {
  return format(differences.map(({ name, value }) => [name, value]));
}

/** Sorts names in the order of telling, unknown ones by name after the known ones. */
export function byTelling(a: string, b: string): number {
  return place(a) - place(b) || (a < b ? -1 : a > b ? 1 : 0);
}

/** As people write it: `1e-4`, `0.05`, `300`. */
export function formatValue(value: HyperparameterValue): string {
  if (typeof value !== 'number') return String(value ?? '–');
  const size = Math.abs(value);
  return value !== 0 && (size < 1e-2 || size >= 1e7) ? shortExponential(value) : String(value);
}

function format(entries: readonly (readonly [string, HyperparameterValue])[]): string[] {
  const values = new Map(entries);
  const batch = values.get('batch_size');
  const accumulation = values.get('gradient_accumulation_steps');
  const together = batch !== undefined && accumulation !== undefined;
  return [...values.keys()].sort(byTelling).flatMap((name) => {
    if (together && name === 'gradient_accumulation_steps') return [];
    if (together && name === 'batch_size')
      return [`batch ${formatValue(batch)} × ${formatValue(accumulation)}`];
    return [`${shortNames.get(name) ?? name} ${formatValue(values.get(name) ?? null)}`];
  });
}

/** Six digits are more than anyone sets; they hide what floating point added (`9.999999999999999e-5`). */
function shortExponential(value: number): string {
  return Number(value.toPrecision(6)).toExponential().replace('e+', 'e');
}

function place(name: string): number {
  const index = [...shortNames.keys()].indexOf(name);
  return index === -1 ? shortNames.size : index;
}
