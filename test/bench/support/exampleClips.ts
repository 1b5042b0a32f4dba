/** The full evaluation that is measured: 50 prompts × 3 takes of 15 s at 32 kHz, copied from the example clips. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../../vscode/paths';

export const PROMPTS = 50;
export const takes = ['base', 'best', 'final'] as const;

export interface CopiedClip {
  /** Absolute. */
  readonly file: string;
  readonly prompt: number;
  readonly take: (typeof takes)[number];
}

/** Makes `folder` an evaluation: `base_model/001.wav` and so on. */
export async function copyClips(folder: string): Promise<CopiedClip[]> {
  const sources = await exampleClips();
  const clips: CopiedClip[] = [];
  for (let prompt = 0; prompt < PROMPTS; prompt++) {
    for (const [index, take] of takes.entries()) {
      const file = join(folder, `${take}_model`, `${String(prompt + 1).padStart(3, '0')}.wav`);
      await mkdir(dirname(file), { recursive: true });
      await copyFile(sources[(prompt * takes.length + index) % sources.length] ?? '', file);
      clips.push({ file, prompt, take });
    }
  }
  return clips;
}

/** A workspace with one run, `measured`, that has them as its evaluation. */
export async function makeMeasuredRun(workspace: string): Promise<CopiedClip[]> {
  const folder = join(workspace, 'measured');
  const clips = await copyClips(join(folder, 'evaluation'));
  const run = { v: 1, id: 'measured', name: 'measured', created: '2026-11-20T10:00:00Z' };
  await writeFile(join(folder, 'run.json'), JSON.stringify(run));
  return clips;
}

async function exampleClips(): Promise<string[]> {
  const examples = join(root, 'examples');
  const { makeExamples } = (await import(pathToFileURL(join(examples, 'make-audio.mjs')).href)) as {
    makeExamples: () => Promise<number>;
  };
  await makeExamples();
  const evaluation = join(examples, 'finetune', 'output_epoch1', 'evaluation');
  const lines = (await readFile(join(evaluation, 'comparison_results.jsonl'), 'utf8')).trim().split('\n');
  return lines.map((line) => join(evaluation, (JSON.parse(line) as { path: string }).path));
}
