/** Looking at the disk: runs first, then the notes on them. */
import { contexts } from './ids';
import type { Library } from './library';
import type { Notebook } from './notebook';
import { coalesce } from './platform/coalesce';
import { setContext } from './platform/contextKeys';

export interface Look {
  /** Looks unless somebody has before. */
  readonly look: () => Promise<void>;
  /** Looks now; askings that come together are one look. */
  readonly refresh: () => Promise<void>;
}

export function createLook(library: Library, notebook: Notebook): Look {
  const refresh = coalesce(async () => {
    if (!library.looked) setContext(contexts.searching, true);
    await library.refresh();
    await notebook.refresh();
    setContext(contexts.searching, false);
    setContext(contexts.hasRuns, library.runs.length > 0);
    setContext(
      contexts.hasNotes,
      library.runs.some((run) => notebook.notesOf(run.id).length > 0),
    );
  }, 100);
  return { refresh, look: async () => (library.looked ? undefined : refresh()) };
}
