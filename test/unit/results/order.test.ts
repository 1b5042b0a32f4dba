import { describe, expect, it } from 'vitest';
import { wantedOf } from '../../../src/results/order';
import type { RemoteFile } from '../../../src/results/remoteFile';

const kinds = { wav: 'clip', safetensors: 'weights', json: 'data', jsonl: 'data' } as const;

function file(path: string, size = 10, mtime = '1'): RemoteFile {
  const ending = path.slice(path.lastIndexOf('.') + 1) as keyof typeof kinds;
  return { path, size, mtime, inode: 1, kind: kinds[ending] };
}

function clipsOf(...paths: readonly string[]): string[] {
  return wantedOf(paths.map((path) => file(path))).clips.map(({ path }) => path);
}

describe('what is wanted', () => {
  it('is data and clips of evaluations, never weights', () => {
    const { data, clips } = wantedOf([
      file('o/best_model/adapter_model.safetensors'),
      file('o/run.json', 20),
      file('o/events.jsonl', 5000),
      file('o/evaluation/comparison_results.jsonl', 300),
      file('o/evaluation/base_model/001.wav'),
    ]);
    expect(data.map(({ path }) => path)).toEqual([
      'o/run.json',
      'o/evaluation/comparison_results.jsonl',
      'o/events.jsonl',
    ]);
    expect(clips).toHaveLength(1);
  });

  it('is no training data', () => {
    expect(clipsOf('data/a.wav', 'data/b.wav', 'sounds/kick/x.wav', 'sounds/snare/y.wav')).toEqual([]);
    const sidecars = Array.from({ length: 101 }, (_, i) => file(`data/${i}.json`));
    expect(wantedOf([...sidecars, file('data/run.json')]).data.map(({ path }) => path)).toEqual([
      'data/run.json',
    ]);
  });

  it('is what lies near an index, in folders of models, and in folders of takes side by side', () => {
    expect(clipsOf('o/x/evaluation.json', 'o/x/any/1.wav')).toHaveLength(1);
    expect(clipsOf('o/eval_night/any/1.wav')).toHaveLength(1);
    expect(clipsOf('o/x/checkpoint-400/1.wav', 'o/x/best_model@0.7/1.wav')).toHaveLength(2);
    expect(clipsOf('loose/a/1.wav', 'loose/b/1.wav', 'loose/c/2.wav')).toEqual([
      'loose/a/1.wav',
      'loose/b/1.wav',
    ]);
    expect(clipsOf('a/1.wav', 'b/1.wav')).toHaveLength(2);
    const many = Array.from({ length: 65 }, (_, i) => `speakers/${i}/1.wav`);
    expect(clipsOf(...many)).toEqual([]);
  });
});

describe('the order', () => {
  it('is prompt by prompt, base, best, final and the rest of each', () => {
    const models = ['checkpoint-400', 'final_model', 'base_model', 'best_model', 'checkpoint-1000'];
    const names = ['010_c.wav', '2_b.wav', 'prompt 1.wav', 'z.wav'];
    const paths = models.flatMap((model) => names.map((name) => `o/evaluation/${model}/${name}`));
    const heard = ['base_model', 'best_model', 'final_model', 'checkpoint-400', 'checkpoint-1000'];
    expect(clipsOf(...paths)).toEqual(
      ['prompt 1.wav', '2_b.wav', '010_c.wav', 'z.wav'].flatMap((name) =>
        heard.map((model) => `o/evaluation/${model}/${name}`),
      ),
    );
  });

  it('begins with the newest evaluation', () => {
    const { clips } = wantedOf([
      file('a/evaluation/base_model/1.wav', 1, '1700000000000000001'),
      file('a/evaluation/base_model/2.wav', 1, '1700000000000000009'),
      file('b/evaluation/base_model/1.wav', 1, '1700000000000000008'),
    ]);
    expect(clips.map(({ path }) => path[0])).toEqual(['a', 'a', 'b']);
  });
});
