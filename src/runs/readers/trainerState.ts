/** trainer_state.json of Hugging Face's Trainer: keys as its TrainerState writes them. */
import { join } from 'node:path';
import * as z from 'zod';
import { readFields } from '../../files/fields';
import { pacer } from '../../files/pace';
import type { Hyperparameters, LossPoint } from '../run';
import { stepOf } from './checkpoints';
import type { ReaderContext } from './reader';
import { flatValues } from './values';

export interface TrainerState {
  readonly step: number;
  /** All steps that were asked for were done. */
  readonly ended: boolean;
  /** Folder name of the best checkpoint; it is often written as another machine's absolute path. */
  readonly best: string | null;
  readonly hyperparameters: Hyperparameters;
  readonly train: readonly LossPoint[];
  readonly valid: readonly LossPoint[];
}

const stateFile = {
  global_step: z.number(),
  max_steps: z.number(),
  num_train_epochs: z.number(),
  train_batch_size: z.number(),
  best_model_checkpoint: z.string().nullable(),
  log_history: z.array(z.unknown()),
};

/** The newest checkpoints that are tried when the last one's state is still being written. */
const TRIES = 3;

/** The state that knows most: each holds the whole history up to itself. The root's is from the end of an earlier session when a checkpoint has gone further. */
export async function readTrainerState(context: ReaderContext): Promise<TrainerState | null> {
  const { folder, listing, reading } = context;
  const atRoot = listing.files.includes('trainer_state.json') ? await readState(context, folder) : null;
  const checkpoints = listing.folders
    .flatMap((name) => {
      const step = stepOf(name);
      return step === null ? [] : [{ name, step }];
    })
    .sort((a, b) => b.step - a.step);
  for (const { name, step } of checkpoints.slice(0, TRIES)) {
    if (atRoot !== null && atRoot.step >= step) break;
    const inside = await reading.list(join(folder, name));
    if (!inside.files.includes('trainer_state.json')) continue;
    const state = await readState(context, join(folder, name));
    if (state !== null) return state;
  }
  return atRoot;
}

async function readState({ reading }: ReaderContext, folder: string): Promise<TrainerState | null> {
  const value = await reading.json(join(folder, 'trainer_state.json'));
  const { fields } = readFields(stateFile, value);
  if (fields.log_history === undefined && fields.global_step === undefined) return null;
  const { train, valid } = await lossPoints(fields.log_history ?? []);
  const step = fields.global_step ?? 0;
  const maxSteps = fields.max_steps ?? 0;
  const { num_train_epochs, train_batch_size } = fields;
  return {
    step,
    ended: maxSteps > 0 && step >= maxSteps,
    best: fields.best_model_checkpoint?.split(/[\\/]/).findLast((part) => stepOf(part) !== null) ?? null,
    hyperparameters: flatValues({
      ...(num_train_epochs === undefined ? {} : { num_epochs: num_train_epochs }),
      ...(train_batch_size === undefined ? {} : { batch_size: train_batch_size }),
      ...(maxSteps > 0 ? { max_steps: maxSteps } : {}),
    }),
    train,
    valid,
  };
}

const logged = z.looseObject({ step: z.number(), epoch: z.number().nullish() });
const trainLossKeys = ['loss', 'train_loss'];
const validLossKeys = ['eval_loss', 'valid_loss', 'val_loss', 'validation_loss'];

/** Rows of a training log → points. Rows without a step are left out, as there is no place for them on a curve. */
export async function lossPoints(
  rows: readonly unknown[],
): Promise<{ readonly train: LossPoint[]; readonly valid: LossPoint[] }> {
  const train: LossPoint[] = [];
  const valid: LossPoint[] = [];
  const breathe = pacer();
  for (const row of rows) {
    await breathe();
    const parsed = logged.safeParse(row);
    if (!parsed.success) continue;
    const { step, epoch } = parsed.data;
    // The Trainer's last row sums the training up: its train_loss is a mean over all steps, and no point of the curve.
    if ('train_runtime' in parsed.data) continue;
    for (const [points, keys] of [
      [train, trainLossKeys],
      [valid, validLossKeys],
    ] as const) {
      const key = keys.find((name) => name in parsed.data);
      if (key === undefined) continue;
      const loss = parsed.data[key];
      points.push({ step, epoch: epoch ?? null, loss: typeof loss === 'number' ? loss : null });
    }
  }
  return { train, valid };
}
