/** The table of contents: what Earmark is made of, and how the parts know each other. No logic, nothing read here. */
import * as l10n from '@vscode/l10n';
import { hostname } from 'node:os';
import * as vscode from 'vscode';
import { AnalysisPool } from './audio/pool';
import { registerCommands } from './commands/table';
import { notesFolder, readConfig, runRoots, workspaceFolders } from './config';
import { raterNames } from './hosts/rater';
import { contexts, views } from './ids';
import { Library } from './library';
import { Notebook } from './notebook';
import { coalesce } from './platform/coalesce';
import { setContext } from './platform/contextKeys';
import { Poll, watchSignalFiles } from './platform/watch';
import { ComparisonPanel } from './views/comparisonPanel';
import { RunPages } from './views/runPanel';
import { RunsTree } from './views/runsTree';

export function activate(context: vscode.ExtensionContext): void {
  if (vscode.l10n.bundle !== undefined) l10n.config({ contents: vscode.l10n.bundle });
  const own = <T extends vscode.Disposable>(part: T): T => (context.subscriptions.push(part), part);

  const log = own(vscode.window.createOutputChannel('Earmark', { log: true }));
  const library = new Library({
    roots: () => runRoots(readConfig()),
    depth: () => readConfig().runs.depth,
    exclude: () => readConfig().runs.exclude,
  });
  const raterName = raterNames();
  const notebook = new Notebook({
    library,
    folder: () => notesFolder(readConfig()),
    base: () => workspaceFolders()[0]?.path ?? null,
    rater: () => raterName(readConfig().notes.rater, vscode.workspace.isTrusted),
    machine: hostname(),
    warn: (message) => log.warn(message),
  });
  const pool = own(
    new AnalysisPool({
      worker: context.asAbsolutePath('dist/analysis.js'),
      cacheFolder: vscode.Uri.joinPath(context.globalStorageUri, 'analysis').fsPath,
    }),
  );

  const lookNow = async (): Promise<void> => {
    if (!library.looked) setContext(contexts.searching, true);
    await library.refresh();
    await notebook.refresh();
    setContext(contexts.searching, false);
    setContext(contexts.hasRuns, library.runs.length > 0);
  };
  const refresh = coalesce(lookNow, 100);
  const look = async (): Promise<void> => (library.looked ? undefined : refresh());

  const { extensionUri } = context;
  const comparison = own(
    new ComparisonPanel({
      extensionUri,
      log,
      library,
      notebook,
      pool,
      look,
      loudnessMatch: () => readConfig().compare.loudnessMatch,
    }),
  );
  const runPages = own(
    new RunPages({
      extensionUri,
      log,
      library,
      notebook,
      look,
      listen: (evaluation, at) => comparison.open([evaluation], at),
    }),
  );
  const tree = own(
    new RunsTree({
      library,
      problems: () => [...library.problems, ...notebook.problems],
      heard: (evaluation, clip) => notebook.heard(evaluation, clip),
      look: () => void refresh(),
      now: () => new Date(),
    }),
  );
  const view = own(
    vscode.window.createTreeView(views.runs, {
      treeDataProvider: tree,
      canSelectMany: true,
      showCollapseAll: true,
    }),
  );
  own(library.onDidChange(() => tree.refresh()));
  own(notebook.onDidChange(() => tree.refresh()));

  const poll = own(new Poll(refresh, () => view.visible || comparison.visible || runPages.visible, 1200));
  own(view.onDidChangeVisibility(() => poll.wake()));
  own(vscode.window.onDidChangeActiveTextEditor(() => poll.wake()));
  own(watchSignalFiles(() => void (library.looked && refresh())));
  own(vscode.workspace.onDidChangeWorkspaceFolders(() => void refresh()));
  own(vscode.workspace.onDidGrantWorkspaceTrust(() => void refresh()));
  own(
    vscode.workspace.onDidChangeConfiguration(
      (change) => void (change.affectsConfiguration('earmark') && refresh()),
    ),
  );
  own(library.onDidChange(() => poll.wake()));
  own(registerCommands({ log, library, notebook, comparison, runPages, look, refresh }));
}
