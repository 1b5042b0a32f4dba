/**
 * Peaks, loudness, true peak and hash of 150 clips of 15 s at 32 kHz, from cold and from the cache, and how far the
 * loudness is from an independent meter (ffmpeg's ebur128 where there is one, else signals whose loudness is known).
 * The plain way reads the samples with wavefile's getSamples, one clip after another, and leaves out hash and true peak.
 */
import { execFileSync } from 'node:child_process';
import { build } from 'esbuild';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { WaveFile } from 'wavefile';
import { integratedLoudness } from '../../src/audio/loudness';
import { type ClipFile, AnalysisPool } from '../../src/audio/pool';
import { peaksOf } from '../../src/audio/peaks';
import { copyClips } from './support/exampleClips';
import type { BenchResult } from './support/result';

export async function run(): Promise<BenchResult> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'earmark-bench-'));
  try {
    const worker = await bundleWorker(folder);
    const copies = await copyClips(folder);
    const clips = copies.map(({ file }): ClipFile => ({ key: file, file }));
    const cacheFolder = path.join(folder, 'cache');
    const cold = await analyse({ worker, cacheFolder }, clips);
    const cached = await analyse({ worker, cacheFolder }, clips);
    return {
      metrics: {
        cold_150_s: round(cold.ms / 1000),
        cached_150_ms: round(cached.ms),
        loudness_error_lu: loudnessError(clips, cold.loudness),
      },
      baseline: {
        cold_150_s: round((await plainWay(clips)) / 1000),
        cached_150_ms: null,
        loudness_error_lu: null,
      },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function bundleWorker(folder: string): Promise<string> {
  const outfile = path.join(folder, 'analysis.cjs');
  await build({
    entryPoints: ['src/audio/worker.ts'],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
  });
  return outfile;
}

async function analyse(options: { worker: string; cacheFolder: string }, clips: readonly ClipFile[]) {
  const pool = new AnalysisPool(options);
  const loudness = new Map<string, number | null>();
  const start = performance.now();
  await new Promise<void>((resolve) => {
    const onResult = (key: string, analysis: { loudness: number | null }) => {
      loudness.set(key, analysis.loudness);
      if (loudness.size === clips.length) resolve();
    };
    pool.analyse(clips, onResult, new AbortController().signal);
  });
  const ms = performance.now() - start;
  await pool.dispose();
  return { ms, loudness };
}

/** Milliseconds for all clips, from every fifteenth. */
async function plainWay(clips: readonly ClipFile[]): Promise<number> {
  const some = clips.filter((_, i) => i % 15 === 0);
  const start = performance.now();
  for (const { file } of some) {
    const wav = new WaveFile(await readFile(file));
    // The typing knows nothing of containers: this is a Float32Array of values up to ±32768.
    const samples = wav.getSamples(false, Float32Array) as unknown as Float32Array;
    for (let i = 0; i < samples.length; i++) samples[i]! /= 32768;
    peaksOf([samples]);
    integratedLoudness([samples], 32000);
  }
  return ((performance.now() - start) * clips.length) / some.length;
}

/** The largest difference in LU. */
function loudnessError(clips: readonly ClipFile[], loudness: ReadonlyMap<string, number | null>): number {
  const errors = clips.slice(0, 24).flatMap(({ key, file }) => {
    const measured = independentLoudness(file);
    const own = loudness.get(key) ?? null;
    return measured === null || own === null ? [] : [Math.abs(measured - own)];
  });
  return round(Math.max(...(errors.length > 0 ? errors : knownSignals())));
}

/** By ffmpeg, from its frame-by-frame log, which has three decimals; null where there is no ffmpeg. */
function independentLoudness(file: string): number | null {
  const filters = `amovie='${file.replaceAll("'", String.raw`'\''`)}',ebur128=metadata=1`;
  const argv = [
    '-v',
    'error',
    '-f',
    'lavfi',
    filters,
    '-show_entries',
    'frame_tags=lavfi.r128.I',
    '-of',
    'csv=p=0',
  ];
  try {
    const lines = execFileSync('ffprobe', argv, { encoding: 'utf8', maxBuffer: 2 ** 26 })
      .trim()
      .split('\n');
    return Number.parseFloat(lines.at(-1) ?? '');
  } catch {
    return null;
  }
}

/** A full-scale sine of 997 Hz is −3.01 LUFS, at any level and rate so much lower. */
function knownSignals(): number[] {
  return [32000, 44100, 48000].flatMap((rate) =>
    [1, 0.1].map((amplitude) => {
      const sine = new Float32Array(10 * rate).map(
        (_, i) => amplitude * Math.sin((2 * Math.PI * 997 * i) / rate),
      );
      return Math.abs((integratedLoudness([sine], rate) ?? 0) + 3.01 - 20 * Math.log10(amplitude));
    }),
  );
}

const round = (x: number) => Number(x.toPrecision(4));
