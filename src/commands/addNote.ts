import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { runDraft, rowDraft } from '../views/comparisonNotes';
import type { CommandContext } from './context';
import { isRunsNode, pickRun } from './pick';

/** A note on the row it was called on; without a row, the open comparison's editor is focused, else a run is asked for. */
export async function addNote(context: CommandContext, node: unknown): Promise<void> {
  if (node === undefined && context.comparison.focusNote()) return;
  const run = await pickRun(context, node, l10n.t('Add Note'));
  if (run === null) return;
  const about =
    isRunsNode(node) && node.kind === 'prompt'
      ? l10n.t('prompt {0}', node.prompt.number)
      : isRunsNode(node) && node.kind === 'evaluation'
        ? node.evaluation.name
        : run.name;
  const draft = (text: string): ReturnType<typeof runDraft> =>
    isRunsNode(node) && (node.kind === 'prompt' || node.kind === 'evaluation')
      ? rowDraft(node.evaluation, { prompt: node.kind === 'prompt' ? node.prompt : null, text }, context)
      : runDraft(run, { text, replaces: null }, context);
  let text = '';
  for (;;) {
    const typed = await vscode.window.showInputBox({
      title: l10n.t('Note on {0}', about),
      value: text,
      prompt: l10n.t('best, p3 and @0:12 become links. Saved in the notes folder at once.'),
      ignoreFocusOut: true,
    });
    if (typed === undefined || typed.trim() === '') return;
    text = typed;
    try {
      await context.notebook.save(draft(text));
      return;
    } catch (error) {
      // What was typed must not be lost: it is offered again, with the reason.
      const again = l10n.t('Try Again');
      const message = error instanceof Error ? error.message : String(error);
      if ((await vscode.window.showErrorMessage(message, again)) !== again) {
        await vscode.env.clipboard.writeText(text);
        void vscode.window.showInformationMessage(l10n.t('The text of the note is on the clipboard.'));
        return;
      }
    }
  }
}
