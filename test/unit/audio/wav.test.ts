import { execFileSync } from 'node:child_process';
import { truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ByteSource, readWavFile, readWavHeader } from '../../../src/audio/wav';
import { chunk, encode, type Fmt, fmt, riff, sine, temporaryFolder, wav } from './wavFiles';

function source(bytes: Uint8Array): ByteSource & { readonly asked: number[] } {
  const asked: number[] = [];
  return {
    size: bytes.length,
    asked,
    read: (offset, length) => {
      asked.push(length);
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
  };
}
const header = (bytes: Uint8Array) => readWavHeader(source(bytes));
const codeOf = async (bytes: Uint8Array) => (await header(bytes)).problem?.code ?? null;

const tone = sine(440, 0.01, 32000);

describe('a WAV header', () => {
  const forms: [string, Fmt][] = [
    ['u8', { bits: 8 }],
    ['s16', { bits: 16 }],
    ['s24', { bits: 24 }],
    ['s32', { bits: 32 }],
    ['f32', { tag: 3, bits: 32 }],
    ['f64', { tag: 3, bits: 64 }],
  ];
  it.each(forms)('tells %s, plain and extensible', async (encoding, form) => {
    for (const extensible of [false, true]) {
      const { format, problem } = await header(wav(tone, { ...form, extensible }));
      expect(problem).toBeNull();
      expect(format).toEqual({
        encoding,
        sampleRate: 32000,
        channels: 1,
        frames: 320,
        dataOffset: extensible ? 68 : 44,
        dataBytes: (320 * form.bits!) / 8,
      });
    }
  });

  it('tells rate, channels and frames', async () => {
    for (const [rate, channels] of [
      [44100, 2],
      [96000, 6],
      [8000, 1],
    ] as const) {
      const { format } = await header(wav(new Float32Array(60), { rate, channels }));
      expect(format).toMatchObject({ sampleRate: rate, channels, frames: 60 / channels });
    }
  });

  it('finds samples behind an odd chunk, and behind a large one without reading it', async () => {
    const data = chunk('data', encode(tone));
    const odd = await header(riff([chunk('note', Buffer.from('odd')), fmt(), data]));
    expect(odd.format?.dataOffset).toBe(12 + 12 + 24 + 8);

    const large = source(riff([fmt(), chunk('LIST', Buffer.alloc(3_000_000)), data]));
    expect((await readWavHeader(large)).format?.dataOffset).toBe(12 + 24 + 3_000_008 + 8);
    expect(Math.max(...large.asked)).toBeLessThan(100);
  });

  it('survives two LIST chunks, which wavefile does not', async () => {
    const list = chunk('LIST', Buffer.from('INFO'));
    expect(await codeOf(riff([list, fmt(), list, list, chunk('data', encode(tone))]))).toBeNull();
  });

  it('reads RF64 and its 64-bit size', async () => {
    const ds64 = Buffer.alloc(28);
    ds64.writeBigUInt64LE(640n, 8);
    const bytes = riff([chunk('ds64', ds64), fmt(), chunk('data', encode(tone), 0xffffffff)], 'RF64');
    const { format, problem } = await header(bytes);
    expect(problem).toBeNull();
    expect(format?.frames).toBe(320);
  });

  it('gives cue points in seconds, also those behind the samples', async () => {
    const cue = Buffer.alloc(4 + 48);
    cue.writeUInt32LE(2);
    cue.writeUInt32LE(160, 4 + 20);
    cue.writeUInt32LE(32, 28 + 20);
    const { cues } = await header(riff([fmt(), chunk('data', encode(tone)), chunk('cue ', cue)]));
    expect(cues).toEqual([0.001, 0.005]);
  });

  it('believes no count of cue points', async () => {
    const cue = Buffer.alloc(4 + 24);
    cue.writeUInt32LE(0xffffffff);
    const { cues } = await header(riff([fmt(), chunk('cue ', cue), chunk('data', encode(tone))]));
    expect(cues).toEqual([0]);
  });
});

describe('what is no sound WAV file', () => {
  it('is told by code', async () => {
    const whole = wav(tone);
    expect(await codeOf(Buffer.alloc(0))).toBe('empty');
    expect(await codeOf(Buffer.from('<!DOCTYPE html><title>404</title>'))).toBe('not-wav');
    expect(await codeOf(Buffer.from('{"detail":"not found"}'))).toBe('not-wav');
    expect(await codeOf(Buffer.from('RIFF'))).toBe('not-wav');
    expect(await codeOf(Buffer.from('RIFF\0\0\0\0AVI LIST', 'latin1'))).toBe('not-wav');
    expect(await codeOf(whole.subarray(0, 20))).toBe('not-wav');
    expect(await codeOf(whole.subarray(0, 30))).toBe('not-wav');
    expect(await codeOf(whole.subarray(0, 36))).toBe('no-samples');
    expect(await codeOf(whole.subarray(0, 44))).toBe('no-samples');
    expect(await codeOf(riff([fmt(), chunk('LIST', Buffer.from('INFO'))]))).toBe('no-samples');
    expect(await codeOf(riff([chunk('data', encode(tone))]))).toBe('not-wav');
    expect(await codeOf(riff([fmt(), chunk('data', encode(tone))], 'RIFX'))).toBe('encoding');
  });

  it('is read as far as it goes when cut short', async () => {
    const { format, problem } = await header(wav(tone).subarray(0, 44 + 201));
    expect(format).toMatchObject({ frames: 100, dataBytes: 200 });
    expect(problem).toEqual({ code: 'truncated', severity: 'warning', detail: [100 / 32000, 0.01] });
  });

  it('makes no room for the 4 GB that a header claims', async () => {
    const lying = source(riff([fmt(), chunk('data', encode(tone), 0xffffffff)]));
    const { format, problem } = await readWavHeader(lying);
    expect(format?.frames).toBe(320);
    expect(problem).toMatchObject({ code: 'truncated', severity: 'warning' });
    expect(problem!.detail[1]).toBeGreaterThan(67_000);
    expect(Math.max(...lying.asked)).toBeLessThan(100);
  });

  it.each<[string, Fmt]>([
    ['A-law', { tag: 6, bits: 8 }],
    ['IMA ADPCM', { tag: 17, bits: 4 }],
    ['12 bits', { bits: 12 }],
    ['no bits', { bits: 0 }],
    ['rate 0', { rate: 0 }],
    ['rate 1 GHz', { rate: 1e9 }],
    ['no channels', { channels: 0 }],
    ['60,000 channels', { channels: 60_000 }],
    ['extensible A-law', { tag: 6, bits: 8, extensible: true }],
  ])('is refused for its form: %s', async (_, form) => {
    const { format, problem } = await header(riff([fmt(form), chunk('data', encode(tone))]));
    expect(format).toBeNull();
    expect(problem).toEqual({
      code: 'encoding',
      severity: 'error',
      detail: [form.tag ?? 1, form.bits ?? 16, form.rate ?? 32000, form.channels ?? 1],
    });
  });

  it('never throws, whatever byte is wrong', async () => {
    const whole = riff([
      fmt({ extensible: true }),
      chunk('cue ', Buffer.alloc(28)),
      chunk('data', encode(tone)),
    ]);
    let state = 1;
    const random = (below: number) => (state = (state * 48271) % 0x7fffffff) % below;
    for (let i = 0; i < 3000; i++) {
      const bytes = Buffer.from(whole.subarray(0, 20 + random(whole.length - 20)));
      for (let flips = random(4); flips >= 0; flips--)
        bytes[random(Math.min(bytes.length, 120))] = random(256);
      const { format, problem } = await header(bytes);
      expect(format !== null || problem !== null).toBe(true);
      if (format !== null) expect(format.dataOffset + format.dataBytes).toBeLessThanOrEqual(bytes.length);
    }
  });
});

describe('a file', () => {
  it('is read lazily and told when it is gone, a folder, or cut', async () => {
    const folder = await temporaryFolder();
    const file = path.join(folder, 'a.wav');
    await writeFile(file, wav(tone));
    expect((await readWavFile(file)).format?.frames).toBe(320);
    await truncate(file, 100);
    expect((await readWavFile(file)).problem?.code).toBe('truncated');
    expect((await readWavFile(path.join(folder, 'b.wav'))).problem?.code).toBe('missing');
    expect((await readWavFile(folder)).problem?.code).toBe('unreadable');
  });

  it.skipIf(process.platform === 'win32')('is not waited for when it is a named pipe', async () => {
    const pipe = path.join(await temporaryFolder(), 'pipe.wav');
    execFileSync('mkfifo', [pipe]);
    expect((await readWavFile(pipe)).problem?.code).toBe('unreadable');
  });
});
