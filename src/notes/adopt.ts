/** Notes on a run that was moved find it again by the clips they were made on. */

/** A run that notes speak of and nobody knows. */
export interface Orphan {
  /** The run id in its lines. */
  readonly run: string;
  /** Name of the folder its lines lie in, which is the run's own or nearly. */
  readonly folder: string;
  /** sha256 of every clip its lines mention. */
  readonly hashes: ReadonlySet<string>;
  /** Lines that are notes. */
  readonly notes: number;
}

/** A run that is there, with the hashes of its clips. */
export interface RunHashes {
  readonly id: string;
  readonly name: string;
  readonly hashes: ReadonlySet<string>;
}

/**
 * Orphan's run id → id of the run that now holds most of its clips, for NotesStore.setAdopted. Equal audio is what counts; among runs
 * with equally many of the clips (a copied folder) the one of the old name is taken, else the first. An orphan
 * none of whose clips is found stays one.
 */
export function adopt(orphans: readonly Orphan[], runs: readonly RunHashes[]): ReadonlyMap<string, string> {
  const adopted = new Map<string, string>();
  for (const orphan of orphans) {
    let best: { readonly run: RunHashes; readonly score: number } | null = null;
    for (const run of runs) {
      const shared = [...orphan.hashes].filter((hash) => run.hashes.has(hash)).length;
      if (shared === 0) continue;
      const score = shared + (run.name === orphan.folder ? 0.5 : 0);
      if (!best || score > best.score) best = { run, score };
    }
    if (best) adopted.set(orphan.run, best.run.id);
  }
  return adopted;
}
