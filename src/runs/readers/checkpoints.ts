/** Folders of checkpoints: best_model, final_model, checkpoint-<step>, and what they say of themselves. */
import { join } from 'node:path';
import * as z from 'zod';
import { isClipName, type Listing } from '../../files/disk';
import { readFields } from '../../files/fields';
import type { Checkpoint, CheckpointKind, Hyperparameters, LossPoint } from '../run';
import type { ReaderContext } from './reader';
import { figure, flatValues, text } from './values';

/** What is known of a checkpoint besides its own file, by its name. */
export type CheckpointFacts = ReadonlyMap<
  string,
  { readonly step: number | null; readonly loss: number | null }
>;

const numbered = /^checkpoint-(\d+)$/;

export function isCheckpointFolder(name: string): boolean {
  return name === 'best_model' || name === 'final_model' || numbered.test(name);
}

/** The step in `checkpoint-400`, or null. */
export function stepOf(name: string): number | null {
  const digits = numbered.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

const checkpointFile = {
  step: figure,
  epoch: figure,
  valid_loss: figure,
};

/** Best, final, then numbered by step. A `checkpoint.json` says most of it; `known` and the valid losses fill in. */
export async function readCheckpoints(
  { folder, listing, reading }: ReaderContext,
  valid: readonly LossPoint[],
  known: CheckpointFacts = new Map(),
): Promise<Checkpoint[]> {
  const names = listing.folders.filter(isCheckpointFolder);
  const validAt = new Map(valid.map((point) => [point.step, point]));
  const checkpoints = await Promise.all(
    names.map(async (folderName): Promise<Checkpoint> => {
      const path = join(folder, folderName);
      const { fields } = readFields(checkpointFile, await reading.json(join(path, 'checkpoint.json')));
      const kind = kindOf(folderName);
      const name = kind === 'numbered' ? folderName : kind;
      const step = fields.step ?? stepOf(folderName) ?? known.get(name)?.step ?? null;
      const point = step === null ? undefined : validAt.get(step);
      return {
        name,
        kind,
        folder: path,
        step,
        epoch: fields.epoch ?? point?.epoch ?? null,
        validLoss: fields.valid_loss ?? known.get(name)?.loss ?? point?.loss ?? null,
      };
    }),
  );
  return checkpoints.sort(byKindAndStep);
}

/** The model without an adapter is there to compare with as soon as there is an adapter, or a take of it. */
export function withBase(checkpoints: readonly Checkpoint[], evaluatedBase: boolean): Checkpoint[] {
  if (checkpoints.length === 0 && !evaluatedBase) return [];
  const base: Checkpoint = {
    name: 'base',
    kind: 'base',
    folder: null,
    step: null,
    epoch: null,
    validLoss: null,
  };
  return [base, ...checkpoints].sort(byKindAndStep);
}

const adapterFile = {
  r: z.number(),
  lora_alpha: z.number(),
  lora_dropout: z.number(),
  base_model_name_or_path: text,
};

/** What PEFT's adapter_config.json says, from the first of the run's checkpoints that has one. */
export async function readAdapter({
  folder,
  listing,
  reading,
}: ReaderContext): Promise<{ readonly model: string | null; readonly hyperparameters: Hyperparameters }> {
  const names = listing.folders.filter(isCheckpointFolder);
  for (const inside of ['', ...names]) {
    if (inside === '' && !listing.files.includes('adapter_config.json')) continue;
    const { fields } = readFields(
      adapterFile,
      await reading.json(join(folder, inside, 'adapter_config.json')),
    );
    if (Object.keys(fields).length === 0) continue;
    const { r, lora_alpha, lora_dropout } = fields;
    const values = { lora_rank: r, lora_alpha, lora_dropout };
    return {
      model: fields.base_model_name_or_path ?? null,
      hyperparameters: flatValues(
        Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined)),
      ),
    };
  }
  return { model: null, hyperparameters: {} };
}

/** A folder of that name may also hold the takes of the checkpoint: clips instead of weights. */
export function holdsWeights(inside: Listing): boolean {
  return inside.files.length > 0 && !inside.files.some(isClipName);
}

export function byKindAndStep(a: Checkpoint, b: Checkpoint): number {
  return order[a.kind] - order[b.kind] || (a.step ?? 0) - (b.step ?? 0);
}

const order: Readonly<Record<CheckpointKind, number>> = { base: 0, best: 1, final: 2, numbered: 3 };

function kindOf(folderName: string): CheckpointKind {
  if (folderName === 'best_model') return 'best';
  return folderName === 'final_model' ? 'final' : 'numbered';
}
