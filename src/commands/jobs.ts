/** What one does with a job: see it, stop it, go on with it, read its log, take its command. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { HumanError } from '../errors';
import { exportJob } from '../jobs/exportJob';
import type { Job } from '../jobs/jobsStore';
import { shellCommand } from '../hosts/quote';
import type { JobSpec } from '../jobs/spec';
import { isMovable, isWaiting, stepOf } from '../jobs/queue';
import { isLive } from '../jobs/state';
import { resumeDraft } from '../jobs/trainer';
import { jobStateText, progressOf, resumable } from '../views/jobsTree';
import type { CommandContext } from './context';
import { confirmAndStart } from './start';

export async function attachJob(context: CommandContext, node: unknown): Promise<void> {
  const job = await pickJob(context, node, l10n.t('Attach to Job'), () => true);
  if (job !== null) await context.terminals.show(job);
}

export async function stopJob(context: CommandContext, node: unknown): Promise<void> {
  await end(context, node, l10n.t('Stop Job'), ({ state }) => isLive(state));
}

export async function cancelJob(context: CommandContext, node: unknown): Promise<void> {
  await end(context, node, l10n.t('Cancel Job'), isWaiting);
}

async function end(
  context: CommandContext,
  node: unknown,
  title: string,
  fit: (job: Job) => boolean,
): Promise<void> {
  const job = await pickJob(context, node, title, fit);
  if (job === null) return;
  if (!(isWaiting(job) ? await confirmCancel(job) : await confirmStop(job))) return;
  await context.workshop.hostOf(job).jobs.stop(job.id);
  context.wakeJobs();
}

/** To the person it is another thing to stop what runs and to cancel what waits; to the host it is the same. */
async function confirmCancel({ title }: Job): Promise<boolean> {
  const cancel = l10n.t('Cancel Job');
  const chosen = await vscode.window.showWarningMessage(
    l10n.t('Cancel “{0}”?', title),
    {
      modal: true,
      detail: l10n.t('It has not begun. What follows only if it succeeds does not run either.'),
    },
    { title: cancel },
    // VS Code's own “Cancel” would be taken for the job's.
    { title: l10n.t('Let It Wait'), isCloseAffordance: true },
  );
  return chosen?.title === cancel;
}

async function confirmStop(job: Job): Promise<boolean> {
  const stop = l10n.t('Stop');
  const chosen = await vscode.window.showWarningMessage(
    l10n.t('Stop “{0}”?', job.title),
    {
      modal: true,
      detail:
        job.spec?.kind === 'evaluate'
          ? l10n.t('Finished clips stay; resume it later and only the missing ones are made.')
          : l10n.t('A training saves a checkpoint first, and can be resumed from there.'),
    },
    stop,
  );
  return chosen === stop;
}

/** Another place in the queue for the GPUs of its host. */
export async function moveJob(context: CommandContext, node: unknown, to: 'first' | -1 | 1): Promise<void> {
  const title =
    to === 'first'
      ? l10n.t('Run Next')
      : to === -1
        ? l10n.t('Move Up in Queue')
        : l10n.t('Move Down in Queue');
  const job = await pickJob(context, node, title, isMovable);
  if (job === null) return;
  const { workshop } = context;
  const place = to === 'first' ? to : stepOf(job, workshop.jobs, to);
  if (place !== null) await workshop.hostOf(job).jobs.move(job.id, place);
}

/** A new job that names the old one; a finished directory never runs again. */
export async function resumeJob(context: CommandContext, node: unknown): Promise<void> {
  const job = await pickJob(context, node, l10n.t('Resume Job'), resumable);
  if (job === null) return;
  if (job.spec === null || !resumable(job)) {
    throw new HumanError(l10n.t('“{0}” has nothing to go on with: it runs, or it is done.', job.title));
  }
  const host = context.workshop.hostOf(job);
  const workFolder = host.workFolderOf(job.spec.run ?? job.spec.cwd);
  await confirmAndStart(context, {
    title: l10n.t('Resume “{0}”?', job.title),
    detail:
      job.spec.kind === 'evaluate'
        ? l10n.t('Finished clips are kept.')
        : l10n.t('Training goes on from its last checkpoint.'),
    drafts: [job.spec, ...skippedAfter(job, context.workshop.jobs)].map(resumeDraft),
    host,
    workFolder,
  });
}

/** What waited for the job and did not run because it failed: it belongs to what is resumed. In the order of the chain. */
function skippedAfter(job: Job, jobs: readonly Job[]): JobSpec[] {
  const next = jobs.find(
    ({ spec, state }) =>
      state.kind === 'ended' &&
      state.why === 'skipped' &&
      spec?.after.some((link) => link.job === job.id) === true,
  );
  const spec = next?.spec ?? null;
  return next === undefined || spec === null ? [] : [spec, ...skippedAfter(next, jobs)];
}

/** Of a log that is elsewhere, its end. */
const LOG_BYTES = 1_000_000;

export async function showJobLog(context: CommandContext, node: unknown): Promise<void> {
  const job = await pickJob(context, node, l10n.t('Show Log'), () => true);
  if (job === null) return;
  const host = context.workshop.hostOf(job);
  if (!host.isHere) {
    const { code, stdout } = await host.transport.run({
      argv: ['tail', '-c', String(LOG_BYTES), job.log],
      input: '',
      timeoutMs: 60_000,
    });
    if (code !== 0) throw new HumanError(l10n.t('There is no log of “{0}” yet.', job.title));
    const document = await vscode.workspace.openTextDocument({ language: 'log', content: stdout });
    await vscode.window.showTextDocument(document, { preview: true });
    return;
  }
  try {
    await vscode.window.showTextDocument(vscode.Uri.file(job.log), { preview: true });
  } catch (error) {
    throw new HumanError(l10n.t('There is no log of “{0}” yet.', job.title), undefined, { cause: error });
  }
}

export async function copyJobCommand(context: CommandContext, node: unknown): Promise<void> {
  const job = await pickJob(context, node, l10n.t('Copy Command'), ({ spec }) => spec !== null);
  const spec = job?.spec ?? null;
  if (spec === null) return;
  const { argv, cwd, env } = spec;
  await vscode.env.clipboard.writeText(shellCommand(argv, { cwd, env }));
  void vscode.window.setStatusBarMessage(l10n.t('Command copied'), 3000);
}

/** The job as a script of its own, for a machine that Earmark does not know. */
export async function exportJobScript(context: CommandContext, node: unknown): Promise<void> {
  const job = await pickJob(context, node, l10n.t('Export Job'), ({ spec }) => spec !== null);
  const spec = job?.spec ?? null;
  if (spec === null) return;
  const document = await vscode.workspace.openTextDocument({
    language: 'shellscript',
    content: exportJob(spec),
  });
  await vscode.window.showTextDocument(document);
}

/** The row it was called on as it is now, else asked for among those that `fit`. */
export async function pickJob(
  context: CommandContext,
  node: unknown,
  title: string,
  fit: (job: Job) => boolean,
): Promise<Job | null> {
  const { workshop } = context;
  const given = jobOf(node);
  if (given !== null) return workshop.job(given.id) ?? given;
  await workshop.refresh();
  const jobs = workshop.jobs.filter(fit);
  if (jobs.length === 0) throw new HumanError(l10n.t('There is no job for this here.'));
  const chosen = await vscode.window.showQuickPick(
    jobs.map((job) => ({
      label: job.title,
      description: [progressOf(job), jobStateText(job, new Date())].filter((part) => part !== '').join(' · '),
      job,
    })),
    { title, placeHolder: l10n.t('Which job?') },
  );
  return chosen?.job ?? null;
}

function jobOf(node: unknown): Job | null {
  return typeof node === 'object' && node !== null && 'kind' in node && node.kind === 'job' && 'job' in node
    ? (node.job as Job)
    : null;
}
