/** A work folder as it is after months of fine-tuning: many runs, each with its checkpoints, events and an evaluation. */
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface Size {
  readonly runs: number;
  readonly checkpoints: number;
  /** Lines of events.jsonl. */
  readonly events: number;
  readonly prompts: number;
}

const takes = ['base', 'best', 'final'];

/** Makes the runs below `folder`. Their files are old, as most files are. */
export async function makeRunFolders(folder: string, size: Size): Promise<void> {
  for (let run = 0; run < size.runs; run++) await makeRun(join(folder, runName(run)), run, size);
}

export function runName(run: number): string {
  return `output_${String(run).padStart(4, '0')}`;
}

/** One line that a training adds to its events.jsonl. */
export function eventLine(step: number): string {
  const loss = 8.5 - Math.log1p(step) / 20;
  const time = 1_790_000_000 + step;
  return step % 50 === 0
    ? JSON.stringify({ v: 1, t: time, type: 'valid', step, loss })
    : JSON.stringify({
        v: 1,
        t: time,
        type: 'train',
        step,
        epoch: step / 1000,
        loss,
        ce: [8, 8, 8, 8],
        lr: 1e-4,
      });
}

async function makeRun(folder: string, run: number, size: Size): Promise<void> {
  await put(folder, 'run.json', {
    v: 1,
    id: `bench-${run}`,
    name: runName(run),
    created: new Date(1_790_000_000_000 + run * 1000).toISOString(),
    hyperparameters: { learning_rate: 1e-4 / (1 + (run % 5)), lora_rank: 8 + (run % 4) * 4, num_epochs: 3 },
    parent: run === 0 ? null : { run: `bench-${run - 1}`, reason: 'one more try' },
    model: 'facebook/musicgen-small',
  });
  const lines = Array.from({ length: size.events }, (_, step) => `${eventLine(step + 1)}\n`);
  await put(folder, 'events.jsonl', lines.join(''));
  for (let i = 1; i <= size.checkpoints; i++) {
    await put(folder, `checkpoint-${i * 100}/adapter_config.json`, { r: 16, lora_alpha: 32 });
    await put(folder, `checkpoint-${i * 100}/checkpoint.json`, { step: i * 100, valid_loss: 8.5 - i / 100 });
  }
  const clips = takes.flatMap((take) =>
    Array.from({ length: size.prompts }, (_, prompt) => ({
      prompt_id: `p${prompt + 1}`,
      prompt: `prompt number ${prompt + 1}`,
      model: take,
      path: `${take}_model/${String(prompt + 1).padStart(3, '0')}_prompt.wav`,
    })),
  );
  await put(
    folder,
    'evaluation/comparison_results.jsonl',
    clips.map((clip) => `${JSON.stringify(clip)}\n`).join(''),
  );
  for (const { path } of clips) await put(folder, `evaluation/${path}`, 'RIFF');
}

async function put(folder: string, path: string, content: string | object): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  await utimes(file, 1_780_000_000, 1_780_000_000);
}
