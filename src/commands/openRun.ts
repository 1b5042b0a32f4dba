import * as l10n from '@vscode/l10n';
import type { CommandContext } from './context';
import { pickRun } from './pick';

/** Opens the page of a run: curve, differences from its parent, checkpoints, notes. */
export async function openRun(context: CommandContext, node: unknown): Promise<void> {
  const run = await pickRun(context, node, l10n.t('Open Run'));
  if (run !== null) context.runPages.open(run.id);
}
