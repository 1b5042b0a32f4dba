import type * as vscode from 'vscode';
import type { Library } from '../library';
import type { Notebook } from '../notebook';
import type { ComparisonPanel } from '../views/comparisonPanel';
import type { HostsView } from '../views/hostsView';
import type { JobTerminals } from '../views/jobTerminals';
import type { Reports } from '../views/reports';
import type { RunPages } from '../views/runPanel';
import type { TrainingPanel } from '../views/trainingPanel';
import type { Workshop } from '../workshop';

/** What commands act on; passed in, so that nothing is global. */
export interface CommandContext {
  readonly log: vscode.LogOutputChannel;
  readonly library: Library;
  readonly notebook: Notebook;
  readonly comparison: ComparisonPanel;
  readonly runPages: RunPages;
  readonly training: TrainingPanel;
  readonly workshop: Workshop;
  readonly terminals: JobTerminals;
  readonly hosts: HostsView;
  readonly reports: Reports;
  /** Jobs were started or asked to stop: the Jobs view looks soon. */
  readonly wakeJobs: () => void;
  /** Looks at the disk if nobody has yet. */
  readonly look: () => Promise<void>;
  /** Looks at the disk now. */
  readonly refresh: () => Promise<void>;
}
