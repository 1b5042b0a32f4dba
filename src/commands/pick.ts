/** Which run or evaluations a command is about: the tree rows it was called on, else asked for. */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { HumanError } from '../errors';
import type { Evaluation } from '../evaluations/evaluation';
import { commands } from '../ids';
import type { Run } from '../runs/run';
import { evaluationTitle, type RunsNode } from '../views/runsTree';
import type { CommandContext } from './context';

export function isRunsNode(value: unknown): value is RunsNode {
  return typeof value === 'object' && value !== null && 'kind' in value;
}

/** The selected rows if the row under the mouse is one of them, else that row alone. */
export function nodesOf(node: unknown, selected: unknown): RunsNode[] {
  if (!isRunsNode(node)) return [];
  const all = Array.isArray(selected) ? selected.filter(isRunsNode) : [];
  return all.includes(node) ? all : [node];
}

/** Null when the person gave up. */
export async function pickRun(context: CommandContext, node: unknown, title: string): Promise<Run | null> {
  if (isRunsNode(node) && 'run' in node) return context.library.run(node.run.id) ?? node.run;
  await context.look();
  const runs = context.library.runs;
  if (runs.length === 0) throw noRuns();
  if (runs.length === 1) return runs[0] ?? null;
  const chosen = await vscode.window.showQuickPick(
    runs.map((run) => ({ label: run.name, description: run.label, run })),
    { title, placeHolder: l10n.t('Which run?'), matchOnDescription: true },
  );
  return chosen?.run ?? null;
}

/** Null when the person gave up; several can be ticked, to hear runs side by side. */
export async function pickEvaluations(context: CommandContext): Promise<Evaluation[] | null> {
  await context.look();
  const evaluations = context.library.runs.flatMap((run) => context.library.evaluationsOf(run.id));
  if (context.library.runs.length === 0) throw noRuns();
  if (evaluations.length === 0) {
    throw new HumanError(
      l10n.t(
        'No run here has an evaluation yet: generate WAV files into a folder “evaluation” of the run, then compare them.',
      ),
    );
  }
  if (evaluations.length === 1) return evaluations;
  const chosen = await vscode.window.showQuickPick(
    evaluations.map((evaluation) => ({
      label: `${evaluation.runName} / ${evaluationTitle(evaluation)}`,
      description: l10n.t('{0} prompts × {1} takes', evaluation.prompts.length, evaluation.takes.length),
      evaluation,
    })),
    {
      title: l10n.t('Compare Outputs'),
      placeHolder: l10n.t('Tick one evaluation, or several to hear their takes side by side'),
      canPickMany: true,
      matchOnDescription: true,
      // The walkthrough takes the focus back when its step is ticked, just as this opens.
      ignoreFocusOut: true,
    },
  );
  return chosen === undefined || chosen.length === 0 ? null : chosen.map((item) => item.evaluation);
}

function noRuns(): HumanError {
  return new HumanError(l10n.t('No runs found. Open the folder that holds your runs, or add one.'), {
    label: l10n.t('Add Folder of Runs…'),
    command: commands.addRunsFolder,
  });
}
