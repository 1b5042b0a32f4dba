/** The run browser in the sidebar, and what makes everything follow the disk. */
import * as vscode from 'vscode';
import { views } from '../ids';
import type { Library } from '../library';
import type { Notebook } from '../notebook';
import { DisposableStore } from '../platform/disposables';
import { Poll, watchSignalFiles } from '../platform/watch';
import type { Workshop } from '../workshop';
import { RunsTree } from './runsTree';

export interface RunsViewDeps {
  readonly library: Library;
  readonly notebook: Notebook;
  /** Looks at the disk now. */
  readonly refresh: () => Promise<void>;
  /** Something besides the tree is on screen that has to follow the disk. */
  readonly watched: () => boolean;
  readonly workshop: Workshop;
}

/** Folders that come or go whole are seen by looking only; with the look itself that stays below a second. */
const POLL_MS = 700;

export function registerRunsView({
  library,
  notebook,
  refresh,
  watched,
  workshop,
}: RunsViewDeps): DisposableStore {
  const store = new DisposableStore();
  const tree = store.add(
    new RunsTree({
      library,
      problems: () => [...library.problems, ...notebook.problems],
      heard: (evaluation, clip) => notebook.heard(evaluation, clip),
      hostOf: ({ folder }) => {
        const host = workshop.hostOfFolder(folder);
        return host === workshop.here ? '' : host.name;
      },
      look: () => void refresh(),
      now: () => new Date(),
    }),
  );
  const view = store.add(
    vscode.window.createTreeView(views.runs, {
      treeDataProvider: tree,
      canSelectMany: true,
      showCollapseAll: true,
    }),
  );
  store.add(library.onDidChange(() => tree.refresh()));
  store.add(notebook.onDidChange(() => tree.refresh()));
  // Its rows name their hosts.
  store.add(workshop.onDidChangeHosts(() => tree.refresh()));

  const poll = store.add(new Poll(refresh, () => view.visible || watched(), POLL_MS));
  const again = (): void => void refresh();
  store.add(view.onDidChangeVisibility(() => poll.wake()));
  store.add(vscode.window.onDidChangeActiveTextEditor(() => poll.wake()));
  store.add(library.onDidChange(() => poll.wake()));
  store.add(watchSignalFiles(() => void (library.looked && refresh())));
  store.add(vscode.workspace.onDidChangeWorkspaceFolders(again));
  store.add(vscode.workspace.onDidGrantWorkspaceTrust(again));
  store.add(
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('earmark')) again();
    }),
  );
  return store;
}
