/** The run browser: run → evaluations → prompts, and its checkpoints. Shows what the library found; reads nothing itself. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { Problem } from '../errors';
import type { Clip, Evaluation, Prompt } from '../evaluations/evaluation';
import { commands } from '../ids';
import type { Library } from '../library';
import { formatDifferences, formatHyperparameters } from '../runs/hyperparameters';
import { compareHyperparameters, findParent } from '../runs/lineage';
import type { Checkpoint, Run, RunStatus } from '../runs/run';
import { formatDuration, formatLoss, formatStatus, formatStep } from './format';

export type RunsNode =
  | { readonly kind: 'run'; readonly run: Run }
  | { readonly kind: 'checkpoints'; readonly run: Run }
  | { readonly kind: 'checkpoint'; readonly run: Run; readonly checkpoint: Checkpoint }
  | { readonly kind: 'evaluation'; readonly run: Run; readonly evaluation: Evaluation }
  | { readonly kind: 'prompt'; readonly run: Run; readonly evaluation: Evaluation; readonly prompt: Prompt }
  | { readonly kind: 'problems'; readonly key: string; readonly problems: readonly Problem[] }
  | { readonly kind: 'problem'; readonly key: string; readonly problem: Problem };

export interface RunsTreeOptions {
  readonly library: Library;
  /** What is wrong with files that belong to no run. */
  readonly problems: () => readonly Problem[];
  /** Whether this rater heard the clip as it is now. */
  readonly heard: (evaluation: Evaluation, clip: Clip) => boolean;
  /** Name of the host that the run lies on; '' for this machine. */
  readonly hostOf: (run: Run) => string;
  /** Asked for the first look at the disk, when the view is first shown. */
  readonly look: () => void;
  readonly now: () => Date;
}

export class RunsTree implements vscode.TreeDataProvider<RunsNode> {
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(private readonly options: RunsTreeOptions) {}

  refresh(): void {
    this.#changed.fire(undefined);
  }

  dispose(): void {
    this.#changed.dispose();
  }

  getChildren(node?: RunsNode): RunsNode[] {
    const { library } = this.options;
    if (node === undefined) {
      if (!library.looked) this.options.look();
      const runs: RunsNode[] = library.runs.map((run) => ({ kind: 'run', run }));
      return [...runs, ...problemsNode('roots', this.options.problems())];
    }
    switch (node.kind) {
      case 'run': {
        const evaluations = library.evaluationsOf(node.run.id);
        return [
          ...evaluations.map((evaluation): RunsNode => ({ kind: 'evaluation', run: node.run, evaluation })),
          ...(node.run.checkpoints.length > 0 ? [{ kind: 'checkpoints', run: node.run } as const] : []),
          ...problemsNode(node.run.id, [
            ...node.run.problems,
            ...evaluations.flatMap((evaluation) => evaluation.problems),
          ]),
        ];
      }
      case 'checkpoints':
        return node.run.checkpoints.map((checkpoint) => ({ kind: 'checkpoint', run: node.run, checkpoint }));
      case 'evaluation':
        return node.evaluation.prompts.map((prompt) => ({ ...node, kind: 'prompt', prompt }));
      case 'problems':
        return node.problems.map((problem, index) => ({
          kind: 'problem',
          key: `${node.key}#${index}`,
          problem,
        }));
      case 'checkpoint':
      case 'prompt':
      case 'problem':
        return [];
    }
  }

  getTreeItem(node: RunsNode): vscode.TreeItem {
    switch (node.kind) {
      case 'run':
        return this.#runItem(node.run);
      case 'checkpoints': {
        const item = new vscode.TreeItem(l10n.t('Checkpoints'), vscode.TreeItemCollapsibleState.Collapsed);
        item.id = `${node.run.id}/checkpoints`;
        item.description = String(node.run.checkpoints.length);
        item.contextValue = 'checkpoints';
        item.iconPath = new vscode.ThemeIcon('layers');
        return item;
      }
      case 'checkpoint':
        return checkpointItem(node.run, node.checkpoint);
      case 'evaluation':
        return this.#evaluationItem(node);
      case 'prompt':
        return this.#promptItem(node);
      case 'problems': {
        const item = new vscode.TreeItem(l10n.t('Problems'), vscode.TreeItemCollapsibleState.Collapsed);
        item.id = `${node.key}/problems`;
        item.description = String(node.problems.length);
        item.contextValue = 'problems';
        item.iconPath = new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground'));
        return item;
      }
      case 'problem':
        return problemItem(node.key, node.problem);
    }
  }

  #runItem(run: Run): vscode.TreeItem {
    const parent = findParent(run, this.options.library.runs);
    const differences = parent === null ? [] : compareHyperparameters(run, parent);
    // Without a parent the few that matter most; the tooltip has them all.
    const shown =
      differences.length > 0
        ? formatDifferences(differences)
        : formatHyperparameters(run.hyperparameters).slice(0, 5);
    const counts = this.options.library.evaluationsOf(run.id).map((evaluation) => this.#heard(evaluation));
    const heard = sum(counts.map((count) => count.heard));
    const total = sum(counts.map((count) => count.total));
    const lastValid = run.valid.at(-1)?.loss ?? null;

    const item = new vscode.TreeItem(run.name, vscode.TreeItemCollapsibleState.Collapsed);
    item.id = run.id;
    item.contextValue = run.layout === 'loose' ? 'run.loose' : 'run';
    item.iconPath = statusIcon(run.status);
    item.description = [
      this.options.hostOf(run),
      lastValid === null ? '' : l10n.t('valid {0}', formatLoss(lastValid)),
      total === 0 ? '' : heard === total ? l10n.t('all heard') : l10n.t('{0} of {1} heard', heard, total),
      shown.join(', '),
    ]
      .filter((part) => part !== '')
      .join(' · ');
    item.tooltip = this.#runTooltip(run, parent, lastValid, heard, total);
    item.accessibilityInformation = {
      label: `${run.name}, ${formatStatus(run.status, this.options.now(), vscode.env.language)}, ${item.description}`,
    };
    return item;
  }

  #runTooltip(
    run: Run,
    parent: Run | null,
    lastValid: number | null,
    heard: number,
    total: number,
  ): vscode.MarkdownString {
    const text = new vscode.MarkdownString();
    const line = (value: string): void => void text.appendText(value).appendMarkdown('\n\n');
    text.appendMarkdown('**').appendText(run.name).appendMarkdown('**\n\n');
    line(formatStatus(run.status, this.options.now(), vscode.env.language));
    if (run.parent !== null) {
      line(l10n.t('From {0}: {1}', parent?.name ?? run.parent.run, run.parent.reason));
    }
    if (run.valid.length > 0) {
      line(
        l10n.t(
          'Valid loss: {0}',
          run.valid
            .slice(-6)
            .map((point) => formatLoss(point.loss))
            .join(' → '),
        ),
      );
    }
    const lastTrain = run.train.at(-1);
    if (lastTrain !== undefined && lastValid !== null)
      line(l10n.t('Last train loss: {0}', formatLoss(lastTrain.loss)));
    const all = formatHyperparameters(run.hyperparameters);
    if (all.length > 0) line(all.join(', '));
    if (total > 0) line(l10n.t('{0} of {1} clips heard', heard, total));
    line(run.folder);
    return text;
  }

  #evaluationItem(node: RunsNode & { kind: 'evaluation' }): vscode.TreeItem {
    const { evaluation } = node;
    const { heard, total } = this.#heard(evaluation);
    const item = new vscode.TreeItem(evaluationTitle(evaluation), vscode.TreeItemCollapsibleState.Collapsed);
    item.id = evaluation.id;
    item.contextValue = 'evaluation';
    item.iconPath = new vscode.ThemeIcon('play-circle');
    item.description = [
      l10n.t('{0} prompts × {1} takes', evaluation.prompts.length, evaluation.takes.length),
      evaluation.expected > total ? l10n.t('{0} of {1} clips there', total, evaluation.expected) : '',
      total === 0 ? '' : heard === total ? l10n.t('all heard') : l10n.t('{0} of {1} heard', heard, total),
    ]
      .filter((part) => part !== '')
      .join(' · ');
    const duration = evaluation.clips.find((clip) => clip.durationSeconds !== null)?.durationSeconds ?? null;
    item.tooltip = [
      `${evaluation.runName} / ${evaluation.name}`,
      evaluation.takes.map((take) => take.name).join(', '),
      duration === null ? '' : l10n.t('{0} a clip', formatDuration(duration)),
    ]
      .filter((part) => part !== '')
      .join('\n');
    item.command = { command: commands.compareOutputs, title: l10n.t('Compare Outputs'), arguments: [node] };
    return item;
  }

  #promptItem(node: RunsNode & { kind: 'prompt' }): vscode.TreeItem {
    const { evaluation, prompt } = node;
    const item = new vscode.TreeItem(
      `${prompt.number}  ${oneLine(prompt.text === '' ? prompt.id : prompt.text)}`,
    );
    item.id = `${evaluation.id}/${prompt.id}`;
    item.contextValue = 'prompt';
    const clips = this.#clipsByPrompt(evaluation).get(prompt.id) ?? [];
    const present = clips.filter((clip) => clip.file !== null);
    const heard = present.filter((clip) => this.options.heard(evaluation, clip)).length;
    item.iconPath = new vscode.ThemeIcon(
      present.length > 0 && heard === present.length
        ? 'circle-filled'
        : heard > 0
          ? 'circle-outline'
          : 'circle-small',
    );
    item.description = heard === 0 ? '' : l10n.t('{0} of {1} heard', heard, present.length);
    item.tooltip = prompt.text;
    item.command = { command: commands.compareOutputs, title: l10n.t('Compare Outputs'), arguments: [node] };
    return item;
  }

  #heard(evaluation: Evaluation): { heard: number; total: number } {
    const present = evaluation.clips.filter((clip) => clip.file !== null);
    return {
      heard: present.filter((clip) => this.options.heard(evaluation, clip)).length,
      total: present.length,
    };
  }

  readonly #byPrompt = new WeakMap<Evaluation, Map<string, Clip[]>>();

  #clipsByPrompt(evaluation: Evaluation): Map<string, Clip[]> {
    let clips = this.#byPrompt.get(evaluation);
    if (clips === undefined) {
      clips = new Map();
      for (const clip of evaluation.clips) {
        const together = clips.get(clip.prompt);
        if (together === undefined) clips.set(clip.prompt, [clip]);
        else together.push(clip);
      }
      this.#byPrompt.set(evaluation, clips);
    }
    return clips;
  }
}

/** `evaluation_full`, with what its kind is called where the name does not say it. */
export function evaluationTitle(evaluation: Evaluation): string {
  const name = evaluation.name === '.' ? l10n.t('takes') : evaluation.name;
  if (evaluation.kind === 'quick') return l10n.t('{0} (quick)', name);
  if (evaluation.kind === 'full' && !name.includes('full')) return l10n.t('{0} (full)', name);
  return name;
}

function checkpointItem(run: Run, checkpoint: Checkpoint): vscode.TreeItem {
  const item = new vscode.TreeItem(checkpoint.name);
  item.id = `${run.id}/checkpoints/${checkpoint.name}`;
  item.contextValue = checkpoint.folder === null ? 'reference' : 'checkpoint';
  item.iconPath = new vscode.ThemeIcon(
    { base: 'circle-outline', best: 'star-full', final: 'flag', numbered: 'git-commit' }[checkpoint.kind],
  );
  item.description = [
    checkpoint.kind === 'base' ? (run.model ?? l10n.t('the model without an adapter')) : '',
    checkpoint.step === null ? '' : formatStep(checkpoint.step, vscode.env.language),
    checkpoint.validLoss === null ? '' : l10n.t('valid {0}', formatLoss(checkpoint.validLoss)),
  ]
    .filter((part) => part !== '')
    .join(' · ');
  if (checkpoint.folder !== null) item.tooltip = checkpoint.folder;
  return item;
}

function problemItem(key: string, problem: Problem): vscode.TreeItem {
  const item = new vscode.TreeItem(problem.message);
  item.id = key;
  item.contextValue = 'problem';
  item.iconPath = new vscode.ThemeIcon(problem.severity);
  item.tooltip = problem.file === undefined ? problem.message : `${problem.message}\n${problem.file}`;
  if (problem.file !== undefined) {
    const position = new vscode.Position(Math.max(0, (problem.line ?? 1) - 1), 0);
    const options: vscode.TextDocumentShowOptions = { selection: new vscode.Range(position, position) };
    item.command = {
      command: 'vscode.open',
      title: l10n.t('Open the File'),
      arguments: [vscode.Uri.file(problem.file), options],
    };
  }
  return item;
}

function problemsNode(key: string, problems: readonly Problem[]): RunsNode[] {
  return problems.length === 0 ? [] : [{ kind: 'problems', key, problems }];
}

function statusIcon(status: RunStatus): vscode.ThemeIcon {
  switch (status.kind) {
    case 'training':
      return new vscode.ThemeIcon('sync~spin', new vscode.ThemeColor('charts.blue'));
    case 'silent':
      return new vscode.ThemeIcon('question', new vscode.ThemeColor('list.warningForeground'));
    case 'completed':
      return new vscode.ThemeIcon('pass', new vscode.ThemeColor('charts.green'));
    case 'stopped':
      return new vscode.ThemeIcon('debug-pause');
    case 'failed':
      return new vscode.ThemeIcon('error', new vscode.ThemeColor('list.errorForeground'));
    case 'unknown':
      return new vscode.ThemeIcon('folder');
  }
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 300);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
