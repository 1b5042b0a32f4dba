/** An evaluation with only what a test is about. */
import type { Clip, Evaluation } from '../../../src/evaluations/evaluation';

export interface Asked extends Partial<Omit<Evaluation, 'prompts' | 'takes' | 'clips'>> {
  /** Words of the prompts; their ids are `<name>-1`, `<name>-2`, … */
  readonly prompts?: readonly string[];
  readonly takes?: readonly string[];
  /** Changes what stands in the clip of a prompt and take; undefined: there is no entry at all. */
  readonly clip?: (clip: Clip) => Clip | undefined;
}

export function evaluationOf({
  prompts: words = ['slow cello'],
  takes: names = ['base', 'best'],
  clip: change = (clip) => clip,
  ...facts
}: Asked = {}): Evaluation {
  const run = facts.run ?? 'run-a';
  const name = facts.name ?? 'evaluation';
  const folder = facts.folder ?? `/w/${run}/${name}`;
  const prompts = words.map((text, index) => ({ id: `${name}-${index + 1}`, text, number: index + 1 }));
  return {
    id: `${run}:${name}`,
    run,
    runName: run,
    name,
    folder,
    kind: 'quick',
    prompts,
    takes: names.map((take) => ({ name: take, model: take, seed: null, step: null })),
    clips: prompts.flatMap((prompt) =>
      names.flatMap(
        (take) =>
          change({
            id: `${prompt.id}/${take}`,
            prompt: prompt.id,
            take,
            file: `${folder}/${take}/${prompt.number}.wav`,
            sha256: null,
            durationSeconds: null,
          }) ?? [],
      ),
    ),
    expected: words.length * names.length,
    sampling: {},
    problems: [],
    ...facts,
  };
}
