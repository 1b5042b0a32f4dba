/** Sessions under tmux: a job's command once more with hands on it, and back to what still runs. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { HumanError } from '../errors';
import { resumeDraft } from '../jobs/trainer';
import { resumable } from '../views/jobsTree';
import type { CommandContext } from './context';
import { pickJob } from './jobs';
import { pickHost } from './pickHost';

/** Goes on where the job stopped, as resuming does; but no job comes of it. */
export async function runInTmux(context: CommandContext, node: unknown): Promise<void> {
  const title = l10n.t('Run Again in tmux');
  const job = await pickJob(context, node, title, resumable);
  if (job === null) return;
  if (job.spec === null || !resumable(job)) {
    throw new HumanError(l10n.t('“{0}” has nothing to go on with: it runs, or it is done.', job.title));
  }
  const host = context.workshop.hostOf(job);
  if (host.entry.slurm !== null) {
    throw new HumanError(l10n.t('On {0} the GPUs are Slurm’s to give. Resume it as a job.', host.name));
  }
  const workFolder = host.workFolderOf(job.spec.run ?? job.spec.cwd);
  const launch = await host.prepare([resumeDraft(job.spec)], workFolder);
  const run = l10n.t('Run in tmux');
  const chosen = await vscode.window.showInformationMessage(
    l10n.t('Run “{0}” again in tmux?', job.title),
    {
      modal: true,
      detail: [
        l10n.t(
          'A terminal to type into, kept by tmux when you close it. Not queued, not resumed by Earmark, no notification.',
        ),
        l10n.t('On {0}:', host.name),
        ...launch.jobs.map(({ shown }) => shown),
      ].join('\n\n'),
    },
    run,
  );
  if (chosen === run) context.terminals.showSession(await host.openSession(launch, workFolder));
}

export async function openTmux(context: CommandContext, node: unknown): Promise<void> {
  const title = l10n.t('Open tmux Session');
  const host = await pickHost(context, node, title);
  if (host === null) return;
  const sessions = await host.listSessions();
  if (sessions.length === 0) {
    throw new HumanError(
      l10n.t('No session of Earmark’s runs on {0}. Start one with “Run in tmux” in the form.', host.name),
    );
  }
  const chosen =
    sessions.length === 1
      ? sessions[0]
      : (
          await vscode.window.showQuickPick(
            sessions.map((session) => ({ label: session.name, session })),
            { title, placeHolder: l10n.t('Which session?') },
          )
        )?.session;
  if (chosen !== undefined) context.terminals.showSession(chosen);
}
