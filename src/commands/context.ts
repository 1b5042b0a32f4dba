import type * as vscode from 'vscode';
import type { Library } from '../library';
import type { Notebook } from '../notebook';
import type { ComparisonPanel } from '../views/comparisonPanel';
import type { RunPages } from '../views/runPanel';

/** What commands act on; passed in, so that nothing is global. */
export interface CommandContext {
  readonly log: vscode.LogOutputChannel;
  readonly library: Library;
  readonly notebook: Notebook;
  readonly comparison: ComparisonPanel;
  readonly runPages: RunPages;
  /** Looks at the disk if nobody has yet. */
  readonly look: () => Promise<void>;
  /** Looks at the disk now. */
  readonly refresh: () => Promise<void>;
}
