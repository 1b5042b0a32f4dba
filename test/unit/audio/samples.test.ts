import { describe, expect, it } from 'vitest';
import { PEAK_COLUMNS, type ClipFormat } from '../../../src/audio/clip';
import { integratedLoudness, kWeighting } from '../../../src/audio/loudness';
import { decodePcm, sampleBytes } from '../../../src/audio/pcm';
import { peaksOf } from '../../../src/audio/peaks';
import { truePeak } from '../../../src/audio/truePeak';
import { encode, sine } from './wavFiles';

const forms = {
  u8: { tag: 1, bits: 8 },
  s16: { tag: 1, bits: 16 },
  s24: { tag: 1, bits: 24 },
  s32: { tag: 1, bits: 32 },
  f32: { tag: 3, bits: 32 },
  f64: { tag: 3, bits: 64 },
} as const;
type Encoding = ClipFormat['encoding'];
const encodings = Object.keys(forms) as Encoding[];

const format = (encoding: Encoding, frames: number, channels = 1): ClipFormat => ({
  encoding,
  sampleRate: 32000,
  channels,
  frames,
  dataOffset: 0,
  dataBytes: frames * channels * sampleBytes(encoding),
});
const bytesOf = (encoding: Encoding, samples: ArrayLike<number>) =>
  new Uint8Array(encode(samples, forms[encoding]));

describe('samples', () => {
  const known = [0, 0.5, -0.5, 0.25, -1, 0.984375];

  it.each(encodings)('of %s come as written, one array a channel', (encoding) => {
    const { channels, notFinite } = decodePcm(bytesOf(encoding, known), format(encoding, 2, 3));
    expect(channels.map((c) => [...c])).toEqual([
      [0, 0.25],
      [0.5, -1],
      [-0.5, 0.984375],
    ]);
    expect(notFinite).toBe(0);
  });

  it.each(encodings)(
    'of %s are read at any alignment, and silence follows where bytes are missing',
    (encoding) => {
      const bytes = bytesOf(encoding, known);
      const shifted = new Uint8Array(bytes.length + 1);
      shifted.set(bytes, 1);
      const { channels } = decodePcm(shifted.subarray(1), format(encoding, 8));
      expect([...channels[0]!]).toEqual([...known, 0, 0]);
    },
  );

  it('that are not numbers are counted and silent, and the file’s bytes stay as they are', () => {
    for (const encoding of ['f32', 'f64'] as const) {
      const bytes = bytesOf(encoding, [0.5, NaN, Infinity, -0.25, -Infinity]);
      const before = bytes.slice();
      const { channels, notFinite } = decodePcm(bytes, format(encoding, 5));
      expect([...channels[0]!]).toEqual([0.5, 0, 0, -0.25, 0]);
      expect(notFinite).toBe(3);
      expect(bytes).toEqual(before);
    }
  });

  it('of mono 32-bit float are a view, not a copy', () => {
    const bytes = bytesOf('f32', known);
    expect(decodePcm(bytes, format('f32', 6)).channels[0]!.buffer).toBe(bytes.buffer);
  });
});

describe('peaks', () => {
  it('hold the extremes of each stretch over all channels', () => {
    const left = new Float32Array(8000).fill(0.1);
    const right = new Float32Array(8000);
    left[4005] = 0.5;
    right[4003] = -2;
    const peaks = peaksOf([left, right]);
    expect(peaks).toHaveLength(2 * PEAK_COLUMNS);
    expect([...peaks.subarray(800, 804)]).toEqual([-32767, Math.round(0.5 * 32767), 0, 3277]);
  });

  it('exist for clips shorter than a lane is wide', () => {
    const peaks = peaksOf([Float32Array.of(1, -1)]);
    expect([peaks[0], peaks[1], peaks[1598], peaks[1599]]).toEqual([32767, 32767, -32767, -32767]);
    expect(peaksOf([new Float32Array(0)]).every((x) => x === 0)).toBe(true);
  });
});

describe('integrated loudness', () => {
  function parts(rate: number, ...sections: [dbfs: number, seconds: number][]): Float32Array {
    const tones = sections.map(([db, seconds]) => sine(1000, seconds, rate, 10 ** (db / 20)));
    const all = new Float32Array(tones.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const tone of tones) {
      all.set(tone, at);
      at += tone.length;
    }
    return all;
  }

  it('has the filters that BS.1770 prints for 48 kHz', () => {
    const [shelf, cut] = kWeighting(48000);
    const near = (x: number, y: number) => expect(x).toBeCloseTo(y, 10);
    [1.53512485958697, -2.69169618940638, 1.19839281085285].forEach((b, i) => near(shelf.b[i]!, b));
    [-1.69065929318241, 0.73248077421585].forEach((a, i) => near(shelf.a[i]!, a));
    [-1.99004745483398, 0.99007225036621].forEach((a, i) => near(cut.a[i]!, a));
  });

  it.each([8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000])(
    'of a full-scale 997 Hz sine is −3.01 at %i Hz',
    (rate) => {
      expect(integratedLoudness([sine(997, 5, rate)], rate)).toBeCloseTo(-3.01, 1);
    },
  );

  it('meets the gating cases of EBU Tech 3341', () => {
    const rate = 48000;
    const stereo = (samples: Float32Array) => integratedLoudness([samples, samples], rate);
    expect(stereo(parts(rate, [-23, 20]))).toBeCloseTo(-23, 1);
    expect(stereo(parts(rate, [-33, 20]))).toBeCloseTo(-33, 1);
    expect(stereo(parts(rate, [-36, 10], [-23, 60], [-36, 10]))).toBeCloseTo(-23, 1);
    expect(stereo(parts(rate, [-72, 10], [-36, 10], [-23, 60], [-36, 10], [-72, 10]))).toBeCloseTo(-23, 1);
    expect(stereo(parts(rate, [-26, 20], [-20, 20.1], [-26, 20]))).toBeCloseTo(-23, 1);
  });

  it('weighs surrounds by 1.41 and leaves out the effects channel (case 6 of EBU Tech 3341)', () => {
    const at = (db: number) => sine(1000, 5, 48000, 10 ** (db / 20));
    const channels = [at(-28), at(-28), at(-24), at(0), at(-30), at(-30)];
    expect(integratedLoudness(channels, 48000)).toBeCloseTo(-23, 1);
  });

  it('is null for silence and for nothing, and a number for a clip shorter than a block', () => {
    expect(integratedLoudness([new Float32Array(32000)], 32000)).toBeNull();
    expect(integratedLoudness([sine(997, 5, 32000, 1e-5)], 32000)).toBeNull();
    expect(integratedLoudness([new Float32Array(0)], 32000)).toBeNull();
    expect(integratedLoudness([], 32000)).toBeNull();
    expect(integratedLoudness([sine(997, 0.1, 32000)], 32000)).toBeCloseTo(-3, 0);
  });
});

describe('true peak', () => {
  it('sees what lies between the samples', () => {
    // A quarter of the sample rate, sampled at its ±45° points: samples at −3 dB, the wave at 0.
    const samples = Float32Array.from({ length: 4000 }, (_, i) => Math.sin((Math.PI / 2) * i + Math.PI / 4));
    // Faded in and out: an abrupt start rings above the wave.
    const faded = samples.map((x, i) => x * Math.min(1, i / 1000, (3999 - i) / 1000));
    expect(truePeak([faded])).toBeCloseTo(0, 0);
    expect(Math.max(...faded)).toBeLessThan(0.71);
  });

  it('is found wherever it is, in the louder channel', () => {
    for (const at of [0, 15, 16, 500, 999]) {
      const samples = new Float32Array(1000);
      samples[at] = 0.5;
      const peak = truePeak([new Float32Array(1000).fill(0.01), samples])!;
      expect(peak).toBeCloseTo(20 * Math.log10(0.5), 1);
    }
  });

  it('skips no stretch that could have it: equal to trying every point', () => {
    let state = 7;
    const noise = Float32Array.from({ length: 5000 }, (_, i) => {
      state = (state * 48271) % 0x7fffffff;
      return (state / 0x3fffffff - 1) * (0.2 + 0.8 * Math.sin(i / 300) ** 2);
    });
    // Alone, each piece is searched with nothing louder to skip it for.
    const pieces = Array.from({ length: 100 }, (_, i) => {
      const piece = new Float32Array(5000);
      piece.set(noise.subarray(Math.max(0, i * 50 - 12), i * 50 + 62), Math.max(0, i * 50 - 12));
      return piece;
    });
    const whole = truePeak([noise])!;
    expect(Math.max(...pieces.map((piece) => truePeak([piece])!))).toBeGreaterThanOrEqual(whole - 1e-9);
  });

  it('is null for digital silence', () => {
    expect(truePeak([new Float32Array(100)])).toBeNull();
    expect(truePeak([])).toBeNull();
  });
});
