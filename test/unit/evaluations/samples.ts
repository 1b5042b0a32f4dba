/** Evaluation folders as scripts write them. */
import { join } from 'node:path';
import type { Evaluation } from '../../../src/evaluations/evaluation';
import {
  createEvaluationCache,
  readEvaluation,
  type EvaluationCache,
} from '../../../src/evaluations/readEvaluation';
import { makeFolder, type Files } from '../files/folders';

export const INDEX = 'comparison_results.jsonl';

/** A run folder with one evaluation in it; the run is called `output`. */
export async function makeRun(evaluation: Files, name = 'evaluation'): Promise<string> {
  const root = await makeFolder(
    Object.fromEntries(
      Object.entries(evaluation).map(([path, content]) => [`output/${name}/${path}`, content]),
    ),
  );
  return join(root, 'output');
}

export function read(
  folder: string,
  name = 'evaluation',
  cache: EvaluationCache = createEvaluationCache(),
): Promise<Evaluation> {
  return readEvaluation({ id: 'r', name: 'output', folder }, name, cache);
}

export async function readFiles(evaluation: Files): Promise<Evaluation> {
  return read(await makeRun(evaluation));
}

/** The names, with nothing in them. */
export function clips(...paths: readonly string[]): Files {
  return Object.fromEntries(paths.map((path) => [path, 'RIFF']));
}

/** Prompt text → take → path of the clip relative to the evaluation; null where a clip is known and not there. */
export function table(evaluation: Evaluation): Record<string, Record<string, string | null>> {
  const texts = new Map(evaluation.prompts.map((prompt) => [prompt.id, prompt.text]));
  const rows = new Map<string, Map<string, string | null>>();
  for (const { prompt, take, file } of evaluation.clips) {
    const text = texts.get(prompt) ?? `unknown prompt ${prompt}`;
    const row = rows.get(text) ?? new Map<string, string | null>();
    rows.set(text, row.set(take, file === null ? null : file.slice(evaluation.folder.length + 1)));
  }
  return Object.fromEntries([...rows].map(([text, row]) => [text, Object.fromEntries(row)]));
}

export function problems(evaluation: Evaluation): [string, number | undefined][] {
  return evaluation.problems.map(({ code, line }) => [code, line]);
}

export function takes(evaluation: Evaluation): string[] {
  return evaluation.takes.map((take) => take.name);
}
