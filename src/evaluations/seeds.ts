/** Which rows of an index are a further seed of their model, and so a take of their own. */
import type { IndexEntry } from './indexRows';
import { seedOfStem, stemOf } from './names';

/**
 * Those whose file name says so, or whose seed the evaluation has beside its first, or that give one prompt and model a
 * second file with a second seed. Seeds that merely differ from prompt to prompt make no further takes.
 */
export function furtherSeeds(
  entries: readonly IndexEntry[],
  seeds: readonly number[],
): ReadonlySet<IndexEntry> {
  const main = seeds[0] ?? mainSeed(entries);
  const others = new Set(seeds.slice(1));
  const further = new Set<IndexEntry>();
  const firsts = new Map<string, IndexEntry>();
  for (const entry of entries) {
    const inName = seedInName(entry);
    const seed = entry.seed ?? (inName !== null && others.has(inName) ? inName : null);
    if (seed === null || seed === main) {
      firsts.set(keyOf(entry), entry);
      continue;
    }
    const first = firsts.get(keyOf(entry));
    const second =
      first !== undefined && first.path !== entry.path && first.seed !== null && first.seed !== seed;
    if (others.has(seed) || inName === seed || second) further.add(entry);
    else firsts.set(keyOf(entry), entry);
  }
  return further;
}

/** The seed of the first row whose file name has none: only further seeds stand in names. */
function mainSeed(entries: readonly IndexEntry[]): number | null {
  const plain = entries.find((entry) => entry.seed !== null && seedInName(entry) !== entry.seed);
  return (plain ?? entries.find((entry) => entry.seed !== null))?.seed ?? null;
}

function seedInName(entry: IndexEntry): number | null {
  return seedOfStem(stemOf(entry.path));
}

function keyOf(entry: IndexEntry): string {
  return JSON.stringify([entry.promptId, entry.text, entry.model]);
}
