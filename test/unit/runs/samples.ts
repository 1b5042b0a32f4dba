/** Run folders as tools write them. */
import type { Files } from '../files/folders';
import {
  createDiscoveryCache,
  discoverRuns,
  type Discovery,
  type DiscoveryCache,
} from '../../../src/runs/discover';
import type { Run } from '../../../src/runs/run';

export const NOW = 1_800_000_000;

/** Contract v1, completed, 8.2329 → 8.0306. */
export function earmarkRun(id: string, name: string, over: object = {}): Files {
  return {
    'run.json': {
      v: 1,
      id,
      name,
      created: '2026-11-20T10:00:00Z',
      command: ['python', 'train_lora.py', '--lora_rank', '16'],
      hyperparameters: {
        learning_rate: 5e-5,
        lora_rank: 16,
        lora_alpha: 32,
        batch_size: 1,
        gradient_accumulation_steps: 8,
        num_epochs: 3,
        warmup_steps: 100,
        output_dir: `../${name}`,
      },
      parent: null,
      model: 'facebook/musicgen-small',
      data: { metadata_sha256: 'ab', clips: 400, dropped: { 'too short': 3, silent: 1 } },
      environment: { python: '3.11', gpu: ['H100', 'H100'], git: null },
      ...over,
    },
    'events.jsonl': [
      { v: 1, t: NOW - 900, type: 'status', state: 'training' },
      { v: 1, t: NOW - 800, type: 'train', step: 10, epoch: 0.1, loss: 8.3, ce: [8, 8, 8, 8], lr: 1e-5 },
      { v: 1, t: NOW - 700, type: 'train', step: 20, loss: null, skipped: 1 },
      { v: 1, t: NOW - 600, type: 'valid', step: 100, loss: 8.2329 },
      { v: 1, t: NOW - 500, type: 'checkpoint', name: 'best', step: 300, path: 'best_model', loss: 8.0306 },
      { v: 1, t: NOW - 450, type: 'valid', step: 300, loss: 8.0306 },
      { v: 1, t: NOW - 400, type: 'status', state: 'completed' },
    ],
    'best_model/adapter_config.json': { r: 16, lora_alpha: 32 },
    'best_model/checkpoint.json': {
      step: 300,
      epoch: 3,
      valid_loss: 8.0306,
      created: '2026-11-20T11:00:00Z',
    },
    'final_model/checkpoint.json': {
      step: 320,
      epoch: 3.2,
      valid_loss: 8.1,
      created: '2026-11-20T11:05:00Z',
    },
    'checkpoint-1000/checkpoint.json': { step: 1000 },
    'checkpoint-200/checkpoint.json': { step: 200 },
    'evaluation/evaluation.json': { v: 1 },
    'evaluation/base_model/001_a.wav': 'RIFF',
    'evaluation/best_model/001_a.wav': 'RIFF',
  };
}

export function below(folder: string, files: Files): Files {
  return Object.fromEntries(Object.entries(files).map(([path, content]) => [`${folder}/${path}`, content]));
}

export async function discover(
  root: string | readonly string[],
  {
    cache = createDiscoveryCache(),
    now = NOW,
    depth = 6,
    exclude = ['node_modules'] as readonly string[],
  }: {
    cache?: DiscoveryCache;
    now?: number;
    depth?: number;
    exclude?: readonly string[];
  } = {},
): Promise<Discovery> {
  const roots = [root].flat().map((path) => ({ path, label: 'workspace' }));
  return discoverRuns(roots, { depth, exclude, now }, cache);
}

/** The only run below the folder. */
export async function discoverOne(root: string): Promise<Run> {
  const { runs } = await discover(root);
  const [run] = runs;
  if (run === undefined || runs.length > 1) throw new Error(`${runs.length} runs instead of one`);
  return run;
}

export function codes(problems: readonly { readonly code: string }[]): string[] {
  return problems.map((problem) => problem.code);
}
