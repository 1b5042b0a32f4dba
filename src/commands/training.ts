import * as l10n from '@vscode/l10n';
import type { CommandContext } from './context';
import { isRunsNode, pickRun } from './pick';

/** Opens the form of a training; on a run's row it is prefilled from that run. */
export async function startTraining(context: CommandContext, node: unknown): Promise<void> {
  await context.look();
  const parent = isRunsNode(node) && 'run' in node ? node.run : null;
  context.training.open(parent ?? context.library.runs[0] ?? null);
}

/** The same form, always made from a run. */
export async function nextRun(context: CommandContext, node: unknown): Promise<void> {
  const run = await pickRun(context, node, l10n.t('Next Run From This'));
  if (run !== null) context.training.open(run);
}
