/** The second run of the story as a host would send it to the run page. */
import type { NoteView, RunState } from '../../../src/protocol';

const ends = [8.2329, 8.1681, 8.0306];

/** Falls as a fine-tuning's loss does: fast, then hardly, with a wobble. */
const train = Array.from({ length: 150 }, (_, i) => ({
  step: (i + 1) * 10,
  epoch: (i + 1) / 50,
  loss: 8.02 + 0.9 * Math.exp(-i / 18) + 0.05 * Math.sin(i * 1.7) + 0.03 * Math.cos(i * 3.1),
}));

export const note: NoteView = {
  id: '01A',
  scope: 'run',
  prompt: null,
  heading: [{ text: '14:02 · on the run', link: null }],
  text: [
    { text: 'Half the rate helped: ', link: null },
    { text: 'best', link: { take: 't1', prompt: null, second: null } },
    { text: ' follows the style, but ', link: null },
    { text: 'final', link: { take: 't2', prompt: null, second: null } },
    { text: ' fades in ', link: null },
    { text: 'p3', link: { take: null, prompt: 'p3', second: null } },
    { text: ' ', link: null },
    { text: '@0:12', link: { take: 't2', prompt: 'p3', second: 12 } },
    { text: '.', link: null },
  ],
  source: 'Half the rate helped: best follows the style, but final fades in p3 @0:12.',
  own: true,
  edited: true,
  earlierClip: false,
};

export const state: RunState = {
  kind: 'run',
  restore: { run: 'run-3' },
  name: 'output_epoch3',
  label: 'finetune/output_epoch3',
  status: { kind: 'completed', at: 1_764_000_000 },
  statusText: 'completed 24 Nov, 14:02',
  model: 'facebook/musicgen-small',
  command: [
    'python',
    'train_lora.py',
    '--model_path',
    'models/musicgen-small',
    '--data_dir',
    '../my data',
    '--output_dir',
    '../output_epoch3',
    '--lora_rank',
    '16',
    '--lora_alpha',
    '32',
    '--learning_rate',
    '5e-5',
    '--batch_size',
    '1',
    '--gradient_accumulation_steps',
    '8',
    '--num_epochs',
    '3',
    '--warmup_steps',
    '100',
    '--fp16',
  ],
  hyperparameters: {
    learning_rate: 5e-5,
    lora_rank: 16,
    lora_alpha: 32,
    batch_size: 1,
    gradient_accumulation_steps: 8,
    num_epochs: 3,
    warmup_steps: 100,
    fp16: true,
    output_dir: '../output_epoch3',
    max_duration: 15,
  },
  parent: {
    name: 'output_epoch1',
    found: true,
    reason: 'best follows the style best, final is sometimes unstable: lower rate, more rank, three epochs',
    hyperparameters: {
      learning_rate: 1e-4,
      lora_rank: 12,
      lora_alpha: 24,
      batch_size: 2,
      gradient_accumulation_steps: 4,
      num_epochs: 1,
      warmup_steps: 50,
      fp16: true,
      output_dir: '../output_epoch1',
      max_duration: 15,
    },
  },
  data: { clips: 412, 'dropped: too short': 7 },
  environment: {
    python: '3.11.9',
    torch: '2.4.1',
    transformers: '4.46.0',
    peft: '0.13.2',
    gpu: 'NVIDIA RTX 4090',
  },
  checkpoints: [
    { name: 'base', kind: 'base', step: null, epoch: null, validLoss: null },
    { name: 'best', kind: 'best', step: 1500, epoch: 3, validLoss: 8.0306 },
    { name: 'final', kind: 'final', step: 1500, epoch: 3, validLoss: 8.0306 },
    { name: 'checkpoint-500', kind: 'numbered', step: 500, epoch: 1, validLoss: 8.2329 },
    { name: 'checkpoint-1000', kind: 'numbered', step: 1000, epoch: 2, validLoss: 8.1681 },
  ],
  train,
  valid: ends.map((loss, i) => ({ step: (i + 1) * 500, epoch: i + 1, loss })),
  evaluations: [
    { id: 'run-3:evaluation', name: 'evaluation (quick)', detail: '8 prompts × 3 takes' },
    { id: 'run-3:evaluation_full', name: 'evaluation_full', detail: '50 prompts × 3 takes' },
  ],
  notes: [note],
  notesPath: 'listening-notes/output_epoch3.md',
  problems: [
    {
      code: 'loss-above-uniform',
      severity: 'warning',
      message:
        'The loss stays above ln 2048 = 7.62, which guessing would reach: the codes and the model may not fit together.',
      file: '/work/finetune/output_epoch3/events.jsonl',
    },
  ],
};
