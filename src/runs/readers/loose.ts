/** Folders of equally named WAV files side by side: takes without any record of how they were made. */
import { join } from 'node:path';
import type { Listing } from '../../files/disk';
import { foldersOfTakes } from '../../files/wavFolders';
import { nothingKnown, type RunReader } from './reader';

/** A folder with more folders than this is a collection, not the takes of a few checkpoints. */
const MOST_FOLDERS = 64;

export const readLoose: RunReader = async ({ folder, listing, reading }) => {
  const names = listing.folders.filter((name) => !name.startsWith('.'));
  if (names.length < 2 || names.length > MOST_FOLDERS) return null;
  const inside = new Map<string, Listing>();
  for (const name of names) inside.set(name, await reading.list(join(folder, name)));
  const takes = foldersOfTakes(inside);
  if (takes.length === 0) return null;
  return { ...nothingKnown, layout: 'loose', evaluationFolders: ['.'], parts: takes };
};
