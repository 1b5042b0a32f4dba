/** WAV files of every kind that programs write. */

export interface WavKind {
  readonly encoding?: 'pcm16' | 'pcm24' | 'float32';
  readonly channels?: number;
  /** Hz. */
  readonly rate?: number;
  /** What the header says of the samples' size, where it lies. */
  readonly claimedBytes?: number;
}

/** The same samples, of ±1, in every channel. */
export function wavFile(samples: Float32Array, kind: WavKind = {}): Buffer {
  const { encoding = 'pcm16', channels = 1, rate = 32_000 } = kind;
  const width = { pcm16: 2, pcm24: 3, float32: 4 }[encoding];
  const size = samples.length * channels * width;
  const bytes = Buffer.alloc(44 + size);
  const claimed = kind.claimedBytes ?? size;
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(Math.min(36 + claimed, 0xff_ff_ff_ff), 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(encoding === 'float32' ? 3 : 1, 20);
  bytes.writeUInt16LE(channels, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate * channels * width, 28);
  bytes.writeUInt16LE(channels * width, 32);
  bytes.writeUInt16LE(width * 8, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(claimed, 40);
  for (const [frame, sample] of samples.entries()) {
    for (let channel = 0; channel < channels; channel++) {
      const at = 44 + (frame * channels + channel) * width;
      if (encoding === 'float32') bytes.writeFloatLE(sample, at);
      else bytes.writeIntLE(Math.round(sample * (2 ** (width * 8 - 1) - 1)), at, width);
    }
  }
  return bytes;
}
