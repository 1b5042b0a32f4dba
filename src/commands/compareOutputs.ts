import * as l10n from '@vscode/l10n';
import { HumanError } from '../errors';
import type { Evaluation } from '../evaluations/evaluation';
import type { CommandContext } from './context';
import { nodesOf, pickEvaluations } from './pick';

/** Opens the comparison on the rows it was called on (runs stand for all their evaluations), else on what is picked. */
export async function compareOutputs(
  context: CommandContext,
  node: unknown,
  selected: unknown,
): Promise<void> {
  const nodes = nodesOf(node, selected);
  const evaluations = new Map<string, Evaluation>();
  for (const row of nodes) {
    const found =
      row.kind === 'evaluation' || row.kind === 'prompt'
        ? [row.evaluation]
        : row.kind === 'run'
          ? context.library.evaluationsOf(row.run.id).slice(0, 1)
          : [];
    for (const evaluation of found) evaluations.set(evaluation.id, evaluation);
  }
  if (nodes.length > 0 && evaluations.size === 0) {
    throw new HumanError(l10n.t('This run has no evaluation to listen to yet.'));
  }
  const chosen = evaluations.size > 0 ? [...evaluations.values()] : await pickEvaluations(context);
  if (chosen === null) return;
  const prompt = nodes.length === 1 && nodes[0]?.kind === 'prompt' ? nodes[0].prompt : null;
  const at = { evaluation: chosen[0]?.id ?? '', prompt: prompt?.id ?? null, take: null, second: null };
  context.comparison.open(chosen, prompt === null ? null : at);
}
