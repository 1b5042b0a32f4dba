/**
 * Analyses kept on disk, one file for each folder of clips: 150 clips of an evaluation are three reads. What can't be
 * read is as good as absent; what two windows write at once is whole files of one or the other, never a mixture.
 *
 * File: sha256 of all that follows (32 bytes), length of the JSON (uint32, little-endian), JSON, zero padding to an even
 * offset, the peaks of the entries that have them in their order.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { type ClipAnalysis, PEAK_COLUMNS } from './clip';

/** What must be unchanged for an analysis to still be true of the file. */
export interface Stamp {
  /** Bytes. */
  readonly size: number;
  readonly mtimeMs: number;
}

export interface CachedAnalysis {
  readonly stamp: Stamp;
  readonly analysis: ClipAnalysis;
}

/** File name → analysis, for the clips of one folder. */
export type FolderAnalyses = ReadonlyMap<string, CachedAnalysis>;

/** All that is kept, in bytes: some 30,000 clips. The least recently used folders go first. */
export const CACHE_LIMIT_BYTES = 128 * 1024 * 1024;
/** Clips of one folder; those added first go first. */
const MAX_ENTRIES = 20_000;

/** What is kept of a folder of clips; empty when there is nothing, or nothing sound. */
export async function loadAnalyses(cacheFolder: string, clipFolder: string): Promise<FolderAnalyses> {
  const file = cacheFile(cacheFolder, clipFolder);
  try {
    const analyses = decode(await readFile(file));
    // Marks it as used, for eviction; not worth waiting for, nor an error where it fails.
    utimes(file, new Date(), new Date()).catch(() => undefined);
    return analyses;
  } catch {
    return new Map();
  }
}

/** Adds analyses to what is kept of their folder, and evicts others when it is too much. */
export async function saveAnalyses(
  cacheFolder: string,
  clipFolder: string,
  added: FolderAnalyses,
  limitBytes = CACHE_LIMIT_BYTES,
): Promise<void> {
  await mkdir(cacheFolder, { recursive: true });
  // Read again just before, because another window may have written since.
  const merged = new Map([...(await loadAnalyses(cacheFolder, clipFolder)), ...added]);
  const kept = new Map([...merged].slice(-MAX_ENTRIES));
  const file = cacheFile(cacheFolder, clipFolder);
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, encode(kept));
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await evict(cacheFolder, limitBytes);
}

function cacheFile(cacheFolder: string, clipFolder: string): string {
  const name = createHash('sha256').update(path.resolve(clipFolder)).digest('hex').slice(0, 32);
  return path.join(cacheFolder, `${name}.clips`);
}

async function evict(cacheFolder: string, limitBytes: number): Promise<void> {
  // Everything counts, also the temporary file of a window that died while it wrote.
  const files = await Promise.all(
    (await readdir(cacheFolder)).map(async (name) => {
      const file = path.join(cacheFolder, name);
      const found = await stat(file).catch(() => null);
      return { file, size: found?.size ?? 0, used: found?.mtimeMs ?? 0 };
    }),
  );
  let total = files.reduce((sum, { size }) => sum + size, 0);
  for (const { file, size } of files.sort((a, b) => a.used - b.used)) {
    if (total <= limitBytes) return;
    await rm(file, { force: true });
    total -= size;
  }
}

// ---- The file -------------------------------------------------------------------------------------------------

const headSchema = z.object({
  v: z.literal(1),
  entries: z.array(
    z.object({
      name: z.string(),
      stamp: z.object({ size: z.number(), mtimeMs: z.number() }),
      format: z
        .object({
          encoding: z.enum(['u8', 's16', 's24', 's32', 'f32', 'f64']),
          sampleRate: z.number(),
          channels: z.number(),
          frames: z.number(),
          dataOffset: z.number(),
          dataBytes: z.number(),
        })
        .nullable(),
      problem: z
        .object({
          code: z.enum([
            'empty',
            'not-wav',
            'no-samples',
            'encoding',
            'too-large',
            'truncated',
            'not-finite',
          ]),
          severity: z.enum(['error', 'warning']),
          detail: z.array(z.number()),
        })
        .nullable(),
      sha256: z.string().nullable(),
      hasPeaks: z.boolean(),
      loudness: z.number().nullable(),
      truePeak: z.number().nullable(),
    }),
  ),
});

const HASH_BYTES = 32;
const PEAK_BYTES = PEAK_COLUMNS * 2 * Int16Array.BYTES_PER_ELEMENT;

function encode(analyses: FolderAnalyses): Buffer {
  const entries = [...analyses].map(([name, { stamp, analysis }]) => {
    const { peaks, ...rest } = analysis;
    return { name, stamp, ...rest, hasPeaks: peaks !== null };
  });
  const json = Buffer.from(JSON.stringify({ v: 1, entries }));
  const head = Buffer.alloc(4 + json.length + (json.length % 2));
  head.writeUInt32LE(json.length);
  head.set(json, 4);
  const peaks = [...analyses.values()].flatMap(({ analysis: { peaks: p } }) =>
    p === null ? [] : [new Uint8Array(p.buffer, p.byteOffset, p.byteLength)],
  );
  const body = Buffer.concat([head, ...peaks]);
  return Buffer.concat([createHash('sha256').update(body).digest(), body]);
}

/** Throws at anything that encode did not write. */
function decode(bytes: Buffer): FolderAnalyses {
  const body = bytes.subarray(HASH_BYTES);
  if (!createHash('sha256').update(body).digest().equals(bytes.subarray(0, HASH_BYTES))) {
    throw new Error('damaged');
  }
  const length = body.readUInt32LE();
  const { entries } = headSchema.parse(JSON.parse(body.toString('utf8', 4, 4 + length)));
  let offset = 4 + length + (length % 2);
  const analyses = new Map<string, CachedAnalysis>();
  for (const { name, stamp, hasPeaks, ...rest } of entries) {
    let peaks: Int16Array | null = null;
    if (hasPeaks) {
      // A copy of its own: a view would drag the whole file along wherever the peaks are posted to.
      peaks = new Int16Array(new Uint8Array(body.subarray(offset, offset + PEAK_BYTES)).buffer);
      offset += PEAK_BYTES;
    }
    analyses.set(name, { stamp, analysis: { ...rest, peaks } });
  }
  return analyses;
}
