/** One note as it stands now: it follows from all lines of all files, which are only ever appended to (merge.ts). */

export interface Note {
  /** ULID of its first line: sorts by time and stays through edits. */
  readonly id: string;
  /** ULID of the line that holds the text now; an edit replaces this one. */
  readonly version: string;
  /** ISO 8601, when it was first written. */
  readonly at: string;
  /** Who wrote it. */
  readonly by: string;
  /** Run.id. */
  readonly run: string;
  /** Evaluation.name, the folder relative to the run. */
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
  /** Another rater's note that this one rewords. Words stay with who wrote them: both notes stand. */
  readonly rewords: string | null;
}
