/** What a job is to do: spec.json of its directory, written once and never changed. */
import { posix } from 'node:path';
import * as z from 'zod';

export const jobKinds = ['train', 'evaluate', 'command'] as const;
export type JobKind = (typeof jobKinds)[number];

/** A ULID (https://github.com/ulid/spec), chosen by whoever submits: the same id twice is one job. */
export const jobId = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/);

/** What a job asks of Slurm; null leaves it to the cluster. */
export const slurmRequestSchema = z.object({
  gpus: z.number().int().nullable().catch(null),
  cpus: z.number().int().nullable().catch(null),
  /** A limit as sbatch takes it: `90`, `4:00:00`, `1-12`. */
  time: z.string().nullable().catch(null),
  /** Of main memory: `32G`. */
  mem: z.string().nullable().catch(null),
  partition: z.string().nullable().catch(null),
  account: z.string().nullable().catch(null),
  /** Further options, each `--name=value` (see slurmRequest.ts). */
  extra: z.array(z.string()).catch([]),
});

/** Read as tolerantly as a job can still be told and shown; a spec of a newer version keeps what this one knows. */
export const specSchema = z.object({
  v: z.number(),
  id: jobId,
  kind: z.enum(jobKinds).catch('command'),
  /** What a person calls it. A label only: no path is ever made from it. */
  title: z.string().catch(''),
  /** ISO 8601, by the clock of whoever submitted. */
  created: z.string().catch(''),
  argv: z.array(z.string()).min(1),
  cwd: z.string(),
  env: z.record(z.string(), z.string()).catch({}),
  /** Absolute folder of the run whose events.jsonl tells the progress, if there is one. */
  run: z.string().nullable().catch(null),
  /** Absolute folder that this job alone may write while it lives. */
  output: z.string().nullable().catch(null),
  /** Jobs of the same directory that must have ended first. */
  after: z.array(z.object({ job: jobId, when: z.enum(['succeeded', 'ended']).catch('succeeded') })).catch([]),
  /** Seconds between being asked to stop and being killed. */
  grace_s: z.number().min(0).catch(15),
  /** The job that this one goes on from or repeats. */
  resumes: jobId.nullable().catch(null),
  /** How many GPUs of the host it waits for; null starts it at once. */
  gpus: z.number().int().nullable().catch(null),
  /** Null for a job that is not for Slurm, or asks nothing of it. */
  slurm: slurmRequestSchema.nullable().catch(null),
});

export type SlurmRequest = Readonly<z.infer<typeof slurmRequestSchema>>;
export type JobSpec = Readonly<z.infer<typeof specSchema>>;

/** A job before it has an identity. */
export interface JobDraft {
  readonly kind: JobKind;
  readonly title: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly run?: string;
  readonly output?: string;
  readonly resumes?: string;
  /** How the job before it must have ended; `succeeded` when left out. */
  readonly when?: 'succeeded' | 'ended';
  /** How many GPUs it waits for; it starts at once when left out, or null. */
  readonly gpus?: number | null;
  readonly slurm?: SlurmRequest;
}

export interface Identity {
  /** Makes ULIDs, each greater than the one before. */
  readonly newId: () => string;
  readonly now: () => Date;
}

/** Time to save a checkpoint; evaluations only finish their clips. */
const GRACE_S: Readonly<Record<JobKind, number>> = { train: 120, evaluate: 30, command: 15 };
const LONGEST_TITLE = 200;

/** Specs of jobs that run one after the other, each only when the one before ended as it wants. */
export function chainOf(drafts: readonly JobDraft[], { newId, now }: Identity): JobSpec[] {
  const created = now().toISOString();
  const specs: JobSpec[] = [];
  for (const draft of drafts) {
    const before = specs.at(-1);
    specs.push({
      v: 1,
      id: newId(),
      kind: draft.kind,
      title: oneLine(draft.title) || draft.kind,
      created,
      argv: [...draft.argv],
      cwd: draft.cwd,
      env: { ...draft.env },
      run: draft.run ?? null,
      output: draft.output ?? null,
      after: before === undefined ? [] : [{ job: before.id, when: draft.when ?? 'succeeded' }],
      grace_s: GRACE_S[draft.kind],
      resumes: draft.resumes ?? null,
      gpus: draft.gpus ?? null,
      slurm: draft.slurm ?? null,
    });
  }
  return specs;
}

/** Where the jobs of a work folder are. Hosts are POSIX, whatever runs this. */
export function jobsRoot(workFolder: string): string {
  return posix.join(workFolder, '.earmark', 'jobs');
}

function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST_TITLE);
}
