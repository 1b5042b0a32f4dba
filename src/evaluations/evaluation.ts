/** What checkpoints sound like: prompts × takes → clips, as found on disk. */
import type { Problem } from '../errors';

export type EvaluationKind = 'quick' | 'full' | 'other';

export interface Prompt {
  /** What the prompt file gives, else the first 10 hex digits of the text's sha256. Unique within an evaluation. */
  readonly id: string;
  /** The words that were asked for; where only file names are known, the name without its ending. */
  readonly text: string;
  /** Place in the set, from 1: the `p3` of a note. */
  readonly number: number;
}

/** One checkpoint's (and seed's) output over a prompt set: a column of the comparison. */
export interface Take {
  /** Unique in its evaluation: `base`, `best`, `checkpoint-400`, `best@0.7`; `best_s1` for a further seed. */
  readonly name: string;
  /** The model as the index names it, less the seed. */
  readonly model: string;
  readonly seed: number | null;
  /** Step and valid loss of the checkpoint, where evaluation.json or the run tell. */
  readonly step: number | null;
}

/** One WAV file: one take of one prompt. */
export interface Clip {
  /** `<prompt id>/<take name>`: unique in its evaluation. */
  readonly id: string;
  readonly prompt: string;
  readonly take: string;
  /** Absolute path, always inside the run's folder, links resolved; null when the index names it and the disk lacks it. */
  readonly file: string | null;
  /** As the index says; null where it does not. */
  readonly sha256: string | null;
  readonly durationSeconds: number | null;
}

export interface Evaluation {
  /** `<run id>:<folder name>`. */
  readonly id: string;
  readonly run: string;
  readonly runName: string;
  /** Folder name relative to the run: `evaluation_full`. */
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  readonly kind: EvaluationKind;
  readonly prompts: readonly Prompt[];
  readonly takes: readonly Take[];
  readonly clips: readonly Clip[];
  /** Prompts × takes that ought to exist when the evaluation is done. */
  readonly expected: number;
  /** Sampling settings as written, for "settings that made this" and for warning of unfair pairs. */
  readonly sampling: Readonly<Record<string, string | number | boolean | null>>;
  readonly problems: readonly Problem[];
}
