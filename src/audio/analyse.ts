/** One clip, from file to what its lane shows. Runs in a worker; plain node. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { ClipAnalysis, ClipProblem } from './clip';
import { integratedLoudness } from './loudness';
import { decodePcm } from './pcm';
import { peaksOf } from './peaks';
import { truePeak } from './truePeak';
import { openRegularFile, readWavHeader } from './wav';

/** Bytes. Over an hour of 32 kHz mono; a worker holds the file and its samples, about three times as much, at once. */
export const MAX_CLIP_BYTES = 256 * 1024 * 1024;

/** Reads the file once. Never throws: what is wrong is told as a problem, beside what could be found out. */
export async function analyseClip(file: string): Promise<ClipAnalysis> {
  const handle = await openRegularFile(file);
  if ('code' in handle) return failed(handle);
  try {
    const bytes = await readWhole(handle);
    return 'code' in bytes ? failed(bytes) : await analyseBytes(bytes);
  } catch {
    return failed({ code: 'unreadable', severity: 'error', detail: [] });
  } finally {
    await handle.close();
  }
}

async function analyseBytes(bytes: Uint8Array<ArrayBuffer>): Promise<ClipAnalysis> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const { format, problem } = await readWavHeader({
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  });
  if (format === null) return { ...failed(problem), sha256 };
  const data = bytes.subarray(format.dataOffset, format.dataOffset + format.dataBytes);
  const { channels, notFinite } = decodePcm(data, format);
  return {
    format,
    problem: notFinite > 0 ? { code: 'not-finite', severity: 'warning', detail: [notFinite] } : problem,
    sha256,
    peaks: peaksOf(channels),
    loudness: integratedLoudness(channels, format.sampleRate),
    truePeak: truePeak(channels),
  };
}

async function readWhole(handle: FileHandle): Promise<Uint8Array<ArrayBuffer> | ClipProblem> {
  const before = await handle.stat();
  if (before.size > MAX_CLIP_BYTES) {
    return { code: 'too-large', severity: 'error', detail: [before.size, MAX_CLIP_BYTES] };
  }
  const bytes = new Uint8Array(before.size);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  const after = await handle.stat();
  if (length < bytes.length || after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
    return { code: 'changed', severity: 'error', detail: [] };
  }
  return bytes;
}

const failed = (problem: ClipProblem | null): ClipAnalysis => ({
  format: null,
  problem,
  sha256: null,
  peaks: null,
  loudness: null,
  truePeak: null,
});
