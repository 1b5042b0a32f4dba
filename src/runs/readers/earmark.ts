/** Runs that python/ of this project wrote: run.json, events.jsonl, checkpoint.json (contract v1). */
import * as l10n from '@vscode/l10n';
import { join } from 'node:path';
import * as z from 'zod';
import { readFields } from '../../files/fields';
import { newerVersion, readEvents } from '../events';
import { readCheckpoints, withBase } from './checkpoints';
import { findEvaluations } from './evaluationFolders';
import type { RunReader } from './reader';
import { flatValues, text } from './values';

const record = z.record(z.string(), z.unknown());

const runFile = {
  v: z.number(),
  id: text.max(200),
  name: z.string(),
  created: text.max(40),
  command: z.array(z.string()),
  hyperparameters: record,
  parent: z.object({ run: text, reason: z.string().catch('') }).nullable(),
  model: text.nullable(),
  data: record,
  environment: record,
};

export const readEarmark: RunReader = async (context) => {
  const { folder, listing, reading, logs } = context;
  if (!listing.files.includes('run.json')) return null;
  const file = join(folder, 'run.json');
  const hasEvents = listing.files.includes('events.jsonl');
  const value = await reading.json(file);
  const { fields, wrong } = readFields(runFile, value);
  // Other tools have a run.json too: ours has a version, or the events beside it where it is torn.
  if (fields.v === undefined && !hasEvents) return null;
  if (wrong.length > 0) {
    const message = l10n.t('Fields of run.json are not as expected and were left out: {0}', wrong.join(', '));
    reading.problems.push({ code: 'run-fields', severity: 'warning', message, file });
  }
  reading.problems.push(...newerVersion(fields.v ?? 1, file));

  const events = await readEvents(join(folder, 'events.jsonl'), reading, logs);
  reading.problems.push(...events.problems);
  const evaluations = await findEvaluations(context);
  const checkpoints = await readCheckpoints(context, events.valid, events.checkpoints);
  return {
    ownId: fields.id ?? null,
    ownName: fields.name ?? null,
    layout: 'earmark',
    created: fields.created ?? null,
    status: events.status,
    model: fields.model ?? null,
    hyperparameters: flatValues(fields.hyperparameters),
    parent: fields.parent ?? null,
    data: flatValues(fields.data),
    environment: flatValues(fields.environment),
    command: fields.command ?? [],
    checkpoints: withBase(checkpoints, evaluations.base),
    train: events.train,
    valid: events.valid,
    evaluationFolders: evaluations.names,
    parts: 'all',
  };
};
