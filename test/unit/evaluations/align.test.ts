import { expect, test } from 'vitest';
import { alignEvaluations } from '../../../src/evaluations/align';
import type { Evaluation, Prompt } from '../../../src/evaluations/evaluation';

interface Sketch {
  readonly id: string;
  readonly prompts: readonly Prompt[];
  readonly takes?: readonly string[];
  readonly seed?: number | null;
  readonly seconds?: number | null;
  readonly sampling?: Evaluation['sampling'];
}

function evaluation({
  id,
  prompts,
  takes = ['best'],
  seed = 0,
  seconds = 15,
  sampling = {},
}: Sketch): Evaluation {
  return {
    id,
    run: id,
    runName: id,
    name: 'evaluation',
    folder: `/w/${id}`,
    kind: 'quick',
    prompts,
    takes: takes.map((name) => ({ name, model: name, seed, step: null })),
    clips: prompts.flatMap((prompt) =>
      takes.map((take) => ({
        id: `${prompt.id}/${take}`,
        prompt: prompt.id,
        take,
        file: `/w/${id}/${take}/${prompt.id}.wav`,
        sha256: null,
        durationSeconds: seconds,
      })),
    ),
    expected: prompts.length,
    sampling,
    problems: [],
  };
}

const prompt = (id: string, text: string, number: number): Prompt => ({ id, text, number });

test('joins by words, in the order of the first, then what the second has more', () => {
  const one = evaluation({
    id: 'one',
    prompts: [prompt('a', 'calm piano', 1), prompt('b', 'loud drums', 2)],
  });
  const two = evaluation({
    id: 'two',
    prompts: [prompt('x', 'a waltz', 1), prompt('y', ' loud\n drums', 2), prompt('a', 'Calm piano', 3)],
  });
  const { prompts, takes, clips } = alignEvaluations([one, two]);
  expect(
    prompts.map(({ text, number, byEvaluation }) => [text, number, Object.fromEntries(byEvaluation)]),
  ).toEqual([
    ['calm piano', 1, { one: 'a' }],
    ['loud drums', 2, { one: 'b', two: 'y' }],
    ['a waltz', 3, { two: 'x' }],
    ['Calm piano', 4, { two: 'a' }],
  ]);
  expect(takes.map(({ id }) => id)).toEqual(['one/best', 'two/best']);
  const drums = clips.filter((clip) => clip.prompt === prompts[1]?.id);
  expect(drums.map(({ take, clip }) => [take, clip.file])).toEqual([
    ['one/best', '/w/one/best/b.wav'],
    ['two/best', '/w/two/best/y.wav'],
  ]);
});

test('ids join only where there are no words', () => {
  const one = evaluation({ id: 'one', prompts: [prompt('p', '', 1), prompt('q', 'words', 2)] });
  const two = evaluation({ id: 'two', prompts: [prompt('p', '', 1), prompt('q', 'other words', 2)] });
  const { prompts } = alignEvaluations([one, two]);
  expect(prompts.map(({ byEvaluation }) => byEvaluation.size)).toEqual([2, 1, 1]);
});

test('the same words twice stay two prompts', () => {
  const twice = [prompt('a', 'same', 1), prompt('b', 'same', 2)];
  const { prompts } = alignEvaluations([
    evaluation({ id: 'one', prompts: twice }),
    evaluation({ id: 'two', prompts: twice }),
  ]);
  expect(prompts.map(({ byEvaluation }) => [...byEvaluation.values()])).toEqual([
    ['a', 'a'],
    ['b', 'b'],
  ]);
  expect(new Set(prompts.map(({ id }) => id)).size).toBe(2);
});

test('unlike settings are told for each prompt that has them', () => {
  const shared = prompt('a', 'calm piano', 1);
  const one = evaluation({
    id: 'one',
    prompts: [shared, prompt('b', 'alone', 2)],
    takes: ['base', 'best'],
    sampling: { top_k: 250, temperature: 1, guidance: 3, duration_s: 15 },
  });
  const two = evaluation({
    id: 'two',
    prompts: [shared],
    seed: 7,
    seconds: 10,
    sampling: { top_k: 50, temperature: 1, duration_s: 10 },
  });
  const { prompts } = alignEvaluations([one, two]);
  expect(prompts.map(({ unfair }) => unfair)).toEqual([
    'These takes differ in more than their checkpoint: seed 0, 7; length 15 s, 10 s; top_k 250, 50.',
    null,
  ]);
});

test('what is not known, or as good as equal, is not told to differ', () => {
  const shared = prompt('a', 'calm piano', 1);
  const { prompts } = alignEvaluations([
    evaluation({ id: 'one', prompts: [shared], seconds: 15, sampling: { top_k: 250 } }),
    evaluation({ id: 'two', prompts: [shared], seed: null, seconds: 14.98 }),
  ]);
  expect(prompts[0]?.unfair).toBeNull();
});
