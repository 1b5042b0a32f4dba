/** How far a job is: what its run's events.jsonl says since the job began, read from where the last reading stopped. */
import { basename, join } from 'node:path';
import * as z from 'zod';
import { createLineCursor, readJsonLines } from '../files/jsonLines';
import { inWords } from '../files/scriptErrors';
import type { JobKind } from './spec';

export interface JobProgress {
  /** What the run says of itself: `training`, `completed`, `stopped`, `failed`; null before it says anything. */
  readonly status: string | null;
  readonly step: number | null;
  readonly epoch: number | null;
  readonly loss: number | null;
  readonly validLoss: number | null;
  /** Of an evaluation: clips. */
  readonly done: number | null;
  readonly total: number | null;
  readonly failed: number | null;
  /** Seconds to go, as of the last event. */
  readonly etaS: number | null;
  /** 0 to 1, where it can be told. */
  readonly fraction: number | null;
  /** Why it failed, or the last thing that went wrong; in the language of the display where it is known in it. */
  readonly error: string | null;
  readonly warnings: number;
  /** Epoch seconds, host clock. */
  readonly lastEvent: number | null;
}

const nothing: JobProgress = {
  status: null,
  step: null,
  epoch: null,
  loss: null,
  validLoss: null,
  done: null,
  total: null,
  failed: null,
  etaS: null,
  fraction: null,
  error: null,
  warnings: 0,
  lastEvent: null,
};

const figure = z.number().nullable().catch(null);
const event = z.object({
  t: z.number(),
  type: z.string(),
  state: z.string().catch(''),
  step: figure,
  epoch: figure,
  loss: figure,
  eta_s: figure,
  folder: z.string().catch(''),
  done: figure,
  total: figure,
  failed: figure,
  text: z.string().catch(''),
  /** Of an evaluation that failed, what `text` is of a training. */
  reason: z.string().catch(''),
  says: z.unknown().optional(),
  values: z.unknown().optional(),
});
type Event = z.infer<typeof event>;

/** A clock that was set back by less than this between supervisor and script is forgiven, seconds. */
const SLACK_S = 2;

export class ProgressReader {
  readonly #cursor = createLineCursor();
  readonly #file: string;
  #progress = nothing;

  constructor(
    runFolder: string,
    /** When the job began, epoch seconds: earlier events belong to jobs before it. */
    private readonly since: number,
    /** Several jobs of a run write into one file: which events are this one's. */
    private readonly job: { readonly kind: JobKind; readonly output: string | null },
  ) {
    this.#file = join(runFolder, 'events.jsonl');
  }

  /** The same object while nothing new is told. */
  async read(): Promise<JobProgress> {
    let progress = this.#progress;
    await readJsonLines(this.#file, this.#cursor, {
      restart: () => void (progress = nothing),
      row: ({ value }) => {
        const parsed = event.safeParse(value);
        if (parsed.success && parsed.data.t >= this.since - SLACK_S && isOf(parsed.data, this.job))
          progress = heard(progress, parsed.data, this.since);
      },
      // The runs tree tells of bad lines; here they only add nothing.
      problem: () => undefined,
    });
    this.#progress = progress;
    return progress;
  }
}

function isOf(
  { type, folder }: Event,
  { kind, output }: { readonly kind: JobKind; readonly output: string | null },
): boolean {
  if (type === 'evaluation') return kind === 'evaluate' && (output === null || basename(output) === folder);
  return kind !== 'evaluate' || type === 'warning' || type === 'error';
}

function heard(before: JobProgress, told: Event, since: number): JobProgress {
  const now = { ...before, lastEvent: told.t };
  switch (told.type) {
    case 'status':
      return { ...now, status: told.state };
    case 'train': {
      const ran = Math.max(0, told.t - since);
      const fraction = told.eta_s === null || told.eta_s < 0 || ran === 0 ? null : ran / (ran + told.eta_s);
      return { ...now, step: told.step, epoch: told.epoch, loss: told.loss, etaS: told.eta_s, fraction };
    }
    case 'valid':
      return { ...now, validLoss: told.loss };
    case 'evaluation': {
      const { done, total, failed, eta_s: etaS } = told;
      const fraction = done === null || !total ? null : Math.min(1, Math.max(0, done / total));
      // An evaluation that goes on has got over what was wrong.
      const error = told.state === 'failed' ? inWords({ ...told, text: told.reason }) : '';
      return { ...now, done, total, failed, etaS, fraction, error: error === '' ? null : error };
    }
    case 'warning':
      return { ...now, warnings: before.warnings + 1 };
    case 'error':
      return { ...now, error: inWords(told) };
    default:
      return now;
  }
}
