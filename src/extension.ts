/** The table of contents: what Earmark is made of, and how the parts know each other. No logic, nothing read here. */
import * as l10n from '@vscode/l10n';
import { hostname } from 'node:os';
import * as vscode from 'vscode';
import { AnalysisPool } from './audio/pool';
import { registerCommands } from './commands/table';
import { mirrorsFolder, notesFolder, readConfig, runRoots, workspaceFolders } from './config';
import { readHostEntries, type HostEntries } from './hosts/hostEntry';
import { raterNames } from './hosts/rater';
import { Library } from './library';
import { createLook } from './look';
import { Notebook } from './notebook';
import { ComparisonPanel } from './views/comparisonPanel';
import { registerHostsView } from './views/hostsView';
import { registerJobsView } from './views/jobsView';
import { JobTerminals } from './views/jobTerminals';
import { Reports } from './views/reports';
import { RunPages } from './views/runPanel';
import { registerRunsView } from './views/runsView';
import { TrainingPanel } from './views/trainingPanel';
import { Workshop } from './workshop';

export function activate(context: vscode.ExtensionContext): void {
  if (vscode.l10n.bundle !== undefined) l10n.config({ contents: vscode.l10n.bundle });
  const own = <T extends vscode.Disposable>(part: T): T => (context.subscriptions.push(part), part);
  const folders = (): string[] => workspaceFolders().map(({ path }) => path);
  const { extensionUri } = context;

  const log = own(vscode.window.createOutputChannel('Earmark', { log: true }));
  const library = new Library({
    roots: () => [...runRoots(readConfig()), ...workshop.mirrors],
    depth: () => readConfig().runs.depth,
    exclude: () => readConfig().runs.exclude,
  });
  const raterName = raterNames();
  const notebook = new Notebook({
    library,
    folder: () => notesFolder(readConfig()),
    base: () => folders()[0] ?? null,
    rater: () => raterName(readConfig().notes.rater, vscode.workspace.isTrusted),
    machine: hostname(),
    warn: (message) => log.warn(message),
  });
  const hostEntries = (): HostEntries => readHostEntries(readConfig().hosts, [l10n.t('this machine')]);
  const workshop = new Workshop({
    source: context.asAbsolutePath('python'),
    mayRun: () => vscode.workspace.isTrusted,
    folders,
    python: () => readConfig().python.path,
    entries: () => hostEntries().entries,
    mirrors: () => mirrorsFolder(context.globalStorageUri.fsPath),
    mirrorLimitBytes: () => readConfig().results.limitGB * 1e9,
    depth: () => readConfig().runs.depth,
    exclude: () => readConfig().runs.exclude,
  });
  const worker = context.asAbsolutePath('dist/analysis.js');
  const cacheFolder = vscode.Uri.joinPath(context.globalStorageUri, 'analysis').fsPath;
  const pool = own(new AnalysisPool({ worker, cacheFolder }));
  const { look, refresh } = createLook(library, notebook);

  const shared = { extensionUri, log, library, notebook, look };
  const loudnessMatch = (): boolean => readConfig().compare.loudnessMatch;
  const comparison = own(new ComparisonPanel({ ...shared, pool, loudnessMatch }));
  const runPages = own(new RunPages({ ...shared, listen: (one, at) => comparison.open([one], at) }));
  const terminals = own(new JobTerminals(workshop));
  const jobs = own(registerJobsView({ workshop, library, comparison, log, refresh, folders }));
  const wakeJobs = (): void => jobs.wake();
  const hosts = own(registerHostsView(workshop, () => hostEntries().problems));
  const training = own(new TrainingPanel({ ...shared, workshop, terminals, wakeJobs }));
  const watched = (): boolean => comparison.visible || runPages.visible || training.visible;
  own(registerRunsView({ library, notebook, refresh, watched, workshop }));
  own(
    registerCommands({
      ...shared,
      refresh,
      comparison,
      runPages,
      training,
      workshop,
      terminals,
      hosts,
      reports: own(new Reports()),
      wakeJobs,
    }),
  );
}
