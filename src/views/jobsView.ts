/** The jobs in the sidebar: found again after a reload, watched while any lives, told of once when it ends. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { messageOf } from '../errors';
import type { Host } from '../host';
import { contexts, views } from '../ids';
import { localFiles } from '../hosts/hostFiles';
import { jobsRoot } from '../jobs/spec';
import { isLive } from '../jobs/state';
import type { Library } from '../library';
import { setContext } from '../platform/contextKeys';
import { DisposableStore } from '../platform/disposables';
import type { Workshop } from '../workshop';
import type { ComparisonPanel } from './comparisonPanel';
import { jobNews } from './jobNews';
import { HostWatches } from './hostWatches';
import { JobsDrag } from './jobsDrag';
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

export function registerJobsView(deps: JobsViewDeps): JobsView {
  const { workshop, library, comparison, log } = deps;
  const store = new DisposableStore();
  const tree = store.add(new JobsTree({ jobs: () => workshop.jobs, now: () => new Date() }));
  const drag = new JobsDrag({
    jobs: () => workshop.jobs,
    move: async (job, to) => {
      try {
        await workshop.hostOf(job).jobs.move(job.id, to);
      } catch (error) {
        log.error('queue', error instanceof Error ? error : String(error));
        void vscode.window.showErrorMessage(messageOf(error));
      }
    },
  });
  const view = store.add(
    vscode.window.createTreeView(views.jobs, { treeDataProvider: tree, dragAndDropController: drag }),
  );
  const tell = jobNews({
    jobs: () => workshop.jobs,
    log,
    compare: async (job) => {
      const host = workshop.hostOf(job);
      await host.sync();
      await deps.refresh();
      const output = job.spec?.output ?? null;
      const folder = output === null ? null : host.here(output);
      const evaluation = library.runs
        .flatMap((run) => library.evaluationsOf(run.id))
        .find((one) => one.folder === folder);
      if (evaluation !== undefined) comparison.open([evaluation], null);
      return evaluation !== undefined;
    },
  });

  const show = (): void => {
    tell();
    const { jobs } = workshop;
    const live = jobs.filter(({ state }) => isLive(state)).length;
    setContext(contexts.hasJobs, jobs.length > 0);
    view.badge = live === 0 ? undefined : { value: live, tooltip: String(live) };
    view.message = workshop.hosts.flatMap(contactText).join(' · ');
    tree.refresh();
  };
  const watches = store.add(
    new HostWatches(workshop, {
      wanted: (host) => view.visible || host.jobs.live,
      looked: show,
      arrived: deps.refresh,
    }),
  );
  store.add(workshop.onDidChangeJobs(() => tree.refresh()));
  store.add(view.onDidChangeVisibility(() => view.visible && watches.wake()));
  store.add(vscode.workspace.onDidGrantWorkspaceTrust(() => watches.wake()));

  // Jobs of before this window was opened are watched again, also when nobody opens the view: their end is news.
  for (const host of workshop.hosts) {
    const traces = host.mirrorFolder === null ? deps.folders().map(jobsRoot) : [host.mirrorFolder];
    void Promise.all(traces.map((trace) => localFiles.exists(trace))).then((there) => {
      if (there.includes(true)) watches.wake(host);
    });
  }
  return { wake: () => watches.wake(), dispose: () => store.dispose() };
}

/** Short where the Hosts view has the whole sentence: the jobs need the room. */
function contactText({ name, state, jobs: { contact } }: Host): string[] {
  if (contact?.ok !== false) return [];
  return state.kind === 'unreachable'
    ? [l10n.t('No contact with {0}: the Hosts view says why.', name)]
    : [`${name}: ${contact.reason}`];
}
