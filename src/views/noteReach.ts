/** What the text of a note can name, from where the note stands. Pure. */
import type { Evaluation, Prompt, Take } from '../evaluations/evaluation';
import type { LinkContext } from '../notes/links';
import type { Note } from '../notes/note';

/** Where a note stands. */
export type Place = Pick<Note, 'run' | 'evaluation' | 'prompt'>;

export interface Reach extends LinkContext {
  /** The evaluation whose prompts `p3` counts; null when it is gone. */
  readonly evaluation: Evaluation | null;
  /** The prompt the note is on; null when it is on none, or gone. */
  readonly prompt: Prompt | null;
  /** The take that a name means. */
  take(name: string): { readonly evaluation: Evaluation; readonly take: Take } | null;
}

/**
 * Plain names are takes of the note's own evaluation (of the run's first that has one, for a note on the run). Takes of
 * the other evaluations `beside` it are `<run>/<take>`, `<evaluation>/<take>` or `<run>/<evaluation>/<take>`.
 */
export function reachOf(place: Place, ofRun: readonly Evaluation[], beside: readonly Evaluation[]): Reach {
  const named = ofRun.find((evaluation) => evaluation.name === place.evaluation) ?? null;
  const own = place.evaluation === null ? ofRun : named === null ? [] : [named];
  const meant = new Map<string, { evaluation: Evaluation; take: Take }>();
  const add = (name: string, evaluation: Evaluation, take: Take): void => {
    if (!meant.has(name)) meant.set(name, { evaluation, take });
  };
  for (const evaluation of own) {
    for (const take of evaluation.takes) add(take.name, evaluation, take);
  }
  for (const evaluation of beside) {
    for (const take of evaluation.takes) {
      add(`${evaluation.runName}/${take.name}`, evaluation, take);
      add(`${evaluation.name}/${take.name}`, evaluation, take);
      add(`${evaluation.runName}/${evaluation.name}/${take.name}`, evaluation, take);
    }
  }
  const evaluation = own[0] ?? null;
  return {
    evaluation,
    prompt: evaluation?.prompts.find((prompt) => prompt.id === place.prompt) ?? null,
    takes: [...meant.keys()],
    prompts: new Set(evaluation?.prompts.map((prompt) => prompt.number)),
    take: (name) => meant.get(name) ?? null,
  };
}
