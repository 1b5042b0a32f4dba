import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import type { CommandContext } from './context';
import { pickRun } from './pick';

/** Opens `<run>.md`, rendered anew; a run without notes gets the comparison's note editor instead of an empty file. */
export async function openNotes(context: CommandContext, node: unknown): Promise<void> {
  const open = context.comparison.evaluations.map((id) => context.library.evaluation(id)?.run);
  const shown = node === undefined && open[0] !== undefined ? context.library.run(open[0]) : undefined;
  const run = shown ?? (await pickRun(context, node, l10n.t('Open Notes')));
  if (run === null) return;
  await context.notebook.refresh();
  const file = await context.notebook.render(run.id);
  if (file === null) {
    void vscode.window.showInformationMessage(
      l10n.t(
        'No notes on {0} yet. Write the first one in its comparison (key N), or with “Earmark: Add Note…”.',
        run.name,
      ),
    );
    return;
  }
  await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: true });
}
