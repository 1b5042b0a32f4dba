/** The jobs of this workspace: what runs, waits or ended, and no more than is known of each. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { commands } from '../ids';
import type { Job } from '../jobs/jobsStore';
import { inOrder, isMovable, isWaiting } from '../jobs/queue';
import { isLive, lastKnown, succeeded, type JobState } from '../jobs/state';
import { formatLoss, formatMoment, formatSpan, formatStep } from './format';

export interface JobNode {
  readonly kind: 'job';
  readonly job: Job;
}

/** Its job is replaced as more is known of it. */
interface Row extends JobNode {
  job: Job;
}

export interface JobsTreeOptions {
  readonly jobs: () => readonly Job[];
  readonly now: () => Date;
}

export class JobsTree implements vscode.TreeDataProvider<JobNode> {
  readonly #changed = new vscode.EventEmitter<JobNode[] | undefined>();
  /** What VS Code was given, row by row: the same row stays the same object. */
  #rows: Row[] = [];
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(private readonly options: JobsTreeOptions) {}

  /** Where only words of rows have changed, only those are drawn anew: a menu that is open loses its row else. */
  refresh(): void {
    const jobs = inOrder(this.options.jobs());
    if (jobs.map(({ id }) => id).join() !== this.#rows.map(({ job }) => job.id).join()) {
      this.#changed.fire(undefined);
      return;
    }
    const changed = this.#rows.filter((row, at) => row.job !== jobs[at]);
    for (const [at, row] of this.#rows.entries()) row.job = jobs[at] ?? row.job;
    if (changed.length > 0) this.#changed.fire(changed);
  }

  dispose(): void {
    this.#changed.dispose();
  }

  getChildren(node?: JobNode): JobNode[] {
    if (node !== undefined) return [];
    const before = new Map<string, Row>(this.#rows.map((row) => [row.job.id, row]));
    this.#rows = inOrder(this.options.jobs()).map((job) => {
      const row = before.get(job.id) ?? { kind: 'job', job };
      row.job = job;
      return row;
    });
    return this.#rows;
  }

  getTreeItem({ job }: JobNode): vscode.TreeItem {
    const now = this.options.now();
    const item = new vscode.TreeItem(job.title);
    item.id = job.id;
    item.contextValue = contextOf(job);
    item.iconPath = iconOf(job);
    item.description = [progressOf(job), jobStateText(job, now)].filter((part) => part !== '').join(' · ');
    item.tooltip = tooltipOf(job, now);
    item.accessibilityInformation = { label: `${job.title}, ${item.description}` };
    item.command = {
      command: isLive(job.state) ? commands.attachJob : commands.showJobLog,
      title: l10n.t('Show'),
      arguments: [{ kind: 'job', job } satisfies JobNode],
    };
    return item;
  }
}

/** What its menu has. */
function contextOf(job: Job): string {
  if (isMovable(job)) return 'job.waiting.movable';
  if (isWaiting(job)) return 'job.waiting';
  if (isLive(job.state)) return 'job.live';
  return resumable(job) ? 'job.resumable' : 'job.ended';
}

/** Whether going on as a new job makes sense: it did not do what it was to do, and what it was to do is known. */
export function resumable(job: Job): boolean {
  return !isLive(job.state) && !succeeded(job.state) && job.spec !== null;
}

/** What is known of a job's life, as a phrase. */
export function jobStateText(job: Job, now: Date): string {
  const { state } = job;
  if (job.stopping)
    return isWaiting(job) ? l10n.t('is being cancelled') : l10n.t('stopping: it saves what it can');
  const at = (seconds: number | null): string =>
    seconds === null ? '' : formatMoment(new Date(seconds * 1000), now, vscode.env.language);
  switch (state.kind) {
    case 'submitted':
      return l10n.t('starting');
    case 'queued':
      if (state.queue?.ready === true)
        return l10n.t('place {0} in the queue, waits for a free GPU', state.queue.place);
      return state.reason === null
        ? l10n.t('waits for the job before it')
        : l10n.t('waits in the queue: {0}', state.reason);
    case 'running':
      return state.since === null ? l10n.t('running') : l10n.t('running since {0}', at(state.since));
    case 'running-without-supervisor':
      return l10n.t('running; its supervisor was killed, so how it ends will not be known');
    case 'ended':
      return endText(state, at(state.at));
    case 'lost':
      return lostText(state);
    case 'unverifiable':
      return state.since === null ? l10n.t('no contact') : l10n.t('no contact since {0}', at(state.since));
  }
}

function endText(state: Extract<JobState, { kind: 'ended' }>, at: string): string {
  if (succeeded(state)) return l10n.t('done {0}', at);
  switch (state.why) {
    case 'exited':
      return l10n.t('failed with code {0}, {1}', state.code ?? '?', at);
    case 'stopped':
      return state.began ? l10n.t('stopped {0}', at) : l10n.t('cancelled {0}', at);
    case 'skipped':
      return l10n.t('did not run: the job before it did not succeed');
    default:
      return state.text === null
        ? l10n.t('ended ({0}) {1}', state.why, at)
        : l10n.t('ended {0}: {1}', at, state.text);
  }
}

/** What its scripts said of that; null where it did not fail, or nothing was said. */
export function whyItFailed({ progress, state }: Job): string | null {
  const refusal = state.kind === 'ended' && state.why === 'exited' ? state.text : null;
  return progress?.error ?? refusal;
}

function lostText({ why }: Extract<JobState, { kind: 'lost' }>): string {
  switch (why) {
    case 'never-started':
      return l10n.t('never started: its start was cut off');
    case 'supervisor-gone-before-start':
      return l10n.t('never ran: its supervisor was killed while it waited');
    case 'supervisor-gone':
      return l10n.t('gone: job and supervisor were killed, and left no word');
    case 'reboot':
      return l10n.t('gone: the machine was restarted');
    case 'scheduler':
      return l10n.t('gone: Slurm knows of it no more, and it left no word');
  }
}

/** `step 380 · loss 7.9 · 4 min left`, `12 of 24 clips · 3 min left`. */
export function progressOf({ progress, state }: Job): string {
  if (progress === null) return '';
  const { done, total, failed, step, loss, etaS } = progress;
  const parts: string[] = [];
  if (done !== null && total !== null) {
    parts.push(l10n.t('{0} of {1} clips', done, total));
    if (failed !== null && failed > 0) parts.push(l10n.t('{0} failed', failed));
  } else if (step !== null) {
    parts.push(formatStep(step, vscode.env.language));
    if (loss !== null) parts.push(l10n.t('loss {0}', formatLoss(loss)));
  }
  if (state.kind === 'running' && etaS !== null && etaS > 0) parts.push(l10n.t('{0} left', formatSpan(etaS)));
  return parts.join(' · ');
}

function tooltipOf(job: Job, now: Date): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  const line = (value: string): void => void text.appendText(value).appendMarkdown('\n\n');
  text.appendMarkdown('**').appendText(job.title).appendMarkdown('**\n\n');
  line([progressOf(job), jobStateText(job, now)].filter((part) => part !== '').join(' · '));
  const before = lastKnown(job.state);
  if (before !== job.state) line(l10n.t('Before that: {0}', jobStateText({ ...job, state: before }, now)));
  const why = whyItFailed(job);
  if (why !== null) line(why);
  if (job.progress !== null && job.progress.warnings > 0)
    line(l10n.t('{0} warnings: see the log.', job.progress.warnings));
  line(`${job.host}: ${job.directory}`);
  return text;
}

function iconOf(job: Job): vscode.ThemeIcon {
  const { state } = job;
  const colour = (name: string): vscode.ThemeColor => new vscode.ThemeColor(name);
  switch (state.kind) {
    case 'submitted':
    case 'queued':
      return new vscode.ThemeIcon('clock');
    case 'running':
      return new vscode.ThemeIcon('sync~spin', colour('charts.blue'));
    case 'running-without-supervisor':
      return new vscode.ThemeIcon('sync~spin', colour('list.warningForeground'));
    case 'ended':
      if (succeeded(state)) return new vscode.ThemeIcon('pass', colour('charts.green'));
      if (state.why === 'stopped' && state.began) return new vscode.ThemeIcon('debug-pause');
      // Nothing of it went wrong.
      if (state.why === 'stopped' || state.why === 'skipped') return new vscode.ThemeIcon('circle-slash');
      return new vscode.ThemeIcon('error', colour('list.errorForeground'));
    case 'lost':
      return new vscode.ThemeIcon('error', colour('list.errorForeground'));
    case 'unverifiable':
      return new vscode.ThemeIcon('question', colour('list.warningForeground'));
  }
}
