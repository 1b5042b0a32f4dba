/** events.jsonl (contract v1) → how a run lives and learns. Read from where the last reading stopped. */
import * as l10n from '@vscode/l10n';
import * as z from 'zod';
import type { Problem } from '../errors';
import type { Reading } from '../files/disk';
import { createLineCursor, readJsonLines, type JsonLine, type LineCursor } from '../files/jsonLines';
import { ProblemList } from '../files/problems';
import { inWords } from '../files/scriptErrors';
import { figure, text } from './readers/values';
import type { LossPoint, RunStatus } from './run';

/** A run that trains says something at least this often, seconds; after that its silence is told. */
export const SILENT_AFTER = 600;

export interface Events {
  /** `training` however long ago the last event was: only whoever knows the time can tell silence. */
  readonly status: RunStatus;
  readonly train: readonly LossPoint[];
  readonly valid: readonly LossPoint[];
  /** Checkpoint name → what was said when it was written. */
  readonly checkpoints: ReadonlyMap<string, { readonly step: number | null; readonly loss: number | null }>;
  readonly problems: readonly Problem[];
}

/** File → what has been read of it. Lives as long as the caller remembers runs. */
export type EventLogs = Map<string, EventLog>;

export interface EventLog {
  readonly cursor: LineCursor;
  heard: Heard;
}

interface Heard {
  train: readonly LossPoint[];
  valid: readonly LossPoint[];
  readonly checkpoints: Map<string, { step: number | null; loss: number | null }>;
  readonly problems: ProblemList;
  state: { name: string; at: number } | null;
  last: number | null;
  error: string | null;
  newest: number;
}

const event = z.looseObject({ v: z.number().default(1), t: z.number(), type: z.string() });
const kinds = {
  status: z.object({ state: text }),
  train: z.object({ step: z.number(), epoch: figure.default(null), loss: figure }),
  valid: z.object({ step: z.number(), epoch: figure.default(null), loss: figure }),
  checkpoint: z.object({ name: text, step: figure.default(null), loss: figure.default(null) }),
  warning: z.object({ text }),
  error: z.object({ text, says: z.unknown().optional(), values: z.unknown().optional() }),
};

export async function readEvents(file: string, reading: Reading, logs: EventLogs): Promise<Events> {
  await reading.dependOn(file);
  const log = logs.get(file) ?? { cursor: createLineCursor(), heard: nothingHeard() };
  logs.set(file, log);
  let train: LossPoint[] = [];
  let valid: LossPoint[] = [];
  await readJsonLines(file, log.cursor, {
    restart: () => {
      log.heard = nothingHeard();
      train = [];
      valid = [];
    },
    row: (row) => hear(row, file, log.heard, train, valid),
    problem: (problem) => log.heard.problems.add(problem),
  });
  // Kept lists stay the same objects while nothing is added, so that an unchanged run is known at a glance.
  if (train.length > 0) log.heard.train = log.heard.train.concat(train);
  if (valid.length > 0) log.heard.valid = log.heard.valid.concat(valid);
  const { heard } = log;
  return {
    status: statusOf(heard),
    train: heard.train,
    valid: heard.valid,
    checkpoints: new Map(heard.checkpoints),
    problems: [...heard.problems.all(), ...newerVersion(heard.newest, file)],
  };
}

/** Warns of a file that a later version of the contract wrote; it is read as far as this one knows it. */
export function newerVersion(version: number, file: string): Problem[] {
  if (version <= 1) return [];
  const message = l10n.t(
    'This file was written by a newer Earmark (version {0} of its format) and is shown as far as this one knows it. Update Earmark to see all of it.',
    version,
  );
  return [{ code: 'newer-version', severity: 'warning', message, file }];
}

function nothingHeard(): Heard {
  return {
    train: [],
    valid: [],
    checkpoints: new Map(),
    problems: new ProblemList(),
    state: null,
    last: null,
    error: null,
    newest: 1,
  };
}

function hear(
  { line, value }: JsonLine,
  file: string,
  heard: Heard,
  train: LossPoint[],
  valid: LossPoint[],
): void {
  const parsed = event.safeParse(value);
  if (!parsed.success) {
    heard.problems.add(notAnEvent(file, line));
    return;
  }
  const { v, t, type } = parsed.data;
  heard.newest = Math.max(heard.newest, v);
  heard.last = Math.max(heard.last ?? t, t);
  if (!isKnown(type)) return;
  const details = kinds[type].safeParse(value);
  if (!details.success) {
    heard.problems.add(notAnEvent(file, line));
    return;
  }
  const facts = details.data;
  if ('state' in facts) {
    heard.state = { name: facts.state, at: t };
    if (!hasEnded(facts.state)) heard.error = null;
  } else if ('name' in facts) {
    heard.checkpoints.set(facts.name, { step: facts.step, loss: facts.loss });
  } else if ('text' in facts) {
    const severity = type === 'error' ? 'error' : 'warning';
    const message = inWords(facts);
    if (severity === 'error') heard.error = message;
    heard.problems.add({ code: `training-${severity}`, severity, message, file, line });
  } else {
    (type === 'train' ? train : valid).push({ step: facts.step, epoch: facts.epoch, loss: facts.loss });
  }
}

function isKnown(type: string): type is keyof typeof kinds {
  return Object.hasOwn(kinds, type);
}

function hasEnded(state: string): state is 'completed' | 'stopped' | 'failed' {
  return state === 'completed' || state === 'stopped' || state === 'failed';
}

/** The last status event decides; events without one only show that something was written. */
function statusOf({ state, last, error }: Heard): RunStatus {
  if (state === null || last === null) return { kind: 'unknown' };
  if (!hasEnded(state.name)) return { kind: 'training', lastEvent: last };
  if (state.name !== 'failed') return { kind: state.name, at: state.at };
  return {
    kind: 'failed',
    at: state.at,
    reason: error ?? l10n.t('No reason was written. The log may tell more.'),
  };
}

function notAnEvent(file: string, line: number): Problem {
  const message = l10n.t('Line {0} of events.jsonl is no event that Earmark knows, and was left out.', line);
  return { code: 'event-invalid', severity: 'warning', message, file, line };
}
