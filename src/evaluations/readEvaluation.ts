/** An evaluation folder → prompts × takes → clips, with whatever is wrong told and nothing thrown. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createDiskCache, Look, Reading, type Seen } from '../files/disk';
import { ProblemList } from '../files/problems';
import type { Run } from '../runs/run';
import { ClipFiles } from './clipFiles';
import type { Evaluation, EvaluationKind } from './evaluation';
import { Gathering } from './gather';
import { readIndex, type Index } from './indexFile';
import { readSettings, type Settings } from './settings';

/** What was read before, and what that depends on. */
export interface EvaluationCache {
  readonly evaluations: Map<string, { readonly seen: Seen; readonly evaluation: Evaluation }>;
}

export function createEvaluationCache(): EvaluationCache {
  return { evaluations: new Map() };
}

/** What did not change on disk is the same object as the time before. */
export async function readEvaluation(
  run: Pick<Run, 'id' | 'name' | 'folder'>,
  folderName: string,
  cache: EvaluationCache,
): Promise<Evaluation> {
  const key = `${run.id}:${join(run.folder, folderName)}`;
  const look = new Look(createDiskCache());
  const known = cache.evaluations.get(key);
  if (known !== undefined && (await look.holds(known.seen))) return known.evaluation;
  const reading = new Reading(look);
  const fresh = await read(run, folderName, reading);
  const evaluation =
    known !== undefined && isDeepStrictEqual(fresh, known.evaluation) ? known.evaluation : fresh;
  cache.evaluations.set(key, { seen: reading.seen, evaluation });
  return evaluation;
}

async function read(
  run: Pick<Run, 'id' | 'name' | 'folder'>,
  folderName: string,
  reading: Reading,
): Promise<Evaluation> {
  const folder = join(run.folder, folderName);
  const listing = await reading.list(folder);
  const settings = await readSettings(folder, listing, reading);
  const problems = new ProblemList();
  const index = await readIndex(folder, listing, reading, problems);
  const gathering = new Gathering(new ClipFiles(run.folder, folderName, reading), settings, problems);
  if (index !== null) await gathering.addIndex(index);
  await gathering.addUnnamed(listing, reading, folder, index !== null);
  const gathered = gathering.result();
  return {
    id: `${run.id}:${folderName}`,
    run: run.id,
    runName: run.name,
    name: folderName,
    folder,
    kind: kindOf(folderName, settings),
    ...gathered,
    expected: expectedOf(settings) ?? gathered.prompts.length * gathered.takes.length,
    sampling: { ...samplingOf(index), ...settings.sampling },
    problems: [...reading.problems, ...problems.all()],
  };
}

function kindOf(folderName: string, { promptPath, promptCount }: Settings): EvaluationKind {
  if (folderName === 'evaluation') return 'quick';
  if (folderName === 'evaluation_full') return 'full';
  const small = promptCount !== null && promptCount <= 10;
  return small && /_8\.\w+$/.test(promptPath ?? '') ? 'quick' : 'other';
}

function expectedOf({ promptCount, models, seeds }: Settings): number | null {
  if (promptCount === null || models.length === 0) return null;
  return promptCount * models.length * Math.max(1, seeds.length);
}

/** What all rows agree on. */
function samplingOf(index: Index | null): Evaluation['sampling'] {
  const [first, ...others] = index?.entries ?? [];
  if (first === undefined) return {};
  const agreed = Object.entries(first.sampling).filter(([name, value]) =>
    others.every((other) => other.sampling[name] === value),
  );
  return Object.fromEntries(agreed);
}
