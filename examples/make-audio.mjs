// Makes the clips of the example runs (2 runs × 8 prompts × 3 takes of 15 s) and the clips to train on (8 styles × 3), the same
// bytes on every machine.
//   npm run examples        (or: node examples/make-audio.mjs [folder with output_epoch1 and output_epoch3])
// An evaluation, like the data, appears whole or not at all; what is there already is left alone.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { SECONDS } from './synth/render.mjs';
import { RATE } from './synth/sound.mjs';
import { wavFileBytes } from './synth/wav.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const takes = ['base', 'best', 'final'];
const CLIPS_A_STYLE = 3;
/** When each run's clips are said to have been made: equal on every machine, like the bytes. */
const runs = {
  output_epoch1: { generated: '2026-10-17T14:05:00Z', steps: { best: 1000, final: 1130 } },
  output_epoch3: { generated: '2026-10-19T09:40:00Z', steps: { best: 3200, final: 3390 } },
};

/**
 * Makes what is missing below `folder` and returns the number of clips made.
 * @param {string} folder the one that holds output_epoch1 and output_epoch3
 */
export async function makeExamples(folder = path.join(here, 'finetune')) {
  const promptFile = await readFile(path.join(here, 'finetune', 'evaluation_prompts_8.json'));
  const prompts = JSON.parse(promptFile.toString('utf8')).map((prompt, i) => ({
    ...prompt,
    file: `${String(i + 1).padStart(3, '0')}_${slug(prompt.prompt)}.wav`,
  }));
  const defects = JSON.parse(await readFile(path.join(here, 'defects.json'), 'utf8'));
  const made = [];
  for (const run of Object.keys(runs)) {
    const evaluation = path.join(folder, run, 'evaluation');
    if (await isComplete(evaluation, prompts)) continue;
    await mkdir(path.join(folder, run), { recursive: true });
    await removeLeftovers(path.join(folder, run));
    const temporary = path.join(folder, run, `.evaluation-${process.pid}`);
    for (const take of takes) await mkdir(path.join(temporary, `${take}_model`), { recursive: true });
    made.push({ run, evaluation, temporary });
  }
  try {
    const { first, copies } = planned(prompts, made, defects);
    await renderAll(first);
    for (const { from, to } of copies) await copyFile(from, to);
    for (const { run, evaluation, temporary } of made) {
      await writeIndex(run, temporary, prompts, promptFile);
      await rm(evaluation, { recursive: true, force: true });
      await rename(temporary, evaluation);
    }
    return made.length * takes.length * prompts.length + (await makeData(folder, prompts));
  } finally {
    for (const { temporary } of made) await rm(temporary, { recursive: true, force: true });
  }
}

/** The clips to train on with their captions, `data/metadata.json`; returns how many were made. */
async function makeData(folder, prompts) {
  const data = path.join(folder, 'data');
  const clips = prompts.flatMap(({ id, prompt }) =>
    Array.from({ length: CLIPS_A_STYLE }, (_, i) => ({
      id,
      prompt,
      take: `train-${i + 1}`,
      file: `${id}_${i + 1}.wav`,
    })),
  );
  if (
    await holdsClips(
      data,
      ['metadata.json'],
      clips.map(({ file }) => file),
    )
  )
    return 0;
  await mkdir(folder, { recursive: true });
  await removeLeftovers(folder);
  const temporary = path.join(folder, `.data-${process.pid}`);
  try {
    await mkdir(temporary, { recursive: true });
    await renderAll(
      clips.map(({ id, take, file }) => ({
        to: path.join(temporary, file),
        arguments: [id, 'output_epoch3', take, []],
      })),
    );
    const metadata = clips.map(({ file, prompt }) => ({ audio: file, text: prompt }));
    await writeFile(path.join(temporary, 'metadata.json'), `${JSON.stringify(metadata, null, 2)}\n`);
    await rm(data, { recursive: true, force: true });
    await rename(temporary, data);
    return clips.length;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** What a killed process left; one that still runs keeps its own. */
async function removeLeftovers(folder) {
  for (const name of await readdir(folder)) {
    const pid = /^\.(?:evaluation|data)-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) {
      await rm(path.join(folder, name), { recursive: true, force: true });
    }
  }
}

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Clips that are rendered, and those that are copies of them: both runs' base, and what defects.json calls identical. */
function planned(prompts, made, defects) {
  const first = new Map();
  const copies = [];
  for (const { run, temporary } of made) {
    for (const prompt of prompts) {
      for (const take of takes) {
        const own = defects.filter((d) => d.run === run && d.prompt === prompt.id && d.take === take);
        const same = own.find((d) => d.defect === 'identical')?.same_as ?? take;
        const key = [prompt.id, same === 'base' ? '' : run, same].join(' ');
        const to = path.join(temporary, `${take}_model`, prompt.file);
        const job = first.get(key);
        if (job !== undefined) copies.push({ from: job.to, to });
        else first.set(key, { to, arguments: [prompt.id, run, take, own] });
      }
    }
  }
  return { first: [...first.values()], copies };
}

/** Renders the jobs in worker threads, each taking the next one when it is done. */
async function renderAll(jobs) {
  const waiting = [...jobs];
  const count = Math.min(waiting.length, os.availableParallelism(), 4);
  await Promise.all(
    Array.from({ length: count }, async () => {
      const worker = new Worker(new URL('./synth/worker.mjs', import.meta.url));
      try {
        for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
          worker.postMessage(job.arguments);
          const [samples] = await once(worker, 'message');
          await writeFile(job.to, wavFileBytes(samples, RATE));
        }
      } finally {
        await worker.terminate();
      }
    }),
  );
}

function isComplete(evaluation, prompts) {
  const clips = takes.flatMap((take) => prompts.map(({ file }) => path.join(`${take}_model`, file)));
  return holdsClips(evaluation, ['evaluation.json', 'comparison_results.jsonl'], clips);
}

/** Sizes tell a disk that was full from clips that are whole. */
async function holdsClips(folder, others, clips) {
  try {
    for (const file of others) await stat(path.join(folder, file));
    for (const file of clips) {
      const { size } = await stat(path.join(folder, file));
      if (size !== 44 + 2 * SECONDS * RATE) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** evaluation.json and comparison_results.jsonl, as evaluate.py writes them (contract v1). */
async function writeIndex(run, folder, prompts, promptFile) {
  const { generated, steps } = runs[run];
  const sampling = { top_k: 250, temperature: 1, guidance: 3, duration_s: SECONDS };
  const models = takes.map((name) => ({
    name,
    adapter: name === 'base' ? null : `${name}_model`,
    step: steps[name] ?? 0,
  }));
  const lines = [];
  for (const { id, prompt, file } of prompts) {
    for (const model of takes) {
      const relative = `${model}_model/${file}`;
      const line = {
        prompt_id: id,
        prompt,
        model,
        path: relative,
        seed: 0,
        duration_s: SECONDS,
        sample_rate: RATE,
        sha256: sha256(await readFile(path.join(folder, relative))),
        generated,
      };
      lines.push(`${JSON.stringify(line)}\n`);
    }
  }
  const evaluation = {
    v: 1,
    prompts: { path: '../../evaluation_prompts_8.json', sha256: sha256(promptFile), count: prompts.length },
    models,
    seeds: [0],
    sampling,
    config_sha256: sha256(JSON.stringify({ prompts: sha256(promptFile), models, seeds: [0], sampling })),
  };
  await writeFile(path.join(folder, 'evaluation.json'), `${JSON.stringify(evaluation, null, 2)}\n`);
  await writeFile(path.join(folder, 'comparison_results.jsonl'), lines.join(''));
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** The first words of a prompt, fit for a file name on every system. */
function slug(text) {
  const words = text.toLowerCase().match(/[a-z0-9]+/g);
  while (words.join('-').length > 40) words.pop();
  return words.join('-');
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const clips = await makeExamples(process.argv[2] ?? path.join(here, 'finetune'));
  console.log(clips === 0 ? 'The example clips are there already.' : `Made ${clips} example clips.`);
}
