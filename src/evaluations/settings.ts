/** evaluation.json (contract v1): what an evaluation set out to make. */
import * as l10n from '@vscode/l10n';
import { join } from 'node:path';
import * as z from 'zod';
import type { Listing, Reading } from '../files/disk';
import { readFields } from '../files/fields';
import { isObject } from '../files/jsonLines';
import type { Evaluation } from './evaluation';
import { takeOfModel } from './names';

export interface Settings {
  readonly promptPath: string | null;
  readonly promptCount: number | null;
  readonly models: readonly { readonly name: string; readonly step: number | null }[];
  readonly seeds: readonly number[];
  readonly sampling: Evaluation['sampling'];
}

const settingsFile = {
  v: z.number(),
  prompts: z.object({ path: z.string().nullish(), count: z.number().int().nonnegative().nullish() }),
  models: z.array(z.object({ name: z.string().min(1), step: z.number().nullish() })),
  seeds: z.array(z.number()),
  sampling: z.record(z.string(), z.unknown()),
};

export async function readSettings(folder: string, listing: Listing, reading: Reading): Promise<Settings> {
  const file = join(folder, 'evaluation.json');
  const value = listing.files.includes('evaluation.json') ? await reading.json(file) : undefined;
  const { fields, wrong } = readFields(settingsFile, value);
  if (wrong.length > 0 || (value !== undefined && !isObject(value))) {
    const message = l10n.t(
      'Fields of evaluation.json are not as expected and were left out: {0}',
      wrong.join(', '),
    );
    reading.problems.push({ code: 'evaluation-fields', severity: 'warning', message, file });
  }
  if ((fields.v ?? 1) > 1) {
    const message = l10n.t(
      'This file was written by a newer Earmark (version {0} of its format) and is shown as far as this one knows it. Update Earmark to see all of it.',
      fields.v ?? 1,
    );
    reading.problems.push({ code: 'newer-version', severity: 'warning', message, file });
  }
  return {
    promptPath: fields.prompts?.path ?? null,
    promptCount: fields.prompts?.count ?? null,
    models: (fields.models ?? []).map(({ name, step }) => ({ name: takeOfModel(name), step: step ?? null })),
    seeds: fields.seeds ?? [],
    sampling: Object.fromEntries(Object.entries(fields.sampling ?? {}).filter(isPlainEntry)),
  };
}

function isPlainEntry(entry: [string, unknown]): entry is [string, string | number | boolean | null] {
  return entry[1] === null || ['string', 'number', 'boolean'].includes(typeof entry[1]);
}
