/** One notification when work that was under way comes to its end, with the button for what one does next. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { commands } from '../ids';
import type { Job } from '../jobs/jobsStore';
import { isLive, succeeded } from '../jobs/state';
import { messageOf } from '../errors';
import { jobStateText, whyItFailed } from './jobsTree';

export interface JobNewsOptions {
  readonly jobs: () => readonly Job[];
  readonly log: vscode.LogOutputChannel;
  /** Opens the comparison of what the job evaluated; false when nothing of it is there. */
  readonly compare: (job: Job) => Promise<boolean>;
}

/** Call it whenever the jobs may have changed. Jobs that had ended before this window looked are no news. */
export function jobNews(options: JobNewsOptions): () => void {
  let live: ReadonlySet<string> | null = null;
  return () => {
    const jobs = options.jobs();
    const before = live;
    live = new Set(jobs.filter(({ state }) => isLive(state)).map(({ id }) => id));
    if (before === null) return;
    for (const job of jobs) {
      if (!before.has(job.id) || isLive(job.state)) continue;
      // A link in a chain is no end: the last one tells, or the one that broke it.
      const goesOn = jobs.some(
        ({ spec }) =>
          spec?.after.some(({ job: before, when }) => before === job.id && when === 'succeeded') === true,
      );
      if (succeeded(job.state) && goesOn) continue;
      // One that never ran because the job before it failed has been told with that.
      if (job.state.kind === 'ended' && job.state.why === 'skipped') continue;
      // Nor is it news that what a person cancelled did not begin.
      if (job.state.kind === 'ended' && job.state.why === 'stopped' && !job.state.began) continue;
      void tell(job, options);
    }
  };
}

async function tell(job: Job, options: JobNewsOptions): Promise<void> {
  const compare = l10n.t('Compare Outputs');
  const resume = l10n.t('Resume');
  const showLog = l10n.t('Show Log');
  const text = `${job.title}: ${jobStateText(job, new Date())}`;
  const why = whyItFailed(job);
  const chosen = succeeded(job.state)
    ? await vscode.window.showInformationMessage(
        job.spec?.kind === 'evaluate' ? l10n.t('{0}. Ready to listen.', text) : text,
        ...(job.spec?.kind === 'evaluate' ? [compare, showLog] : [showLog]),
      )
    : await vscode.window.showWarningMessage(
        why === null ? text : l10n.t('{0}. {1}', text, why),
        resume,
        showLog,
      );
  try {
    if (chosen === compare && !(await options.compare(job))) {
      throw new Error(l10n.t('Its clips are not there any more.'));
    }
    const node = { kind: 'job', job };
    if (chosen === resume) await vscode.commands.executeCommand(commands.resumeJob, node);
    if (chosen === showLog) await vscode.commands.executeCommand(commands.showJobLog, node);
  } catch (error) {
    options.log.error('job', error instanceof Error ? error : String(error));
    void vscode.window.showErrorMessage(messageOf(error));
  }
}
