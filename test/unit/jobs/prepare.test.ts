import { describe, expect, test } from 'vitest';
import { HumanError } from '../../../src/errors';
import { prepare } from '../../../src/jobs/prepare';
import { resumeDraft, trainDraft, evaluateDraft, type Scripts } from '../../../src/jobs/trainer';
import type { JobDraft } from '../../../src/jobs/spec';
import { engine, specsOf } from './support';

const scripts: Scripts = { python: '/envs/music/bin/python', folder: '/ext/python', cwd: '/work/finetune' };
const command: JobDraft = { kind: 'command', title: 'x', argv: ['true'], cwd: '/work' };

test.each([
  ['evaluation', 'Evaluate output_epoch1'],
  ['evaluation_full', 'Evaluate output_epoch1: full'],
  ['choir', 'Evaluate output_epoch1: choir'],
])('an evaluation into %s is called by no more than it needs', (folder, title) => {
  const run = '/work/output_epoch1';
  const draft = evaluateDraft(
    {
      modelPath: 'm',
      runDir: run,
      models: ['base'],
      prompts: 'p.json',
      outputDir: `${run}/${folder}`,
      durationS: 15,
    },
    scripts,
  );
  expect(draft.title).toBe(title);
});

test('everything that will be run is there as data, and nothing is run', () => {
  const specs = specsOf([
    trainDraft(
      {
        modelPath: '../models/musicgen-small',
        dataDir: '../data',
        metadataFile: 'metadata.json',
        outputDir: '/work/output_epoch1',
        flags: {
          lora_rank: 12, lora_alpha: 24, learning_rate: 1e-4, batch_size: 2, gradient_accumulation_steps: 4, num_epochs: 1,
          warmup_steps: 50, save_steps: 200, logging_steps: 10, max_duration: 15, target_duration: 15, fp16: true, bf16: false,
        },
        parentRun: 'output_epoch0',
        reason: '-lower rate,\n“steadier”',
      },
      scripts,
    ),
    evaluateDraft(
      {
        modelPath: '../models/musicgen-small', runDir: '/work/output_epoch1', models: ['base', 'best', 'final'], prompts: '../data/eval/evaluation_prompts.json',
        outputDir: '/work/output_epoch1/evaluation_full', durationS: 15, seed: 0, batchSize: 'auto',
      },
      scripts,
    ),
  ]); // prettier-ignore
  const launch = prepare(specs, '/work', engine);
  expect(launch.root).toBe('/work/.earmark/jobs');
  expect(launch.jobs[0]!.shown).toBe(
    'cd /work/finetune && /envs/music/bin/python /ext/python/train_lora.py --model_path ../models/musicgen-small --data_dir ../data ' +
      '--metadata_file metadata.json --output_dir /work/output_epoch1 --lora_rank 12 --lora_alpha 24 --learning_rate 1e-4 --batch_size 2 ' +
      '--gradient_accumulation_steps 4 --num_epochs 1 --warmup_steps 50 --save_steps 200 --logging_steps 10 --max_duration 15 ' +
      "--target_duration 15 --fp16 --parent_run output_epoch0 '--reason=-lower rate,\n“steadier”'",
  );
  expect(launch.jobs[1]!.shown).toBe(
    'cd /work/finetune && /envs/music/bin/python /ext/python/evaluate.py --model_path ../models/musicgen-small --run_dir /work/output_epoch1 ' +
      '--models base,best,final --prompts ../data/eval/evaluation_prompts.json --output_dir /work/output_epoch1/evaluation_full ' +
      '--duration 15 --seed 0 --batch_size auto',
  );
  expect(specs.map(({ after }) => after)).toEqual([[], [{ job: specs[0]!.id, when: 'succeeded' }]]);
  expect(specs.map(({ grace_s }) => grace_s)).toEqual([120, 30]);
  expect(launch.start.argv).toContain('start');
  expect(JSON.parse(launch.start.input)).toEqual({ jobs: specs });
  expect(launch.jobs[1]!.attach.slice(-2)).toEqual(['attach', `/work/.earmark/jobs/${specs[1]!.id}`]);
  expect(launch.jobs[1]!.cancel.argv).toContain('stop');
});

test('going on is a new job that names the old one; training is told to resume, once', () => {
  const [spec] = specsOf([{ ...command, kind: 'train', output: '/work/out', run: '/work/out' }]);
  const draft = resumeDraft(spec!);
  expect(draft).toMatchObject({ argv: ['true', '--resume'], resumes: spec!.id, output: '/work/out' });
  expect(resumeDraft(specsOf([draft])[0]!).argv).toEqual(['true', '--resume']);
  expect(resumeDraft(specsOf([{ ...command, kind: 'evaluate' }])[0]!).argv).toEqual(['true']);
});

describe('is refused with a word', () => {
  test.each<[string, Partial<JobDraft>, RegExp]>([
    ['a relative folder', { cwd: 'work' }, /not an absolute path/],
    ['no program', { argv: [''] }, /No program/],
    ['NUL', { argv: ['echo', 'a\0b'] }, /NUL/],
    ['an argument that Linux refuses', { argv: ['echo', '歌'.repeat(50_000)] }, /longer than 128 KB/],
    ['a bad name of a variable', { env: { 'A;B': '1' } }, /no name of an environment variable/],
    ['a secret in the environment', { env: { HF_TOKEN: 'x' } }, /“HF_TOKEN” looks like a secret/],
    ['a secret among the options', { argv: ['x', '--api-key=1'] }, /looks like a secret/],
  ])('%s', (_, facts, words) => {
    const specs = specsOf([{ ...command, ...facts }]);
    expect(() => prepare(specs, '/work', engine)).toThrow(HumanError);
    expect(() => prepare(specs, '/work', engine)).toThrow(words);
  });

  test('but not what only looks alike', () => {
    const argv = ['x', '--max_tokens', '3', '--tokenizer=t5', 'token', '--key', 'C major'];
    expect(() =>
      prepare(specsOf([{ ...command, argv, env: { TOKENIZERS_PARALLELISM: 'false' } }]), '/work', engine),
    ).not.toThrow();
  });
});

test('a title is a label: one line, of bearable length', () => {
  const [spec] = specsOf([{ ...command, title: `a\n\u001b]0;x\u0007\u2028b ${'🎸'.repeat(300)}` }]);
  expect(spec!.title).toMatch(/^a \]0;x b 🎸/);
  expect(spec!.title.length).toBeLessThanOrEqual(200);
  expect(specsOf([{ ...command, title: ' \n' }])[0]!.title).toBe('command');
});
