/** The jobs in the sidebar: found again after a reload, watched while any lives, told of once when it ends. */
import * as vscode from 'vscode';
import { contexts, views } from '../ids';
import { exists } from '../jobs/paths';
import { jobsRoot } from '../jobs/spec';
import { isLive } from '../jobs/state';
import type { Library } from '../library';
import { coalesce } from '../platform/coalesce';
import { setContext } from '../platform/contextKeys';
import { DisposableStore } from '../platform/disposables';
import { Poll } from '../platform/watch';
import type { Workshop } from '../workshop';
import type { ComparisonPanel } from './comparisonPanel';
import { jobNews } from './jobNews';
import { JobsTree } from './jobsTree';

export interface JobsViewDeps {
  readonly workshop: Workshop;
  readonly library: Library;
  readonly comparison: ComparisonPanel;
  readonly log: vscode.LogOutputChannel;
  /** Looks at the disk for runs. */
  readonly refresh: () => Promise<void>;
  readonly folders: () => readonly string[];
}

export interface JobsView {
  readonly dispose: () => void;
  /** Something was started or asked to stop: look soon. */
  wake(): void;
}

const POLL_MS = 1000;

export function registerJobsView(deps: JobsViewDeps): JobsView {
  const { workshop, library, comparison, log } = deps;
  const { jobs } = workshop;
  const store = new DisposableStore();
  const tree = store.add(new JobsTree({ jobs: () => jobs.jobs, now: () => new Date() }));
  const view = store.add(vscode.window.createTreeView(views.jobs, { treeDataProvider: tree }));
  const tell = jobNews({
    jobs: () => jobs.jobs,
    log,
    compare: async (job) => {
      await deps.refresh();
      const evaluation = library.runs
        .flatMap((run) => library.evaluationsOf(run.id))
        .find(({ folder }) => folder === job.spec?.output);
      if (evaluation !== undefined) comparison.open([evaluation], null);
      return evaluation !== undefined;
    },
  });

  const look = coalesce(async () => {
    await jobs.refresh();
    tell();
    const live = jobs.jobs.filter(({ state }) => isLive(state)).length;
    setContext(contexts.hasJobs, jobs.jobs.length > 0);
    view.badge = live === 0 ? undefined : { value: live, tooltip: String(live) };
    view.message = jobs.contact?.ok === false ? jobs.contact.reason : '';
  }, 50);
  const poll = store.add(new Poll(look, () => view.visible || jobs.live, POLL_MS));
  const wake = (): void => void look().then(() => poll.wake());
  store.add(jobs.onDidChange(() => tree.refresh()));
  store.add(view.onDidChangeVisibility(() => view.visible && wake()));
  store.add(vscode.workspace.onDidGrantWorkspaceTrust(wake));

  // Jobs of before this window was opened are watched again, also when nobody opens the view: their end is news.
  void Promise.all(deps.folders().map((folder) => exists(jobsRoot(folder)))).then((there) => {
    if (there.includes(true)) wake();
  });
  return { wake, dispose: () => store.dispose() };
}
