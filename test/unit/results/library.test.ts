import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../../src/evaluations/evaluation';
import { Library } from '../../../src/library';
import { freeBytesFor } from '../../../src/results/room';
import type { Run } from '../../../src/runs/run';
import { clips } from '../evaluations/samples';
import type { Files } from '../files/folders';
import { below, earmarkRun } from '../runs/samples';
import { makePair, runFiles } from './support';

describe('a mirror', () => {
  it('shows the library the runs and evaluations that are on the host', async () => {
    const { remote, folder, mirror } = await makePair({
      ...runFiles('ours'),
      ...below('deep/er/trained', earmarkRun('id-trained', 'trained')),
      ...below('story', story),
      ...below('trainer', trainer),
      ...clips('loose/a/1.wav', 'loose/b/1.wav'),
      ...clips('data/1.wav', 'data/2.wav'),
      'data/metadata.json': [],
      'evaluation_prompts.json': [],
    });
    await mirror.sync();
    const [there, here] = [await look(remote), await look(folder)];
    expect(there.runs.map(({ name }) => name).sort()).toEqual([
      'loose',
      'ours',
      'story',
      'trained',
      'trainer',
    ]);
    expect(here).toEqual(there);
    // Nothing of it is a run or a problem of its own.
    await mirror.sync();
    expect(await look(folder)).toEqual(there);
  });

  it('knows how much room there is where it will be', async () => {
    const { remote } = await makePair({});
    const free = await freeBytesFor(join(remote, 'not', 'there', 'yet'));
    expect(free).toBeGreaterThan(0);
    await expect(freeBytesFor(join(remote, 'a\0b'))).rejects.toThrow();
  });
});

/** Weights alone say here that there are checkpoints. */
const story: Files = {
  'best_model/adapter_model.safetensors': 'w'.repeat(4000),
  'final_model/adapter_model.safetensors': 'w'.repeat(4000),
  'training_args.json': { lora_rank: 8 },
  'training_log.jsonl': [{ step: 1, loss: 3 }],
  'evaluation/comparison_results.jsonl': [
    { prompt: 'a', model: 'base', path: '/elsewhere/story/evaluation/base_model/001.wav' },
  ],
  ...clips('evaluation/base_model/001.wav', 'evaluation/best_model/001.wav'),
};

const trainer: Files = {
  'checkpoint-500/trainer_state.json': { global_step: 500, log_history: [{ step: 500, loss: 2.5 }] },
  'checkpoint-500/random_states_0.pkl': 'never opened',
  'all_results.json': '{"train_loss": NaN}',
};

/** What a library finds below a root, less where it lies. */
async function look(root: string): Promise<{ runs: Run[]; evaluations: Evaluation[] }> {
  const library = new Library({
    roots: () => [{ path: root, label: 'box' }],
    depth: () => 6,
    exclude: () => ['node_modules'],
  });
  await library.refresh();
  const evaluations: Evaluation[] = library.runs.flatMap(({ id }) => library.evaluationsOf(id));
  const ids = new Map(library.runs.map(({ id, label }) => [id, label]));
  const placeless = <T>(value: T): T =>
    JSON.parse(
      JSON.stringify(value, (_, part: unknown) => {
        if (typeof part !== 'string') return part;
        const [run = '', ...rest] = part.split(':');
        return [ids.get(run) ?? run, ...rest].join(':').replaceAll(root, 'ROOT');
      }),
    ) as T;
  return { runs: placeless([...library.runs]), evaluations: placeless(evaluations) };
}
