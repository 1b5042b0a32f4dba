import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readWavHeader } from '../../../src/audio/wav';

const examples = path.join(import.meta.dirname, '../../../examples');

/** The generator is plain JavaScript: its types are told here. */
interface Synth {
  readonly render: (
    prompt: string,
    run: string,
    take: string,
    defects: readonly object[],
    seconds: number,
  ) => Int16Array;
  readonly styles: Readonly<Record<string, unknown>>;
  readonly wavFileBytes: (samples: Int16Array, rate: number) => Uint8Array;
}
const load = (file: string) =>
  import(pathToFileURL(path.join(examples, 'synth', file)).href) as Promise<Partial<Synth>>;
const { render, styles, wavFileBytes } = {
  ...(await load('render.mjs')),
  ...(await load('styles.mjs')),
  ...(await load('wav.mjs')),
} as Synth;

const json = async (file: string): Promise<unknown> =>
  JSON.parse(await readFile(path.join(examples, file), 'utf8'));
const promptSet = z.array(z.object({ id: z.string().min(1), prompt: z.string().min(20) }));
const defectList = z.array(
  z.object({
    run: z.enum(['output_epoch1', 'output_epoch3']),
    prompt: z.string(),
    take: z.literal('final'),
    defect: z.enum(['hiss', 'loop', 'faded-noisy-end', 'identical']),
    from_s: z.number().min(0).max(15),
    level_db: z.number().negative().optional(),
    period_s: z.number().positive().optional(),
    same_as: z.literal('best').optional(),
  }),
);
const hash = (samples: Int16Array) => createHash('sha256').update(samples).digest('hex');
const difference = (a: Int16Array, b: Int16Array, from: number, to: number) => {
  let sum = 0;
  for (let i = from; i < to; i++) sum += Math.abs(a[i]! - b[i]!);
  return sum / (to - from);
};

describe('an example clip', () => {
  it('is the same every time, and another for every take', () => {
    const once = ['base', 'best', 'final'].map((take) =>
      hash(render('techno', 'output_epoch1', take, [], 0.5)),
    );
    const again = ['base', 'best', 'final'].map((take) =>
      hash(render('techno', 'output_epoch1', take, [], 0.5)),
    );
    expect(again).toEqual(once);
    expect(new Set(once).size).toBe(3);
  });

  it('of the base model is the same in both runs, of the others not', () => {
    const of = (run: string, take: string) => hash(render('bossa-nova', run, take, [], 0.5));
    expect(of('output_epoch1', 'base')).toBe(of('output_epoch3', 'base'));
    expect(of('output_epoch1', 'best')).not.toBe(of('output_epoch3', 'best'));
  });

  it.each(Object.keys(styles))('sounds and stays within full scale: %s', (prompt) => {
    const samples = render(prompt, 'output_epoch1', 'best', [], 2);
    let peak = 0;
    for (const x of samples) peak = Math.max(peak, Math.abs(x));
    expect(peak).toBeGreaterThan(3000);
    expect(peak).toBeLessThan(32700);
  });

  it('is a WAV file that the reader takes without a word', async () => {
    const bytes = wavFileBytes(render('ambient', 'output_epoch3', 'best', [], 0.25), 32000);
    const { format, problem } = await readWavHeader({
      size: bytes.length,
      read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
    });
    expect(problem).toBeNull();
    expect(format).toMatchObject({
      encoding: 's16',
      sampleRate: 32000,
      channels: 1,
      frames: 8000,
      dataOffset: 44,
    });
  });
});

describe('the list of defects', () => {
  it('is about prompts that exist, and gives each defect its figures', async () => {
    const prompts = promptSet.parse(await json('finetune/evaluation_prompts_8.json'));
    expect(Object.keys(styles).sort()).toEqual(prompts.map(({ id }) => id).sort());
    for (const { prompt, defect, ...figures } of defectList.parse(await json('defects.json'))) {
      expect(prompts.map(({ id }) => id)).toContain(prompt);
      const needed = {
        hiss: 'level_db',
        loop: 'period_s',
        'faded-noisy-end': 'level_db',
        identical: 'same_as',
      } as const;
      expect(figures[needed[defect]], `${prompt} ${defect}`).toBeDefined();
    }
  });

  it('is true: a clip differs from its sound self from that second on, and not before', () => {
    const spoilt = (defect: object) => render('solo-cello', 'output_epoch1', 'final', [defect], 3);
    const sound = render('solo-cello', 'output_epoch1', 'final', [], 3);
    const from = 1.5 * 32000;
    for (const defect of [
      { defect: 'hiss', from_s: 1.5, level_db: -30 },
      { defect: 'loop', from_s: 1.5, period_s: 0.4 },
      { defect: 'faded-noisy-end', from_s: 1.5, level_db: -26 },
    ]) {
      const clip = spoilt(defect);
      expect(difference(clip, sound, 0, from)).toBe(0);
      expect(difference(clip, sound, from + 8000, sound.length - 200)).toBeGreaterThan(100);
    }
    const loop = spoilt({ defect: 'loop', from_s: 1.5, period_s: 0.4 });
    const period = 0.4 * 32000;
    const phrase = loop.subarray(from + 400, from + period);
    expect(difference(phrase, loop.subarray(from + period + 400), 0, phrase.length)).toBe(0);
  });
});

describe('the example records', () => {
  it('hold 8 and 50 prompts with ids of their own', async () => {
    for (const [file, count] of [
      ['evaluation_prompts_8.json', 8],
      ['evaluation_prompts.json', 50],
    ] as const) {
      const prompts = promptSet.parse(await json(`finetune/${file}`));
      expect(new Set(prompts.map(({ id }) => id)).size).toBe(count);
    }
  });

  it.each(['output_epoch1', 'output_epoch3'])('are consistent: %s', async (run) => {
    const lines = (await readFile(path.join(examples, 'finetune', run, 'events.jsonl'), 'utf8'))
      .trim()
      .split('\n');
    const event = z.looseObject({
      v: z.literal(1),
      t: z.number(),
      type: z.enum(['status', 'train', 'valid', 'checkpoint']),
      loss: z.number().min(Math.log(2048)).optional(),
      ce: z.array(z.number()).length(4).optional(),
      step: z.number().optional(),
    });
    const events = lines.map((line) => event.parse(JSON.parse(line)));
    for (const { loss, ce } of events) {
      if (ce !== undefined) expect(ce.reduce((a, b) => a + b) / 4).toBeCloseTo(loss!, 4);
    }
    expect(events.map(({ t }) => t)).toEqual(events.map(({ t }) => t).sort((a, b) => a - b));
    const valid = new Map(
      events.filter(({ type }) => type === 'valid').map(({ step, loss }) => [step, loss]),
    );
    for (const name of await readdir(path.join(examples, 'finetune', run))) {
      if (!/^(best_model|final_model|checkpoint-)/.test(name)) continue;
      const { step, valid_loss } = z
        .object({ step: z.number(), valid_loss: z.number() })
        .parse(await json(`finetune/${run}/${name}/checkpoint.json`));
      expect(valid.get(step)).toBe(valid_loss);
      if (name === 'best_model')
        expect(valid_loss).toBe(Math.min(...[...valid.values()].map((loss) => loss!)));
      if (name === 'final_model') expect(step).toBe(Math.max(...[...valid.keys()].map((s) => s!)));
    }
  });
});
