/** Run folders whose clips tell by ear what they are: take, prompt and second each set the pitch. */
import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Frame } from '@playwright/test';
import { root } from '../../vscode/paths';
import { hear } from './ears';
import { wavFile } from './wavFile';

/** Counted from 0. */
export interface Sounding {
  readonly take: number;
  readonly prompt: number;
  readonly second: number;
}

export const folderOf = { base: 'base_model', best: 'best_model', final: 'final_model' } as const;
const RATE = 32_000;
const LOWEST_HZ = 500;
/** Spans of a take, a prompt and a second: each holds all of the next. */
const TAKE_HZ = 2000;
const PROMPT_HZ = 200;
const SECOND_HZ = 12;

/** A mono 16-bit clip that says which it is, at every second of it. */
export function toneClip(take: number, prompt: number, seconds: number): Buffer {
  return wavFile(toneSamples(take, prompt, seconds));
}

/** The same as samples of ±1, at a rate in Hz. */
export function toneSamples(take: number, prompt: number, seconds: number, rate = RATE): Float32Array {
  let phase = 0;
  return Float32Array.from({ length: seconds * rate }, (_, i) => {
    const hertz = LOWEST_HZ + take * TAKE_HZ + prompt * PROMPT_HZ + Math.floor(i / rate) * SECOND_HZ;
    phase += (2 * Math.PI * hertz) / rate;
    return Math.sin(phase) * 0.3;
  });
}

/** What sounds in a page now; null when it is silent, or nothing that a clip of ours could be. */
export async function whatSounds(frame: Frame): Promise<Sounding | null> {
  const { hertz, level } = await hear(frame);
  if (level < -70) return null;
  const above = hertz - LOWEST_HZ;
  const prompt = Math.floor(((((above + 4) % TAKE_HZ) + TAKE_HZ) % TAKE_HZ) / PROMPT_HZ);
  const take = Math.floor((above + 4) / TAKE_HZ);
  const second = (above - take * TAKE_HZ - prompt * PROMPT_HZ) / SECOND_HZ;
  return { take, prompt, second: Math.round(second) };
}

export interface ToneRun {
  readonly prompts?: number;
  readonly takes?: readonly (keyof typeof folderOf)[];
  readonly seconds?: number;
  /** Its takes sound as those from this one on. */
  readonly firstTake?: number;
}

export const wordsOf = (prompt: number): string => `tone prompt ${prompt + 1}`;

/** Rows of the index, in the order in which an evaluation writes them. */
export function rowsOf({
  prompts = 3,
  takes = ['base', 'best', 'final'],
  seconds = 8,
}: ToneRun = {}): object[] {
  return takes.flatMap((take) =>
    Array.from({ length: prompts }, (_, prompt) => ({
      prompt_id: `tone-${prompt + 1}`,
      prompt: wordsOf(prompt),
      model: take,
      path: `${folderOf[take]}/${fileOf(prompt)}`,
      seed: 0,
      duration_s: seconds,
    })),
  );
}

/** A run with an `evaluation` in it. */
export async function writeToneRun(folder: string, options: ToneRun = {}): Promise<void> {
  const { prompts = 3, takes = ['base', 'best', 'final'], seconds = 8, firstTake = 0 } = options;
  const evaluation = join(folder, 'evaluation');
  for (const [t, take] of takes.entries()) {
    for (let prompt = 0; prompt < prompts; prompt++) {
      await write(join(evaluation, folderOf[take], fileOf(prompt)), toneClip(firstTake + t, prompt, seconds));
    }
  }
  await write(join(evaluation, 'comparison_results.jsonl'), jsonLines(rowsOf(options)));
}

/** The examples, with tones for their music. */
export async function writeToneExamples(folder: string): Promise<void> {
  await cp(join(root, 'examples'), folder, {
    recursive: true,
    filter: (source) => !/\.wav$|listening-notes$/.test(source),
  });
  for (const [r, run] of ['output_epoch1', 'output_epoch3'].entries()) {
    const evaluation = join(folder, 'finetune', run, 'evaluation');
    const index = join(evaluation, 'comparison_results.jsonl');
    const models: string[] = [];
    const prompts: string[] = [];
    const rows: object[] = [];
    for (const line of (await readFile(index, 'utf8')).trim().split('\n')) {
      const row = JSON.parse(line) as { model: string; prompt_id: string; path: string };
      const clip = toneClip(3 * r + placeIn(models, row.model), placeIn(prompts, row.prompt_id), 15);
      await write(join(evaluation, row.path), clip);
      rows.push({ ...row, sha256: createHash('sha256').update(clip).digest('hex') });
    }
    await writeFile(index, jsonLines(rows));
  }
}

/** Its place among those met before, where it comes last if it is new. */
function placeIn(met: string[], one: string): number {
  if (!met.includes(one)) met.push(one);
  return met.indexOf(one);
}

export function jsonLines(rows: readonly object[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

export async function write(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

function fileOf(prompt: number): string {
  return `${String(prompt + 1).padStart(3, '0')}_tone-prompt-${prompt + 1}.wav`;
}
