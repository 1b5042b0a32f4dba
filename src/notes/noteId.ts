import { monotonicFactory } from 'ulid';

/**
 * Makes ids for the lines of one writer: ULIDs (https://github.com/ulid/spec), 26 characters that sort by time, each
 * greater than the one before even within a millisecond or when the clock is set back.
 */
export function noteIds(now: () => number = Date.now): () => string {
  const next = monotonicFactory();
  return () => next(now());
}
