/** "Fetch Checkpoint": brings the weights of a run on another host, which do not come by themselves. */
import * as l10n from '@vscode/l10n';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { HumanError } from '../errors';
import { localFiles } from '../hosts/hostFiles';
import { readNotFetched, type NotFetched } from '../results/notFetched';
import type { CommandContext } from './context';
import { pickRun } from './pick';

export async function fetchCheckpoint(context: CommandContext, node: unknown): Promise<void> {
  const title = l10n.t('Fetch Checkpoint');
  const run = await pickRun(context, node, title);
  if (run === null) return;
  const host = context.workshop.hostThatMade(run.folder);
  const { mirror } = host;
  if (mirror === null)
    throw new HumanError(l10n.t('{0} lies on this machine: nothing is to be fetched.', run.name));
  const folders = run.checkpoints.filter(({ kind }) => kind !== 'base');
  if (folders.length === 0) throw new HumanError(l10n.t('{0} has no checkpoint yet.', run.name));
  const choices = folders.map(async ({ name, folder: known }) => {
    const folder = known ?? join(run.folder, name);
    return { label: name, folder, description: lackText(await readNotFetched(folder)) };
  });
  const chosen = await vscode.window.showQuickPick(Promise.all(choices), {
    title,
    placeHolder: l10n.t('Checkpoints of {0} whose weights come to this machine', run.name),
    canPickMany: true,
  });
  if (chosen === undefined || chosen.length === 0) return;
  const paths = chosen.flatMap(({ folder }) => host.there(folder) ?? []);
  const stop = new AbortController();
  const report = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: l10n.t('Fetching from {0}…', host.name),
      cancellable: true,
    },
    async (progress, token) => {
      token.onCancellationRequested(() => stop.abort());
      const told = mirror.onDidChange(() => {
        const { bytesToCome } = mirror.state;
        progress.report({ message: l10n.t('{0} MB to come', Math.ceil(bytesToCome / 1e6)) });
      });
      try {
        return await mirror.fetch(paths, stop.signal);
      } finally {
        told.dispose();
      }
    },
  );
  await context.refresh();
  if (stop.signal.aborted) return;
  if (report.elsewhere)
    throw new HumanError(
      l10n.t('Another window is bringing files from {0}. Try again when it is done.', host.name),
    );
  const [problem] = report.state.problems;
  if (problem !== undefined) throw new HumanError(problem.message);
  const there = await Promise.all(chosen.map(({ folder }) => localFiles.exists(folder)));
  if (there.includes(true))
    void vscode.window.showInformationMessage(
      l10n.t('Fetched: {0}', chosen.map(({ label }) => label).join(', ')),
    );
}

function lackText(files: readonly NotFetched[]): string {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  return bytes === 0 ? l10n.t('is here') : l10n.t('{0} MB to come', Math.ceil(bytes / 1e6));
}
