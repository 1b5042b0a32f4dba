/** The last step before anything runs: the exact command, the host, the folder; then the start, and its viewer. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Host } from '../host';
import type { JobDraft } from '../jobs/spec';
import type { CommandContext } from './context';

export interface Start {
  /** A sentence on what will happen besides. */
  readonly detail: string;
  readonly title: string;
  readonly drafts: readonly JobDraft[];
  readonly host: Host;
  readonly workFolder: string;
}

/** Starts nothing unless the person says so. */
export async function confirmAndStart(context: CommandContext, start: Start): Promise<void> {
  const launch = await start.host.prepare(start.drafts, start.workFolder);
  const command = launch.jobs.map(({ shown }) => shown).join('\n\n');
  const go = l10n.t('Start');
  const copy = l10n.t('Copy Command');
  const detail = [start.detail, l10n.t('On {0}:', start.host.name), command].join('\n\n');
  const chosen = await vscode.window.showInformationMessage(start.title, { modal: true, detail }, go, copy);
  if (chosen === copy) await vscode.env.clipboard.writeText(command);
  if (chosen !== go) return;
  const jobs = await start.host.start(launch, start.workFolder);
  context.wakeJobs();
  await context.terminals.showFirst(jobs);
}
