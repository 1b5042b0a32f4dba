/** The plain way to compare: a page that decodes every clip to draw it, and plays `<audio>` elements. */
import type { Browser } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import { namesForFunctions } from './editor';
import { percentile } from './measure';
import type { CopiedClip } from './exampleClips';
import { serve } from './server';

export interface PlainFigures {
  readonly overviewMs: number;
  readonly audioMb: number;
  readonly coldSoundMs: number;
  readonly cachedSoundMs: number;
}

export async function listenPlainly(browser: Browser, clips: readonly CopiedClip[]): Promise<PlainFigures> {
  const bodies = await Promise.all(clips.map(({ file }) => readFile(file)));
  const paths = clips.map((_, index) => `/${index}.wav`);
  const server = await serve({
    '/': { type: 'text/html', body: '<!doctype html><title>plain</title><button>here</button>' },
    ...Object.fromEntries(
      bodies.map((body, index) => [paths[index] ?? '', { type: 'audio/wav', body }] as const),
    ),
  });
  const page = await browser.newPage();
  try {
    await page.addInitScript(namesForFunctions);
    await page.goto(server.url);
    const decoded = await page.evaluate(drawAll, paths);
    const sounds = await page.evaluate(
      playEach,
      paths.filter((_, index) => index % 3 === 0),
    );
    return {
      overviewMs: decoded.ms,
      audioMb: decoded.mb,
      coldSoundMs: percentile(sounds.cold, 0.95),
      cachedSoundMs: percentile(sounds.cached, 0.95),
    };
  } finally {
    await page.close();
    server.close();
  }
}

/** In the page: fetches, decodes and draws every clip, and keeps what it decoded. */
async function drawAll(paths: readonly string[]): Promise<{ ms: number; mb: number }> {
  const context = new AudioContext({ sampleRate: 32_000 });
  const start = performance.now();
  const buffers = await Promise.all(
    paths.map(async (path) => {
      const bytes = await (await fetch(path)).arrayBuffer();
      const buffer = await context.decodeAudioData(bytes);
      const canvas = Object.assign(document.createElement('canvas'), { width: 400, height: 40 });
      const pen = canvas.getContext('2d');
      const samples = buffer.getChannelData(0);
      const step = samples.length / canvas.width;
      for (let x = 0; x < canvas.width; x++) {
        const stretch = samples.subarray(Math.floor(x * step), Math.floor((x + 1) * step));
        const high = stretch.reduce((most, sample) => Math.max(most, sample), 0);
        const low = stretch.reduce((least, sample) => Math.min(least, sample), 0);
        pen?.fillRect(x, 20 - high * 20, 1, (high - low) * 20);
      }
      document.body.append(canvas);
      return buffer;
    }),
  );
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const ms = performance.now() - start;
  await context.close();
  return { ms, mb: buffers.reduce((sum, { length }) => sum + length * 4, 0) / 1e6 };
}

/** In the page: milliseconds until an element plays, a new one and one that has played before. */
async function playEach(paths: readonly string[]): Promise<{ cold: number[]; cached: number[] }> {
  const play = async (element: HTMLAudioElement): Promise<number> => {
    const asked = performance.now();
    const playing = new Promise((done) => element.addEventListener('playing', done, { once: true }));
    await element.play();
    await playing;
    const took = performance.now() - asked;
    element.pause();
    element.currentTime = 0;
    return took;
  };
  const cold: number[] = [];
  const cached: number[] = [];
  for (const path of paths) {
    const element = new Audio(path);
    cold.push(await play(element));
    cached.push(await play(element));
  }
  return { cold, cached };
}
