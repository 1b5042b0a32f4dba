/** What was found on disk, kept fresh: runs and their evaluations. A cache only; the files are the truth. */
import type { Problem } from './errors';
import type { Evaluation } from './evaluations/evaluation';
import { createEvaluationCache, readEvaluation } from './evaluations/readEvaluation';
import { createDiscoveryCache, discoverRuns, type RunRoot } from './runs/discover';
import type { Run } from './runs/run';

export interface LibraryOptions {
  readonly roots: () => readonly RunRoot[];
  readonly depth: () => number;
  readonly exclude: () => readonly string[];
}

export class Library {
  #runs: readonly Run[] = [];
  #problems: readonly Problem[] = [];
  #evaluations: ReadonlyMap<string, readonly Evaluation[]> = new Map();
  #looked = false;
  readonly #listeners = new Set<() => void>();
  readonly #discoveryCache = createDiscoveryCache();
  readonly #evaluationCache = createEvaluationCache();

  constructor(private readonly options: LibraryOptions) {}

  /** Newest first. */
  get runs(): readonly Run[] {
    return this.#runs;
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** False until the disk was looked at for the first time. */
  get looked(): boolean {
    return this.#looked;
  }

  run(id: string): Run | undefined {
    return this.#runs.find((run) => run.id === id);
  }

  evaluationsOf(runId: string): readonly Evaluation[] {
    return this.#evaluations.get(runId) ?? [];
  }

  evaluation(id: string): Evaluation | undefined {
    for (const evaluations of this.#evaluations.values()) {
      const found = evaluations.find((evaluation) => evaluation.id === id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  onDidChange(listener: () => void): { dispose: () => void } {
    this.#listeners.add(listener);
    return { dispose: () => void this.#listeners.delete(listener) };
  }

  /** Looks at the disk. Readers keep what did not change, so that sameness of objects tells whether anything did. */
  async refresh(): Promise<void> {
    const found = await discoverRuns(
      this.options.roots(),
      { depth: this.options.depth(), exclude: this.options.exclude(), now: Date.now() / 1000 },
      this.#discoveryCache,
    );
    const runsChanged =
      !this.#looked || !same(found.runs, this.#runs) || !same(found.problems, this.#problems);
    // One list for as long as its runs are the same ones, so that whoever derives from it sees by identity that nothing changed.
    if (runsChanged) this.#runs = found.runs;
    this.#problems = found.problems;
    const first = !this.#looked;
    this.#looked = true;
    // Rows appear before their evaluations are counted: on a slow disk that is the difference of seconds.
    if (first) this.#announce();

    const evaluations = new Map<string, readonly Evaluation[]>();
    let evaluationsChanged = false;
    for (const run of found.runs) {
      const before = this.#evaluations.get(run.id) ?? [];
      const read: Evaluation[] = [];
      for (const folder of run.evaluationFolders) {
        read.push(await readEvaluation(run, folder, this.#evaluationCache));
      }
      const unchanged = same(read, before);
      evaluationsChanged ||= !unchanged;
      evaluations.set(run.id, unchanged ? before : read);
    }
    this.#evaluations = evaluations;
    if (runsChanged || evaluationsChanged) this.#announce();
  }

  #announce(): void {
    for (const listener of this.#listeners) listener();
  }
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
