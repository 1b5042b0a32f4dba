/** Sounds that say who and when they are: take k sounds in channel k alone, and its samples count the frames. */
import { floatWav } from '../../../src/webview/resample';
import type { ClipFormat } from '../../../src/audio/clip';

/** One frame of the count; 2^19 frames (16 s at 32 kHz) fit, each exact in a 32-bit float. */
export const STEP = 2 ** -20;
const HEADER_BYTES = 44;

export interface Signal {
  readonly wav: Uint8Array<ArrayBuffer>;
  readonly format: ClipFormat;
}

/** Frame f (from 0) of `channel` is (f + 1) · STEP, all other channels are silent. */
export function counting(channel: number, channels: number, frames: number, sampleRate: number): Signal {
  return signal(channels, frames, sampleRate, (at, frame) => (at === channel ? (frame + 1) * STEP : 0));
}

export function sine(hertz: number, channels: number, frames: number, sampleRate: number): Signal {
  return signal(
    channels,
    frames,
    sampleRate,
    (_, frame) => Math.sin((2 * Math.PI * hertz * frame) / sampleRate) / 2,
  );
}

function signal(
  channels: number,
  frames: number,
  sampleRate: number,
  value: (channel: number, frame: number) => number,
): Signal {
  const data = Array.from({ length: channels }, (_, channel) =>
    Float32Array.from({ length: frames }, (_, frame) => value(channel, frame)),
  );
  const dataBytes = frames * channels * 4;
  return {
    wav: new Uint8Array(floatWav(data, sampleRate)),
    format: { encoding: 'f32', sampleRate, channels, frames, dataOffset: HEADER_BYTES, dataBytes },
  };
}
