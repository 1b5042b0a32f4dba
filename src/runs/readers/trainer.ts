/** Runs of Hugging Face's Trainer: checkpoint-<step>/trainer_state.json, all_results.json, train_results.json. */
import { join } from 'node:path';
import * as z from 'zod';
import { readFields } from '../../files/fields';
import { canonicalNames } from '../hyperparameters';
import type { Checkpoint } from '../run';
import {
  byKindAndStep,
  isCheckpointFolder,
  readAdapter,
  readCheckpoints,
  stepOf,
  withBase,
} from './checkpoints';
import { findEvaluations } from './evaluationFolders';
import { nothingKnown, type ReaderContext, type RunReader } from './reader';
import { readArguments } from './trainingArguments';
import { readTrainerState, type TrainerState } from './trainerState';
import { flatValues } from './values';

export const readTrainer: RunReader = async (context) => {
  const { folder, listing } = context;
  // A checkpoint itself holds a state; it is a part of the run above it.
  if (stepOf(folder.split(/[\\/]/).at(-1) ?? '') !== null) return null;
  const named = ['trainer_state.json', 'all_results.json', 'train_results.json'].some((name) =>
    listing.files.includes(name),
  );
  if (!named && !listing.folders.some((name) => stepOf(name) !== null)) return null;
  const state = await readTrainerState(context);
  const data = await readResults(context);
  if (state === null && data === null) return null;

  const evaluations = await findEvaluations(context);
  const adapter = await readAdapter(context);
  const valid = state?.valid ?? [];
  const checkpoints = markBest(
    [...(await readCheckpoints(context, valid)), ...savedAtRoot(context, state)],
    state,
  );
  return {
    ...nothingKnown,
    layout: 'trainer',
    status: state?.ended === true ? { kind: 'completed', at: null } : { kind: 'unknown' },
    model: adapter.model,
    hyperparameters: canonicalNames({
      ...state?.hyperparameters,
      ...(await readArguments(context)),
      ...adapter.hyperparameters,
    }),
    data: data ?? {},
    checkpoints: withBase(checkpoints, evaluations.base),
    train: state?.train ?? [],
    valid,
    evaluationFolders: evaluations.names,
    parts: [...listing.folders.filter(isCheckpointFolder), ...evaluations.names],
  };
};

const resultsFile = {
  epoch: z.number(),
  train_samples: z.number(),
  eval_samples: z.number(),
  train_loss: z.number().nullable(),
  eval_loss: z.number().nullable(),
};

/** How much data there was; null when no results file of the Trainer's kind is there. Other tools use these names too. */
async function readResults({
  folder,
  listing,
  reading,
}: ReaderContext): Promise<ReturnType<typeof flatValues> | null> {
  for (const name of ['all_results.json', 'train_results.json']) {
    if (!listing.files.includes(name)) continue;
    const { fields } = readFields(resultsFile, await reading.json(join(folder, name)));
    if (Object.keys(fields).length === 0) continue;
    const { train_samples, eval_samples } = fields;
    return flatValues({
      ...(train_samples === undefined ? {} : { clips: train_samples }),
      ...(eval_samples === undefined ? {} : { valid_clips: eval_samples }),
    });
  }
  return null;
}

/** `save_model` at the end puts the weights beside the results. */
function savedAtRoot({ folder, listing }: ReaderContext, state: TrainerState | null): Checkpoint[] {
  const saved = ['adapter_model.safetensors', 'adapter_model.bin', 'model.safetensors', 'pytorch_model.bin'];
  if (!saved.some((name) => listing.files.includes(name))) return [];
  if (listing.folders.includes('final_model')) return [];
  return [{ name: 'final', kind: 'final', folder, step: state?.step ?? null, epoch: null, validLoss: null }];
}

/** The checkpoint that the state calls the best keeps its name, under which its takes are known. */
function markBest(checkpoints: readonly Checkpoint[], state: TrainerState | null): Checkpoint[] {
  const hasBest = checkpoints.some((checkpoint) => checkpoint.kind === 'best');
  return checkpoints
    .map((checkpoint) =>
      !hasBest && checkpoint.name === state?.best ? { ...checkpoint, kind: 'best' as const } : checkpoint,
    )
    .sort(byKindAndStep);
}
