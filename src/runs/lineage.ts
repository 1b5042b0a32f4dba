/** Which run another one was made from, and what was changed. */
import { basename, sep } from 'node:path';
import { byTelling, type Difference } from './hyperparameters';
import type { Run } from './run';

/** What a run's own place and purpose sets: told elsewhere, and different by nature. */
const notCompared = new Set([
  'output_dir',
  'logging_dir',
  'run_name',
  'parent_run',
  'reason',
  'resume',
  'resume_from_checkpoint',
]);

/** The run that `run` names as its parent: by id, else by folder name, the nearest on disk where several have it. */
export function findParent(run: Run, runs: readonly Run[]): Run | null {
  if (run.parent === null) return null;
  const wanted = run.parent.run;
  const others = runs.filter((other) => other.folder !== run.folder);
  const byId = others.find((other) => other.id === wanted);
  if (byId !== undefined) return byId;
  const name = basename(wanted.replaceAll('\\', '/'));
  const namesakes = others.filter((other) => other.name === name);
  return namesakes.sort((a, b) => distance(run.folder, a.folder) - distance(run.folder, b.folder))[0] ?? null;
}

/** What differs, in the order of telling. What only one of the two tells is not known to differ. */
export function compareHyperparameters(run: Run, parent: Run): Difference[] {
  return Object.entries(run.hyperparameters)
    .flatMap(([name, value]): Difference[] => {
      const parentValue = parent.hyperparameters[name];
      const differs = parentValue !== undefined && parentValue !== value && !notCompared.has(name);
      return differs ? [{ name, value, parentValue }] : [];
    })
    .sort((a, b) => byTelling(a.name, b.name));
}

/** Steps up and down the tree from one folder to the other. */
function distance(a: string, b: string): number {
  const from = a.split(sep);
  const to = b.split(sep);
  let common = 0;
  while (common < from.length && common < to.length && from[common] === to[common]) common++;
  return from.length + to.length - 2 * common;
}
