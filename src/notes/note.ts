/** One line of a notes file. Lines are only ever appended; what is true now follows from all of them, merged by id. */

export interface Note {
  /** ULID: sorts by time. */
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  /** Who wrote it. */
  readonly by: string;
  readonly run: string;
  readonly evaluation: string | null;
  /** Prompt id. */
  readonly prompt: string | null;
  /** Take names within the evaluation; a take of another run is `<run name>/<take name>`. */
  readonly takes: readonly string[];
  /** A moment ([t, t]) or stretch of the clip, in seconds. */
  readonly seconds: readonly [number, number] | null;
  readonly text: string;
  readonly tags: readonly string[];
  /** Take name → sha256 of the clip that was heard. */
  readonly clipSha256: Readonly<Record<string, string>>;
  /** Its text was edited after it was first written. */
  readonly edited: boolean;
}
