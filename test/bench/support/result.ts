/** What a benchmark hands back: its keys are the same in both, null where the plain way has no such figure. */
export type Figures = Readonly<Record<string, number | null>>;

export interface BenchResult {
  readonly metrics: Figures;
  /** The same by the plain way, or as it was before. */
  readonly baseline: Figures;
}
