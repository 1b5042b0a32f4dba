import { decodePcm } from '../audio/pcm';
import { fetchSamples } from './clipBytes';
import { bytesOf } from './clipCache';
import type { PlayerTake } from './playerTypes';
import type { FrameRange } from './timeline';

/** The first stretch of a clip that is to be heard: it sounds before the rest has come. */
export interface Head {
  readonly clip: string;
  /** As long as the clip, and silent outside of `frames`. */
  readonly buffer: AudioBuffer;
  readonly frames: FrameRange;
}

/** An eighth of a clip of 15 s: over a far link it comes in an eighth of the time, and lasts until the rest is there. */
const HEAD_SECONDS = 2;
/** A clip that is not much longer comes as a whole. */
const WORTH_SECONDS = 2 * HEAD_SECONDS;
/** One clip as floats: the head is held beside the whole for a moment. */
const MOST_BYTES = 64_000_000;

/**
 * What is needed of a clip from a second on; null where the whole is as good: a short clip, one of another rate (which is resampled
 * as a whole), a very long one. Rejects as `fetchSamples` does.
 */
export async function fetchHead(
  { clip, uri, format }: PlayerTake,
  second: number,
  sampleRate: number,
  signal: AbortSignal,
  load: typeof fetch,
): Promise<Head | null> {
  const { frames: length, channels, dataOffset, dataBytes } = format;
  const worthIt = length > WORTH_SECONDS * sampleRate && bytesOf(length, channels) <= MOST_BYTES;
  if (format.sampleRate !== sampleRate || !worthIt) return null;
  const from = Math.min(Math.max(0, Math.floor(second * sampleRate)), length - 1);
  const frames = Math.min(HEAD_SECONDS * sampleRate, length - from);
  const frameBytes = dataBytes / length;
  const stretch = { dataOffset: dataOffset + from * frameBytes, dataBytes: frames * frameBytes };
  const bytes = await fetchSamples(uri, stretch, signal, load);
  const samples = decodePcm(bytes, { ...format, frames, dataBytes: stretch.dataBytes }).channels;
  const buffer = new AudioBuffer({ length, numberOfChannels: channels, sampleRate });
  samples.forEach((channel, index) => buffer.getChannelData(index).set(channel, from));
  return { clip, buffer, frames: [from, from + frames] };
}
