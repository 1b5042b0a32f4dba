/** Tells one state of a file's bytes from another without reading them. */
import { stat } from 'node:fs/promises';
import { mapLimited } from './pace';

/** File → a short text that changes when the file is written; files that are gone are left out. */
export async function fileVersions(files: readonly string[]): Promise<Map<string, string>> {
  const versions = new Map<string, string>();
  await mapLimited(files, 32, async (file) => {
    try {
      const { size, mtimeMs } = await stat(file);
      versions.set(file, `${size.toString(36)}-${Math.round(mtimeMs).toString(36)}`);
    } catch {
      // Gone, or not to be read: there is nothing to play, and the page says so.
    }
  });
  return versions;
}
