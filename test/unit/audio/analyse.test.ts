import { createHash } from 'node:crypto';
import { truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyseClip, MAX_CLIP_BYTES } from '../../../src/audio/analyse';
import type { ClipProblem } from '../../../src/audio/clip';
import { describeProblem } from '../../../src/audio/problems';
import { sine, temporaryFolder, wav } from './wavFiles';

async function analysisOf(bytes: Uint8Array) {
  const file = path.join(await temporaryFolder(), 'a.wav');
  await writeFile(file, bytes);
  return analyseClip(file);
}

describe('an analysis', () => {
  it('holds format, hash, outline, loudness and true peak', async () => {
    const bytes = wav(sine(997, 2, 32000, 0.5));
    const { format, problem, sha256, peaks, loudness, truePeak } = await analysisOf(bytes);
    expect(problem).toBeNull();
    expect(format).toMatchObject({ encoding: 's16', frames: 64000 });
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(peaks![401]! / 32767).toBeCloseTo(0.5, 2);
    expect(loudness).toBeCloseTo(-3.01 - 6.02, 1);
    expect(truePeak).toBeCloseTo(-6.02, 1);
  });

  it('of silence has an outline and neither loudness nor peak', async () => {
    const { problem, peaks, loudness, truePeak } = await analysisOf(wav(new Float32Array(32000)));
    expect({ problem, loudness, truePeak }).toEqual({ problem: null, loudness: null, truePeak: null });
    expect(peaks?.every((x) => x === 0)).toBe(true);
  });

  it('counts what is not a number and measures the rest', async () => {
    const samples = sine(997, 1, 32000);
    samples.fill(NaN, 100, 110);
    const { problem, loudness } = await analysisOf(wav(samples, { tag: 3, bits: 32 }));
    expect(problem).toEqual({ code: 'not-finite', severity: 'warning', detail: [10] });
    expect(loudness).toBeCloseTo(-3, 0);
  });

  it('of what is no WAV file has its hash and a problem', async () => {
    const { format, problem, sha256, peaks } = await analysisOf(Buffer.from('<html>'));
    expect([format, peaks, problem?.code]).toEqual([null, null, 'not-wav']);
    expect(sha256).toHaveLength(64);
  });

  it('refuses what is too large without reading it', async () => {
    const file = path.join(await temporaryFolder(), 'a.wav');
    await writeFile(file, wav([0]));
    await truncate(file, MAX_CLIP_BYTES + 1);
    const { problem } = await analyseClip(file);
    expect(problem).toEqual({
      code: 'too-large',
      severity: 'error',
      detail: [MAX_CLIP_BYTES + 1, MAX_CLIP_BYTES],
    });
  });
});

describe('the sentence of a problem', () => {
  const sentence = (code: ClipProblem['code'], ...detail: number[]) =>
    describeProblem({ code, severity: 'error', detail });

  it('has its figures', () => {
    expect(sentence('truncated', 3.21, 15)).toContain('promises 15.0 s, 3.2 s are there');
    expect(sentence('encoding', 6, 8, 8000, 1)).toContain('(A-law, 8-bit, 8000 Hz, channels: 1)');
    expect(sentence('encoding')).toContain('RIFX');
    expect(sentence('too-large', 3 * 2 ** 30, 2 ** 28)).toContain('3072 MB; the limit is 256 MB');
  });

  it('is there for every code, with no gap left', () => {
    const codes = [
      'missing',
      'unreadable',
      'empty',
      'not-wav',
      'no-samples',
      'not-finite',
      'changed',
      'crashed',
    ] as const;
    for (const code of codes) expect(sentence(code, 1)).toMatch(/^[A-Z][^{}]+\.$/);
  });
});
