/** The last step before anything runs: the exact command, the host, the folder; then the start, and its viewer. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Host } from '../host';
import { jobsAhead } from '../jobs/queue';
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

/** Starts nothing unless the person says so. Where jobs are before it in the queue, it may start at once all the same. */
export async function confirmAndStart(context: CommandContext, start: Start): Promise<void> {
  const { host, drafts, workFolder } = start;
  const launch = await host.prepare(drafts, workFolder);
  const before = drafts.some(({ gpus }) => typeof gpus === 'number') ? await lookAhead(host) : 0;
  const command = launch.jobs.map(({ shown }) => shown).join('\n\n');
  const go = l10n.t('Start');
  const atOnce = l10n.t('Start at Once');
  const copy = l10n.t('Copy Command');
  const detail = [
    start.detail,
    before === 0 ? '' : l10n.t('It waits until a GPU is free. Jobs before it: {0}', before),
    l10n.t('On {0}:', host.name),
    command,
  ].filter((part) => part !== '');
  const chosen = await vscode.window.showInformationMessage(
    start.title,
    { modal: true, detail: detail.join('\n\n') },
    ...(before === 0 ? [go, copy] : [go, atOnce, copy]),
  );
  if (chosen === copy) await vscode.env.clipboard.writeText(command);
  if (chosen !== go && chosen !== atOnce) return;
  const wanted =
    chosen === go
      ? launch
      : await host.prepare(
          drafts.map((draft) => ({ ...draft, gpus: null })),
          workFolder,
        );
  const jobs = await host.start(wanted, workFolder);
  context.wakeJobs();
  await context.terminals.showFirst(jobs);
}

async function lookAhead({ jobs }: Host): Promise<number> {
  await jobs.refresh();
  return jobsAhead(jobs.jobs);
}
