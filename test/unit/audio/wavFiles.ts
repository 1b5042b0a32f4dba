/** WAV files for tests, well made and otherwise. */
import { build } from 'esbuild';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

export function chunk(id: string, body: Uint8Array, claimed = body.length): Buffer {
  const bytes = Buffer.alloc(8 + body.length + (body.length % 2));
  bytes.write(id, 'latin1');
  bytes.writeUInt32LE(claimed, 4);
  bytes.set(body, 8);
  return bytes;
}

export function riff(chunks: readonly Uint8Array[], container = 'RIFF'): Buffer {
  const head = Buffer.from(`${container}\0\0\0\0WAVE`, 'latin1');
  const body = Buffer.concat(chunks);
  head.writeUInt32LE(body.length + 4, 4);
  return Buffer.concat([head, body]);
}

export interface Fmt {
  readonly tag?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
  /** WAVE_FORMAT_EXTENSIBLE around the tag. */
  readonly extensible?: boolean;
}

export function fmt({
  tag = 1,
  channels = 1,
  rate = 32000,
  bits = 16,
  extensible = false,
}: Fmt = {}): Buffer {
  const body = Buffer.alloc(extensible ? 40 : 16);
  body.writeUInt16LE(extensible ? 0xfffe : tag, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rate, 4);
  body.writeUInt32LE((((rate * channels * bits) / 8) % 2 ** 32) >>> 0, 8);
  body.writeUInt16LE(((channels * bits) / 8) & 0xffff, 12);
  body.writeUInt16LE(bits, 14);
  if (extensible) {
    body.writeUInt16LE(22, 16);
    body.writeUInt16LE(bits, 18);
    body.writeUInt16LE(tag, 24);
    body.set(Buffer.from('000000001000800000aa00389b71', 'hex'), 26);
  }
  return chunk('fmt ', body);
}

/** A whole file; `samples` are ±1 and interleaved. */
export function wav(samples: ArrayLike<number>, format: Fmt = {}): Buffer {
  return riff([fmt(format), chunk('data', encode(samples, format))]);
}

export function encode(samples: ArrayLike<number>, { tag = 1, bits = 16 }: Fmt = {}): Buffer {
  const bytes = Buffer.alloc((samples.length * bits) / 8);
  const most = 2 ** (bits - 1);
  for (let i = 0; i < samples.length; i++) {
    const x = samples[i]!;
    const at = (i * bits) / 8;
    if (tag === 3 && bits === 32) bytes.writeFloatLE(x, at);
    else if (tag === 3) bytes.writeDoubleLE(x, at);
    else {
      const value = Math.max(-most, Math.min(most - 1, Math.round(x * most)));
      if (bits === 8) bytes.writeUInt8(value + 128, at);
      else bytes.writeIntLE(value, at, bits / 8);
    }
  }
  return bytes;
}

export function sine(hz: number, seconds: number, rate: number, amplitude = 1): Float32Array {
  const samples = new Float32Array(Math.round(seconds * rate));
  return samples.map((_, i) => amplitude * Math.sin((2 * Math.PI * hz * i) / rate));
}

/** A folder that goes when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'earmark-audio-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Bundles the worker as the product does, into `folder`. */
export async function buildWorker(folder: string): Promise<string> {
  const outfile = path.join(folder, 'analysis.cjs');
  await build({
    entryPoints: [path.join(import.meta.dirname, '../../../src/audio/worker.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    mainFields: ['module', 'main'],
    logLevel: 'silent',
  });
  return outfile;
}
