/** Bytes → samples. Pure and without imports at run time: the page and the worker share it. */
import type { ClipFormat } from './clip';

export interface Pcm {
  /** One array a channel, full scale ±1, `format.frames` long. May view the given bytes: treat both as read-only. */
  readonly channels: readonly Float32Array<ArrayBuffer>[];
  /** Samples that were NaN or infinite; they are 0 here. */
  readonly notFinite: number;
}

/**
 * @param data The clip's data region (`format.dataBytes` from `format.dataOffset` on), at any alignment. Where it is
 * shorter, what is missing is silence.
 */
export function decodePcm(data: Uint8Array<ArrayBuffer>, format: ClipFormat): Pcm {
  const samples = toFloats(data, format.encoding, format.frames * format.channels);
  const isFloat = format.encoding === 'f32' || format.encoding === 'f64';
  const { clean, notFinite } = isFloat ? withoutNotFinite(samples) : { clean: samples, notFinite: 0 };
  return { channels: deinterleave(clean, format.channels), notFinite };
}

/** Bytes of one sample of one channel. */
export function sampleBytes(encoding: ClipFormat['encoding']): number {
  return { u8: 1, s16: 2, s24: 3, s32: 4, f32: 4, f64: 8 }[encoding];
}

/** Int16, Float32 and their kin read as the machine does; every platform of VS Code is little-endian, as WAV is. */
function toFloats(
  data: Uint8Array<ArrayBuffer>,
  encoding: ClipFormat['encoding'],
  count: number,
): Float32Array<ArrayBuffer> {
  const size = sampleBytes(encoding);
  const there = Math.min(count, Math.floor(data.length / size));
  const aligned = data.byteOffset % size === 0 || encoding === 's24' ? data : data.slice();
  const { buffer, byteOffset } = aligned;
  if (encoding === 'f32' && there === count) return new Float32Array(buffer, byteOffset, count);
  const out = new Float32Array(count);
  switch (encoding) {
    case 'f32':
      out.set(new Float32Array(buffer, byteOffset, there));
      break;
    case 'f64':
      out.set(new Float64Array(buffer, byteOffset, there));
      break;
    case 's16':
      scale(new Int16Array(buffer, byteOffset, there), 1 / 0x8000, out);
      break;
    case 's32':
      scale(new Int32Array(buffer, byteOffset, there), 1 / 0x80000000, out);
      break;
    case 's24':
      for (let i = 0, at = 0; i < there; i++, at += 3) {
        const low = (aligned[at] ?? 0) << 8;
        const middle = (aligned[at + 1] ?? 0) << 16;
        const high = (aligned[at + 2] ?? 0) << 24;
        out[i] = (high | middle | low) / 0x80000000;
      }
      break;
    case 'u8':
      for (let i = 0; i < there; i++) out[i] = ((aligned[i] ?? 128) - 128) / 128;
  }
  return out;
}

function scale(from: Int16Array | Int32Array, factor: number, out: Float32Array): void {
  for (let i = 0; i < from.length; i++) out[i] = (from[i] ?? 0) * factor;
}

function withoutNotFinite(samples: Float32Array<ArrayBuffer>) {
  // x · 0 is 0 for every finite x and NaN for all others, so one sum tells whether there is anything to do.
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += (samples[i] ?? 0) * 0;
  if (sum === 0) return { clean: samples, notFinite: 0 };
  const clean = samples.slice();
  let notFinite = 0;
  for (let i = 0; i < clean.length; i++) {
    if (Number.isFinite(clean[i])) continue;
    clean[i] = 0;
    notFinite++;
  }
  return { clean, notFinite };
}

function deinterleave(samples: Float32Array<ArrayBuffer>, channels: number): Float32Array<ArrayBuffer>[] {
  if (channels === 1) return [samples];
  const frames = samples.length / channels;
  return Array.from({ length: channels }, (_, channel) => {
    const out = new Float32Array(frames);
    for (let i = 0, at = channel; i < frames; i++, at += channels) out[i] = samples[at] ?? 0;
    return out;
  });
}
