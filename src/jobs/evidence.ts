/** What the host saw of one job, as supervisor.py tells it. Tolerant: a job with a bad file is still a job. */
import * as z from 'zod';
import { isObject } from '../files/jsonLines';
import { jobId, specSchema, type JobSpec } from './spec';

/** exit.json. Why: what ended the job; newer versions may know more. */
export const exitWhys = [
  'exited',
  'signaled',
  'out-of-memory',
  'stopped',
  'terminated',
  'skipped',
  'not-started',
] as const;
export type ExitWhy = (typeof exitWhys)[number] | 'unknown';

const figure = z.number().nullable().catch(null);
const words = z.string().nullable().catch(null);
const anything = z.unknown().optional();

const exitSchema = z.object({
  code: z.number().int().nullable().catch(null),
  signal: words,
  why: z.enum([...exitWhys, 'unknown']).catch('unknown'),
  text: words,
  /** Of a script of ours: the name of that sentence, and what it is made of. */
  says: anything,
  values: anything,
  at: figure,
});
export type JobExit = Readonly<z.infer<typeof exitSchema>>;

const startedSchema = z.object({ at: figure, host: words });

/** What a batch system says of a job that has not ended by its own files. */
const schedulerSchema = z.object({
  /** Its own number of the job; null before it has one. */
  id: words,
  /** Slurm's word, `unreachable` where it gave no answer, or `gone` where it knows of no such job. */
  state: z.string().catch('unreachable'),
  /** Why it waits, or why there was no answer. */
  reason: words,
  node: words,
  /** When it began, or is expected to; epoch seconds. */
  start: figure,
  /** When it ended, or is to end at the latest. */
  end: figure,
  /** The last words in Slurm's own log of a job that is over. */
  said: words,
});
export type Scheduler = Readonly<z.infer<typeof schedulerSchema>>;

/** Where a job stands that waits for GPUs of its host. */
const queueSchema = z.object({
  /** 1 for the next. */
  place: z.number().int(),
  /** Whether nothing lacks but a GPU: no job before it that it must come after. */
  ready: z.boolean(),
});
export type QueuePlace = Readonly<z.infer<typeof queueSchema>>;

/** A file that is there and holds nonsense still says that it is there. */
function there<S extends z.ZodObject>(schema: S): z.ZodType<z.output<S> | null> {
  return anything.transform((value) =>
    value === null || value === undefined ? null : schema.parse(isObject(value) ? value : {}),
  );
}

const evidenceSchema = z.object({
  id: jobId,
  root: z.string(),
  /** Epoch seconds by the host's clock. Ages are the host's own figures, so that no clock here matters. */
  now: figure,
  spec: anything.transform((value): JobSpec | null => specSchema.safeParse(value).data ?? null),
  exit: there(exitSchema),
  started: there(startedSchema),
  stop: anything.transform((value) => value !== null && value !== undefined),
  lock: z.enum(['held', 'free', 'unknown']).catch('unknown'),
  log_bytes: z.number().catch(0),
  heartbeat_age_s: figure,
  /** Since the job was submitted. */
  age_s: z.number().catch(0),
  /** The node that runs or ran it, where anything says so. */
  host: words,
  /** Whether that is the node that answers: only there do lock and pid mean anything. */
  here: z.boolean().catch(true),
  /** Whether it was handed to Slurm. */
  slurm: anything.transform((value) => value !== null && value !== undefined),
  /** Null for a job that waits for no GPU. */
  queue: anything.transform((value): QueuePlace | null => queueSchema.safeParse(value).data ?? null),
  /** Null where nobody asked Slurm. */
  scheduler: there(schedulerSchema),
  same_boot: z.boolean().catch(true),
  /** Whether the command's process, known by pid and start time, lives. */
  alive: z.boolean().catch(false),
  missing: z.boolean().catch(false),
});

export interface Evidence extends Readonly<z.infer<typeof evidenceSchema>> {
  /** False for a job that the probe was asked to leave out. */
  readonly told: boolean;
}

export function readEvidence(value: unknown): Evidence | null {
  const parsed = evidenceSchema.safeParse(value);
  if (!parsed.success) return null;
  return { ...parsed.data, told: Object.hasOwn(value as object, 'now') };
}
