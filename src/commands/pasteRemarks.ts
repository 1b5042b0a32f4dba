import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { HumanError } from '../errors';
import type { Evaluation } from '../evaluations/evaluation';
import { parseRemarks, type RemarkDraft } from '../notes/remarks';
import { rowDraft, runDraft } from '../views/comparisonNotes';
import { reachOf } from '../views/noteReach';
import { evaluationTitle, type RunsNode } from '../views/runsTree';
import type { CommandContext } from './context';
import { isRunsNode, pickRun } from './pick';

/**
 * Makes notes of remarks on the clipboard (a chat, a list, a table): each line is shown with what it was understood to
 * be about, and only ticked ones are saved.
 */
export async function pasteRemarks(context: CommandContext, node: unknown): Promise<void> {
  const title = l10n.t('Paste Remarks');
  const pasted = await vscode.env.clipboard.readText();
  if (pasted.trim() === '') {
    throw new HumanError(
      l10n.t(
        'The clipboard holds no text. Copy the remarks where they are, then call “Paste Remarks…” again.',
      ),
    );
  }
  const open = context.comparison.evaluations[0];
  const shown = node === undefined && open !== undefined ? context.library.evaluation(open) : undefined;
  const run = shown === undefined ? await pickRun(context, node, title) : context.library.run(shown.run);
  if (run === undefined || run === null) return;
  const evaluation =
    shown ?? (isRunsNode(node) ? evaluationOf(node) : null) ?? (await pickEvaluation(context, run.id, title));
  if (evaluation === 'cancelled') return;

  const reach = reachOf(
    { run: run.id, evaluation: evaluation?.name ?? null, prompt: null },
    evaluation === null ? [] : [evaluation],
    [],
  );
  const remarks = parseRemarks(pasted, {
    takes: reach.takes,
    prompts: reach.prompts,
    promptText: (number) => evaluation?.prompts.find((prompt) => prompt.number === number)?.text ?? null,
  });
  const chosen = await vscode.window.showQuickPick(
    remarks.map((remark) => ({
      label: oneLine(remark.text),
      description: subjectOf(remark),
      picked: true,
      remark,
    })),
    {
      title: l10n.t(
        'Notes on {0}',
        evaluation === null ? run.name : `${run.name} / ${evaluationTitle(evaluation)}`,
      ),
      placeHolder: l10n.t('Untick what is no note; Enter saves the rest'),
      canPickMany: true,
      matchOnDescription: true,
      ignoreFocusOut: true,
    },
  );
  if (chosen === undefined || chosen.length === 0) return;
  for (const { remark } of chosen) {
    const prompt = evaluation?.prompts.find((candidate) => candidate.number === remark.prompt) ?? null;
    const [take] = remark.takes;
    await context.notebook.save(
      evaluation === null || (prompt === null && remark.takes.length === 0)
        ? runDraft(run, { text: remark.text, replaces: null }, context)
        : rowDraft(
            evaluation,
            {
              prompt,
              text: remark.text,
              ...(take === undefined ? {} : { take }),
              ...(remark.second === null ? {} : { second: remark.second }),
            },
            context,
          ),
    );
  }
  const openNotes = l10n.t('Open Notes');
  const answer = await vscode.window.showInformationMessage(
    chosen.length === 1 ? l10n.t('One note was saved.') : l10n.t('{0} notes were saved.', chosen.length),
    openNotes,
  );
  if (answer !== openNotes) return;
  const page = await context.notebook.render(run.id);
  if (page !== null) await vscode.window.showTextDocument(vscode.Uri.file(page));
}

function evaluationOf(node: RunsNode): Evaluation | null {
  return node.kind === 'evaluation' || node.kind === 'prompt' ? node.evaluation : null;
}

/** The evaluation whose prompts the remarks count; null: they are about the run alone. */
async function pickEvaluation(
  context: CommandContext,
  run: string,
  title: string,
): Promise<Evaluation | null | 'cancelled'> {
  const evaluations = context.library.evaluationsOf(run);
  if (evaluations.length <= 1) return evaluations[0] ?? null;
  const chosen = await vscode.window.showQuickPick(
    evaluations.map((evaluation) => ({
      label: evaluationTitle(evaluation),
      description: l10n.t('{0} prompts × {1} takes', evaluation.prompts.length, evaluation.takes.length),
      evaluation,
    })),
    { title, placeHolder: l10n.t('Which evaluation are the remarks about?') },
  );
  return chosen === undefined ? 'cancelled' : chosen.evaluation;
}

/** `prompt 3 · best · 0:12`; what a remark was understood to be about. */
function subjectOf({ prompt, takes, second }: RemarkDraft): string {
  const parts = [
    prompt === null ? '' : l10n.t('prompt {0}', prompt),
    takes.join(', '),
    second === null ? '' : `${Math.floor(second / 60)}:${String(Math.floor(second % 60)).padStart(2, '0')}`,
  ].filter((part) => part !== '');
  return parts.length === 0 ? l10n.t('the run') : parts.join(' · ');
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, 200);
}
