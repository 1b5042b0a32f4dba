/** The nouns of training, as read from disk. Nothing here knows which tool wrote the files: the readers do. */
import type { Problem } from '../errors';

/** What the files say of a run's life. Where they do not say, `unknown`; silence is told as silence, never as an end. */
export type RunStatus =
  | { readonly kind: 'training'; /** epoch seconds of the last event */ readonly lastEvent: number }
  | { readonly kind: 'silent'; /** epoch seconds of the last event */ readonly lastEvent: number }
  | { readonly kind: 'completed'; readonly at: number | null }
  | { readonly kind: 'stopped'; readonly at: number | null }
  | { readonly kind: 'failed'; readonly at: number | null; readonly reason: string }
  | { readonly kind: 'unknown' };

export type HyperparameterValue = string | number | boolean | null;
export type Hyperparameters = Readonly<Record<string, HyperparameterValue>>;

export interface LossPoint {
  readonly step: number;
  readonly epoch: number | null;
  /** Mean cross-entropy in nats over the codebooks; null where the file says NaN or infinite. */
  readonly loss: number | null;
}

export type CheckpointKind = 'base' | 'best' | 'final' | 'numbered';

export interface Checkpoint {
  /** `base`, `best`, `final` or `checkpoint-400`: the name a take of it carries. */
  readonly name: string;
  readonly kind: CheckpointKind;
  /** Absolute folder; null for the base model, which the run only refers to. */
  readonly folder: string | null;
  readonly step: number | null;
  readonly epoch: number | null;
  readonly validLoss: number | null;
}

/** A run that another one was made from, and why. */
export interface Parent {
  /** Id or folder name of the parent, as written. */
  readonly run: string;
  readonly reason: string;
}

export type Layout = 'earmark' | 'story' | 'trainer' | 'loose';

export interface Run {
  /** run.json's id, or for a foreign run a hash of host and path. Stable while the folder stays where it is. */
  readonly id: string;
  /** The folder's own name. */
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  /** Path relative to the workspace folder or configured root it was found in, `/`-separated, for telling namesakes apart. */
  readonly label: string;
  readonly layout: Layout;
  /** ISO 8601, or null where nothing says. */
  readonly created: string | null;
  readonly status: RunStatus;
  readonly model: string | null;
  readonly hyperparameters: Hyperparameters;
  readonly parent: Parent | null;
  /** Training-data facts worth showing, e.g. clips, dropped. */
  readonly data: Readonly<Record<string, HyperparameterValue>>;
  readonly environment: Readonly<Record<string, HyperparameterValue>>;
  /** The command line that made it, as argv. */
  readonly command: readonly string[];
  /** Base first, then best, final, numbered by step. */
  readonly checkpoints: readonly Checkpoint[];
  readonly train: readonly LossPoint[];
  readonly valid: readonly LossPoint[];
  /** Folder names, relative to `folder`, that hold evaluations (`evaluation`, `evaluation_full`, …). */
  readonly evaluationFolders: readonly string[];
  readonly problems: readonly Problem[];
}
