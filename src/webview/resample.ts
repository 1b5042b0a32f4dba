/** Samples as the page holds them: one array a channel, full scale is ±1. */
export interface Samples {
  readonly channels: readonly Float32Array[];
  /** Hz. */
  readonly sampleRate: number;
}

/**
 * An AudioBuffer at `sampleRate`. Other rates are converted by `decodeAudioData`, whose filter is better than the
 * straight lines that a buffer source draws between samples; it wants a file, so one is written in memory.
 */
export async function toBuffer(
  { channels, sampleRate: from }: Samples,
  sampleRate: number,
): Promise<AudioBuffer> {
  if (from !== sampleRate) {
    const offline = new OfflineAudioContext(channels.length, 1, sampleRate);
    return offline.decodeAudioData(floatWav(channels, from));
  }
  const length = Math.max(1, channels[0]?.length ?? 0);
  const buffer = new AudioBuffer({ length, numberOfChannels: channels.length, sampleRate });
  channels.forEach((samples, index) => buffer.getChannelData(index).set(samples));
  return buffer;
}

/** The buffer itself, or a copy that is cut or filled with silence to `length` frames. */
export function ofLength(buffer: AudioBuffer, length: number): AudioBuffer {
  if (buffer.length === length) return buffer;
  const { numberOfChannels, sampleRate } = buffer;
  const copy = new AudioBuffer({ length, numberOfChannels, sampleRate });
  for (let channel = 0; channel < numberOfChannels; channel++) {
    copy.getChannelData(channel).set(buffer.getChannelData(channel).subarray(0, length));
  }
  return copy;
}

const HEADER_BYTES = 44;
const IEEE_FLOAT = 3;

/** A WAV file of 32-bit floats (RIFF, `fmt ` of 16 bytes, `data`), as of Microsoft's Multimedia Programming Interface 1.0. */
export function floatWav(channels: Samples['channels'], sampleRate: number): ArrayBuffer {
  const count = channels.length;
  const frames = channels[0]?.length ?? 0;
  const dataBytes = frames * count * 4;
  const file = new ArrayBuffer(HEADER_BYTES + dataBytes);
  const bytes = new Uint8Array(file);
  const view = new DataView(file);
  const text = (at: number, word: string) => bytes.set(new TextEncoder().encode(word), at);
  text(0, 'RIFF');
  view.setUint32(4, HEADER_BYTES - 8 + dataBytes, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, IEEE_FLOAT, true);
  view.setUint16(22, count, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * count * 4, true);
  view.setUint16(32, count * 4, true);
  view.setUint16(34, 32, true);
  text(36, 'data');
  view.setUint32(40, dataBytes, true);
  const data = new Float32Array(file, HEADER_BYTES);
  channels.forEach((samples, channel) => {
    for (let frame = 0; frame < frames; frame++) data[frame * count + channel] = samples[frame] ?? 0;
  });
  return file;
}
