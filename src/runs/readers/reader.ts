/** One file of this folder knows one on-disk layout. What they all share is here. */
import type { Listing, Reading } from '../../files/disk';
import type { EventLogs } from '../events';
import type { Run } from '../run';

/** What a reader tells of a run; discovery adds identity, place, and what the figures give away. */
export type RunFacts = Omit<Run, 'id' | 'name' | 'folder' | 'label' | 'problems'> & {
  /** The id and folder name that the files themselves give, if any. */
  readonly ownId: string | null;
  readonly ownName: string | null;
  /**
   * Folders in it that are parts of this run and no runs themselves; `all` for a run that says so itself. The others
   * are looked into: a folder that looks like a run of a foreign tool may be a project that holds runs.
   */
  readonly parts: 'all' | readonly string[];
};

export interface ReaderContext {
  /** Absolute, links resolved. */
  readonly folder: string;
  readonly listing: Listing;
  /** Everything read through it is remembered, so that a later look can tell whether the result still holds. */
  readonly reading: Reading;
  readonly logs: EventLogs;
}

/** The run that the folder is, or null. Called for every folder, so names decide before anything is opened. */
export type RunReader = (context: ReaderContext) => Promise<RunFacts | null>;

/** What is known when nothing is: readers state the rest. */
export const nothingKnown = {
  ownId: null,
  ownName: null,
  created: null,
  status: { kind: 'unknown' },
  model: null,
  hyperparameters: {},
  parent: null,
  data: {},
  environment: {},
  command: [],
  checkpoints: [],
  train: [],
  valid: [],
} as const satisfies Partial<RunFacts>;
