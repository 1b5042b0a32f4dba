/** Folders of equal file names side by side: how takes lie on disk when nothing says so. */
import { isClipName, type Listing } from './disk';

/** More folders than this with equal names are a data set (stems, speakers) and not the takes of one. */
const MOST_TAKES = 32;

/** The folders that share at least one clip's name with another one, in order; none when there are too many to be takes. */
export function foldersOfTakes(listings: ReadonlyMap<string, Listing>): string[] {
  const foldersByClip = new Map<string, string[]>();
  for (const [folder, listing] of listings) {
    for (const name of listing.files) {
      if (!isClipName(name)) continue;
      const folders = foldersByClip.get(name);
      if (folders === undefined) foldersByClip.set(name, [folder]);
      else folders.push(folder);
    }
  }
  const sharing = new Set([...foldersByClip.values()].filter((folders) => folders.length > 1).flat());
  return sharing.size > MOST_TAKES ? [] : [...listings.keys()].filter((folder) => sharing.has(folder));
}
