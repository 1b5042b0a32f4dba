/** Which folders of a run hold evaluations. What is in them is not read here. */
import { join } from 'node:path';
import { isClipName } from '../../files/disk';
import { isCheckpointFolder } from './checkpoints';
import type { ReaderContext } from './reader';

export interface EvaluationFolders {
  /** Relative to the run, sorted. */
  readonly names: readonly string[];
  /** One of them holds takes of the base model. */
  readonly base: boolean;
}

export const indexNames = ['comparison_results.jsonl', 'comparison_results.json'] as const;

/** A run has a handful of folders; something with more is looked at only as far as names tell. */
const MOST_FOLDERS = 64;

export async function findEvaluations(context: ReaderContext): Promise<EvaluationFolders> {
  const { folder, listing, reading } = context;
  const candidates = listing.folders.filter(
    (name) => !isCheckpointFolder(name) && !name.startsWith('.') && name !== 'node_modules',
  );
  const looked =
    candidates.length <= MOST_FOLDERS ? candidates : candidates.filter((name) => looksLikeEvaluation(name));
  const names: string[] = [];
  let base = false;
  for (const name of looked) {
    const inside = await reading.list(join(folder, name));
    const indexed = [...indexNames, 'evaluation.json'].some((file) => inside.files.includes(file));
    if (!indexed && !(await holdsTakes(context, name, inside.folders))) continue;
    names.push(name);
    base ||= inside.folders.some((model) => /^base(_model)?$/.test(model));
  }
  return { names, base };
}

export function looksLikeEvaluation(name: string): boolean {
  return /^eval/i.test(name);
}

/** Enough to make a run of the folder around it: it is named as an evaluation, and has an index or clips of named models. */
export async function isSureEvaluation(
  { folder, reading }: Pick<ReaderContext, 'folder' | 'reading'>,
  name: string,
): Promise<boolean> {
  if (!looksLikeEvaluation(name)) return false;
  const inside = await reading.list(join(folder, name));
  if (indexNames.some((index) => inside.files.includes(index))) return true;
  return holdClips({ folder: join(folder, name), reading }, inside.folders.filter(isModelFolder));
}

/** Without an index: folders named as models are, or in a folder named as an evaluation is, that hold clips. */
async function holdsTakes(
  { folder, reading }: ReaderContext,
  name: string,
  folders: readonly string[],
): Promise<boolean> {
  const models = looksLikeEvaluation(name) ? folders : folders.filter(isModelFolder);
  return holdClips({ folder: join(folder, name), reading }, models);
}

async function holdClips(
  { folder, reading }: Pick<ReaderContext, 'folder' | 'reading'>,
  models: readonly string[],
): Promise<boolean> {
  for (const model of models.slice(0, MOST_FOLDERS)) {
    if ((await reading.list(join(folder, model))).files.some(isClipName)) return true;
  }
  return false;
}

function isModelFolder(name: string): boolean {
  return /^((base|best|final)_model|checkpoint-\d+)(@|$)/.test(name);
}
