import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../../src/evaluations/evaluation';
import { originFile } from '../../../src/files/origin';
import { Library } from '../../../src/library';
import { freeBytesFor } from '../../../src/results/room';
import type { RunRoot } from '../../../src/runs/discover';
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
    const [there, here] = [found(await look(remote)), found(await look(folder))];
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
    expect(found(await look(folder))).toEqual(there);
  });

  it('gives every run the id that it has on the host, also one that carries none', async () => {
    const { remote, folder, mirror } = await makePair({
      ...below('deep/er/trained', earmarkRun('id-trained', 'trained')),
      ...below('story', story),
      ...below('deep/trainer', trainer),
    });
    await mirror.sync();
    const [there, here] = [await look(remote), await look(folder, true)];
    expect(Object.keys(there.ids).sort()).toEqual(['deep/er/trained', 'deep/trainer', 'story']);
    expect(here.ids).toEqual(there.ids);
    // Before it is known whose copy it is, it is somebody else's.
    await rm(originFile(folder));
    const unknown = await look(folder, true);
    expect(unknown.ids['story']).not.toBe(there.ids['story']);
    await mirror.sync();
    expect((await look(folder, true)).ids).toEqual(there.ids);
  });

  it('of this very machine has its runs beside their originals', async () => {
    const { remote, folder, mirror } = await makePair({ ...below('story', story) });
    await mirror.sync();
    const library = libraryOf([
      { path: folder, label: 'box', isCopy: true },
      { path: remote, label: 'here' },
    ]);
    await library.refresh();
    const [copy, original] = [folder, remote].map((root) =>
      library.runs.find((run) => run.folder === join(root, 'story')),
    );
    expect(original?.id).toBe((await look(remote)).ids['story']);
    expect(copy?.id).not.toBe(original?.id);
    expect(copy?.problems.map(({ code }) => code)).toContain('run-copied');
    expect(original?.problems.map(({ code }) => code)).not.toContain('run-copied');
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
async function look(
  root: string,
  isCopy = false,
): Promise<{ runs: Run[]; evaluations: Evaluation[]; ids: Readonly<Record<string, string>> }> {
  const library = libraryOf([{ path: root, label: 'box', isCopy }]);
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
  return {
    runs: placeless([...library.runs]),
    evaluations: placeless(evaluations),
    ids: Object.fromEntries(library.runs.map(({ id, label }) => [label, id])),
  };
}

function found({ runs, evaluations }: Awaited<ReturnType<typeof look>>): {
  runs: Run[];
  evaluations: Evaluation[];
} {
  return { runs, evaluations };
}

function libraryOf(roots: readonly RunRoot[]): Library {
  return new Library({ roots: () => roots, depth: () => 6, exclude: () => ['node_modules'] });
}
