/** Runs of plain LoRA scripts: best_model/ and final_model/ in PEFT's layout, or just evaluation folders, and no run.json. */
import { join } from 'node:path';
import { isObject, readJsonLines, createLineCursor } from '../../files/jsonLines';
import { canonicalNames } from '../hyperparameters';
import type { LossPoint } from '../run';
import { holdsWeights, isCheckpointFolder, readAdapter, readCheckpoints, withBase } from './checkpoints';
import { findEvaluations, indexNames, isSureEvaluation } from './evaluationFolders';
import { nothingKnown, type ReaderContext, type RunReader } from './reader';
import { readArguments } from './trainingArguments';
import { lossPoints, readTrainerState } from './trainerState';

export const readStory: RunReader = async (context) => {
  const { listing } = context;
  const weights = await foldersOfWeights(context);
  const isEvaluation = indexNames.some((name) => listing.files.includes(name));
  if (weights.length === 0 && !isEvaluation && !(await hasEvaluation(context))) return null;

  // A folder of takes may carry a checkpoint's name; as a checkpoint it must not be read.
  const notWeights = new Set(['best_model', 'final_model'].filter((name) => !weights.includes(name)));
  const folders = listing.folders.filter((name) => !notWeights.has(name));
  const run = { ...context, listing: { ...listing, folders } };
  const evaluations = await findEvaluations(run);
  const names = isEvaluation ? ['.', ...evaluations.names] : evaluations.names;
  const state = await readTrainerState(run);
  const points = state ?? (await readLog(run));
  const adapter = await readAdapter(run);
  const checkpoints = await readCheckpoints(run, points.valid);
  const base = evaluations.base || (isEvaluation && listing.folders.includes('base_model'));
  return {
    ...nothingKnown,
    layout: 'story',
    status: weights.includes('final_model') ? { kind: 'completed', at: null } : { kind: 'unknown' },
    model: adapter.model,
    hyperparameters: canonicalNames({
      ...state?.hyperparameters,
      ...(await readArguments(run)),
      ...adapter.hyperparameters,
    }),
    checkpoints: withBase(checkpoints, base),
    train: points.train,
    valid: points.valid,
    evaluationFolders: names,
    parts: [...folders.filter(isCheckpointFolder), ...names, ...(isEvaluation ? listing.folders : [])],
  };
};

async function hasEvaluation(context: ReaderContext): Promise<boolean> {
  for (const name of context.listing.folders) {
    if (await isSureEvaluation(context, name)) return true;
  }
  return false;
}

async function foldersOfWeights({ folder, listing, reading }: ReaderContext): Promise<string[]> {
  const found: string[] = [];
  for (const name of ['best_model', 'final_model']) {
    if (listing.folders.includes(name) && holdsWeights(await reading.list(join(folder, name))))
      found.push(name);
  }
  return found;
}

const logNames = [
  'training_log.jsonl',
  'train_log.jsonl',
  'log.jsonl',
  'metrics.jsonl',
  'training_log.json',
  'training_history.json',
  'loss_history.json',
  'history.json',
];

/** Losses by step from a log of the script's own, where there is one: JSON Lines, a list, or a list under any name. */
async function readLog({
  folder,
  listing,
  reading,
}: ReaderContext): Promise<{ train: readonly LossPoint[]; valid: readonly LossPoint[] }> {
  const name = logNames.find((candidate) => listing.files.includes(candidate));
  if (name === undefined) return { train: [], valid: [] };
  const file = join(folder, name);
  if (!name.endsWith('.jsonl')) {
    const value = await reading.json(file);
    const lists = Array.isArray(value)
      ? [value]
      : Object.values(isObject(value) ? value : {}).filter(Array.isArray);
    return lossPoints(lists.flat());
  }
  await reading.dependOn(file);
  const rows: unknown[] = [];
  await readJsonLines(file, createLineCursor(), {
    restart: () => (rows.length = 0),
    row: ({ value }) => rows.push(value),
    // A log of somebody else's may hold anything: what is no row of figures is simply none.
    problem: () => undefined,
  });
  return lossPoints(rows);
}
