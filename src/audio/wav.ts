/**
 * Where the samples of a WAV file lie and in which form, from a few hundred bytes of it.
 *
 * The chunks are walked here, with reads of 8 bytes that skip what a chunk holds, because wavefile wants them all in one
 * buffer, throws at a second LIST chunk and believes any count of cue points (a claim of a million costs it a second).
 * What it is given is what it reads well: a small file of the `fmt ` and `cue ` chunks alone.
 * Format: Microsoft and IBM, Multimedia Programming Interface and Data Specifications 1.0; RF64: EBU Tech 3306.
 */
import { constants, open, type FileHandle } from 'node:fs/promises';
import { WaveFile } from 'wavefile';
import type { ClipFormat, ClipProblem } from './clip';

export interface WavHeader {
  /** Null when nothing in the file can be played; then `problem` says why. */
  readonly format: ClipFormat | null;
  readonly problem: ClipProblem | null;
  /** Cue points, seconds from the start, ascending. */
  readonly cues: readonly number[];
}

/** Something that can be read at any place: a file, or bytes that are already here. */
export interface ByteSource {
  /** Bytes. */
  readonly size: number;
  /** The bytes from `offset` on; fewer than `length` at the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Reads only the header. Never throws: a file that can't be read gives a problem. */
export async function readWavFile(file: string): Promise<WavHeader> {
  const handle = await openRegularFile(file);
  if ('code' in handle) return nothing(handle);
  try {
    const { size } = await handle.stat();
    return await readWavHeader({ size, read: (offset, length) => readAt(handle, offset, length) });
  } catch {
    return nothing({ code: 'unreadable', severity: 'error', detail: [] });
  } finally {
    await handle.close();
  }
}

/** As readWavFile, from any source. Rejects only when the source does. */
export async function readWavHeader(source: ByteSource): Promise<WavHeader> {
  if (source.size === 0) return nothing({ code: 'empty', severity: 'error', detail: [] });
  const riff = await source.read(0, 12);
  const container = fourCc(riff, 0);
  if (!['RIFF', 'RF64', 'RIFX'].includes(container) || fourCc(riff, 8) !== 'WAVE') {
    return nothing({ code: 'not-wav', severity: 'error', detail: [] });
  }
  if (container === 'RIFX') return nothing({ code: 'encoding', severity: 'error', detail: [] });
  const chunks = await walk(source);
  if (chunks.fmt === null) return nothing({ code: 'not-wav', severity: 'error', detail: [] });
  const { fmt, cues } = parse(chunks.fmt, chunks.cue);
  const encoding = encodingOf(fmt);
  if (encoding === null) {
    const detail = [formatTag(fmt), fmt.bitsPerSample, fmt.sampleRate, fmt.numChannels];
    return nothing({ code: 'encoding', severity: 'error', detail });
  }
  const frameBytes = (fmt.numChannels * fmt.bitsPerSample) / 8;
  const there = chunks.data === null ? 0 : Math.min(chunks.data.size, source.size - chunks.data.offset);
  const frames = Math.floor(there / frameBytes);
  if (chunks.data === null || frames === 0) {
    return nothing({ code: 'no-samples', severity: 'error', detail: [] });
  }
  const claimed = Math.floor(chunks.data.size / frameBytes);
  const seconds = (count: number) => count / fmt.sampleRate;
  return {
    format: {
      encoding,
      sampleRate: fmt.sampleRate,
      channels: fmt.numChannels,
      frames,
      dataOffset: chunks.data.offset,
      dataBytes: frames * frameBytes,
    },
    problem:
      frames < claimed
        ? { code: 'truncated', severity: 'warning', detail: [seconds(frames), seconds(claimed)] }
        : null,
    cues: cues
      .filter((frame) => frame <= frames)
      .map(seconds)
      .sort((a, b) => a - b),
  };
}

/** Opens what is a plain file: opening a named pipe would wait for ever. */
export async function openRegularFile(file: string): Promise<FileHandle | ClipProblem> {
  let handle: FileHandle;
  try {
    // Windows has no O_NONBLOCK (and no named pipes among its files): undefined counts as 0 here.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { code: gone ? 'missing' : 'unreadable', severity: 'error', detail: [] };
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  return { code: 'unreadable', severity: 'error', detail: [] };
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

const nothing = (problem: ClipProblem): WavHeader => ({ format: null, problem, cues: [] });

// ---- Chunks ---------------------------------------------------------------------------------------------------

interface Chunks {
  readonly fmt: Uint8Array | null;
  readonly cue: Uint8Array | null;
  readonly data: { readonly offset: number; /** As claimed. */ readonly size: number } | null;
}

/** More than any writer makes; a file of a million empty chunks is not worth reading on. */
const MAX_CHUNKS = 512;
const MAX_FMT_BYTES = 1024;
const MAX_CUE_POINTS = 1000;

async function walk(source: ByteSource): Promise<Chunks> {
  let fmt: Chunks['fmt'] = null;
  let cue: Chunks['cue'] = null;
  let data: Chunks['data'] = null;
  let rf64DataSize: number | null = null;
  let offset = 12;
  for (let i = 0; i < MAX_CHUNKS && offset + 8 <= source.size; i++) {
    const head = await source.read(offset, 8);
    if (head.length < 8) break;
    const id = fourCc(head, 0);
    const claimed = view(head).getUint32(4, true);
    const size: number = id === 'data' && claimed === 0xffffffff ? (rf64DataSize ?? claimed) : claimed;
    const start = offset + 8;
    const body = (most: number) => source.read(start, Math.min(size, most));
    if (id === 'ds64') {
      const ds64 = await body(16);
      if (ds64.length === 16) rf64DataSize = Number(view(ds64).getBigUint64(8, true));
    } else if (id === 'fmt ') fmt ??= await body(MAX_FMT_BYTES);
    else if (id === 'cue ') cue ??= await body(4 + MAX_CUE_POINTS * 24);
    else if (id === 'data') data ??= { offset: start, size };
    offset = start + size + (size % 2);
  }
  return { fmt: fmt !== null && fmt.length >= 16 ? fmt : null, cue, data };
}

// ---- What the chunks say, by wavefile ---------------------------------------------------------------------------

/** wavefile's `fmt`, which its own typing leaves as `object`. */
interface Fmt {
  readonly audioFormat: number;
  readonly numChannels: number;
  /** Hz. */
  readonly sampleRate: number;
  readonly bitsPerSample: number;
  /** The GUID of WAVE_FORMAT_EXTENSIBLE as four 32-bit words; its first 16 bits are the format tag. */
  readonly subformat: readonly number[];
}

function parse(fmt: Uint8Array, cue: Uint8Array | null): { fmt: Fmt; cues: number[] } {
  const wav = new WaveFile();
  wav.fromBuffer(
    smallWav([
      // wavefile reads the extension as far as the chunk's size says.
      ['fmt ', fmt.length < 40 ? fmt.subarray(0, 16) : fmt.subarray(0, 40)],
      ...(cue === null || cue.length < 28 ? [] : [['cue ', withTrueCount(cue)] as const]),
      ['data', new Uint8Array(0)],
    ]),
  );
  const { points } = wav.cue as { points: { dwSampleOffset: number }[] };
  return { fmt: wav.fmt as Fmt, cues: points.map((point) => point.dwSampleOffset) };
}

function smallWav(chunks: readonly (readonly [string, Uint8Array])[]): Uint8Array {
  const parts = chunks.map(([id, body]) => {
    const part = Buffer.alloc(8 + body.length + (body.length % 2));
    part.write(id, 'latin1');
    part.writeUInt32LE(body.length, 4);
    part.set(body, 8);
    return part;
  });
  const head = Buffer.from('RIFF\0\0\0\0WAVE', 'latin1');
  head.writeUInt32LE(4 + parts.reduce((sum, part) => sum + part.length, 0), 4);
  return new Uint8Array(Buffer.concat([head, ...parts]));
}

function withTrueCount(cue: Uint8Array): Uint8Array {
  const there = Math.floor((cue.length - 4) / 24);
  const bytes = cue.slice(0, 4 + there * 24);
  view(bytes).setUint32(0, Math.min(there, view(bytes).getUint32(0, true)), true);
  return bytes;
}

const EXTENSIBLE = 0xfffe;
const PCM = 1;
const FLOAT = 3;

function formatTag(fmt: Fmt): number {
  return fmt.audioFormat === EXTENSIBLE ? (fmt.subformat[0] ?? 0) & 0xffff : fmt.audioFormat;
}

/** Null for what is not played: other codecs, and figures that no audio device takes. */
function encodingOf(fmt: Fmt): ClipFormat['encoding'] | null {
  if (fmt.numChannels < 1 || fmt.numChannels > 32) return null;
  if (fmt.sampleRate < 4000 || fmt.sampleRate > 768_000) return null;
  const ints = { 8: 'u8', 16: 's16', 24: 's24', 32: 's32' } as const;
  const floats = { 32: 'f32', 64: 'f64' } as const;
  const byBits: Readonly<Record<number, ClipFormat['encoding']>> =
    formatTag(fmt) === PCM ? ints : formatTag(fmt) === FLOAT ? floats : {};
  return byBits[fmt.bitsPerSample] ?? null;
}

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const fourCc = (bytes: Uint8Array, at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
