import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { loadAnalyses, saveAnalyses } from '../../../src/audio/analysisCache';
import type { ClipAnalysis } from '../../../src/audio/clip';
import { AnalysisPool, type ClipFile, type PoolOptions } from '../../../src/audio/pool';
import { buildWorker, sine, temporaryFolder, wav } from './wavFiles';

let shared: string;
let worker: string;
beforeAll(async () => {
  shared = await mkdtemp(path.join(os.tmpdir(), 'earmark-worker-'));
  worker = await buildWorker(shared);
});
afterAll(() => rm(shared, { recursive: true }));

async function setUp(options: Partial<PoolOptions> = {}) {
  const folder = await temporaryFolder();
  const cacheFolder = path.join(folder, 'cache');
  const clips = path.join(folder, 'clips');
  await mkdir(clips);
  const newPool = () => {
    const pool = new AnalysisPool({ worker, cacheFolder, ...options });
    onTestFinished(() => pool.dispose());
    return pool;
  };
  const clip = async (name: string, bytes: Uint8Array = wav(sine(500, 0.5, 8000), { rate: 8000 })) => {
    const file = path.join(clips, name);
    await writeFile(file, bytes);
    return { key: name, file };
  };
  return { cacheFolder, clips, newPool, clip };
}

/** All results, in the order they came. */
function all(pool: AnalysisPool, files: readonly ClipFile[]): Promise<Map<string, ClipAnalysis>> {
  return new Promise((resolve) => {
    const results = new Map<string, ClipAnalysis>();
    pool.analyse(
      files,
      (key, analysis) => {
        results.set(key, analysis);
        if (results.size === files.length) resolve(results);
      },
      new AbortController().signal,
    );
  });
}

/** A worker that answers only when a file called `go` lies beside the clip, and dies of clips called `deadly`. */
async function slowWorker(folder: string): Promise<string> {
  const file = path.join(folder, 'slow.cjs');
  await writeFile(
    file,
    `const { parentPort } = require('node:worker_threads');
     const { existsSync, watch } = require('node:fs');
     const { basename, dirname, join } = require('node:path');
     parentPort.on('message', (file) => {
       if (basename(file).startsWith('deadly')) process.exit(7);
       const answer = () => parentPort.postMessage({ format: null, problem: null, sha256: basename(file), peaks: null, loudness: null, truePeak: null });
       const go = join(dirname(file), 'go');
       if (existsSync(go)) return answer();
       const watcher = watch(dirname(file), () => {
         if (!existsSync(go)) return;
         watcher.close();
         answer();
       });
     });`,
  );
  return file;
}

describe('the pool', () => {
  it('analyses in worker threads and tells problems in words', async () => {
    const { newPool, clip } = await setUp();
    const good = await clip('good.wav');
    const bad = await clip('bad.wav', Buffer.from('<html>'));
    const gone = { key: 'gone', file: `${good.file}.gone` };
    const results = await all(newPool(), [good, bad, gone]);
    expect(results.get('good.wav')).toMatchObject({ problem: null, format: { sampleRate: 8000 } });
    expect(results.get('good.wav')?.peaks).toHaveLength(1600);
    expect(results.get('bad.wav')?.problem).toMatchObject({
      message: expect.stringContaining('WAV') as unknown,
    });
    expect(results.get('gone')?.problem?.code).toBe('missing');
  });

  it('finds on disk what another pool found, without a worker', async () => {
    const { newPool, clip, cacheFolder } = await setUp();
    const files = [await clip('a.wav'), await clip('b.wav', Buffer.from('<html>'))];
    const first = newPool();
    const found = await all(first, files);
    await first.dispose();
    const second = new AnalysisPool({ worker: '/nowhere.cjs', cacheFolder });
    expect(await all(second, files)).toEqual(found);
    await second.dispose();
  });

  it('looks again when size or time of the file differ', async () => {
    const { newPool, clip } = await setUp();
    const file = await clip('a.wav');
    const pool = newPool();
    const before = await all(pool, [file]);
    await clip('a.wav', wav(sine(500, 1, 8000), { rate: 8000 }));
    expect((await all(pool, [file])).get('a.wav')?.format?.frames).toBe(8000);
    await clip('a.wav');
    await utimes(file.file, 1, 1);
    expect(await all(pool, [file])).toEqual(before);
  });

  it('gives what is asked for last before what still waits, and nothing to who has gone', async () => {
    const folder = await temporaryFolder();
    const { newPool, clip, clips } = await setUp({ worker: await slowWorker(folder), size: 1 });
    const [a, b, c, d] = await Promise.all(['a', 'b', 'c', 'd'].map((name) => clip(name)));
    const pool = newPool();
    const came: string[] = [];
    const gone = new AbortController();
    const waitForAll = new Promise<void>((resolve) => {
      const note = (key: string) => {
        came.push(key);
        if (came.length === 3) resolve();
      };
      const stays = new AbortController().signal;
      pool.analyse([a!, b!], note, stays);
      pool.analyse([c!], note, stays);
      pool.analyse([d!], () => came.push('never'), gone.signal);
      gone.abort();
    });
    await writeFile(path.join(clips, 'go'), '');
    await waitForAll;
    expect(came).not.toContain('never');
    expect(came.indexOf('c')).toBeLessThan(came.indexOf('b'));
  });

  it('survives a worker that dies: that clip has a problem, the others are analysed, and it is tried again', async () => {
    const folder = await temporaryFolder();
    const { newPool, clip, cacheFolder, clips } = await setUp({ worker: await slowWorker(folder) });
    await writeFile(path.join(clips, 'go'), '');
    const files = [await clip('deadly'), await clip('a'), await clip('deadly too'), await clip('b')];
    const pool = newPool();
    const results = await all(pool, files);
    expect(files.map(({ key }) => results.get(key)?.problem?.code)).toEqual([
      'crashed',
      undefined,
      'crashed',
      undefined,
    ]);
    await pool.dispose();
    expect([...(await loadAnalyses(cacheFolder, clips)).keys()].sort()).toEqual(['a', 'b']);
  });

  it('tells of a worker that can’t start, clip by clip', async () => {
    const { newPool, clip } = await setUp({ worker: '/nowhere/worker.cjs' });
    const results = await all(newPool(), [await clip('a'), await clip('b')]);
    expect([...results.values()].map(({ problem }) => problem?.code)).toEqual(['crashed', 'crashed']);
  });

  it('goes on when the cache can’t be written', async () => {
    const errors: unknown[] = [];
    const { newPool, clip, cacheFolder } = await setUp({ onCacheError: (error) => errors.push(error) });
    await writeFile(cacheFolder, 'a file where the folder should be');
    const pool = newPool();
    expect((await all(pool, [await clip('a.wav')])).get('a.wav')?.problem).toBeNull();
    await pool.dispose();
    expect(errors).toHaveLength(1);
  });
});

describe('the cache', () => {
  const analysis: ClipAnalysis = {
    format: null,
    problem: { code: 'truncated', severity: 'warning', detail: [1, 15] },
    sha256: 'ab',
    peaks: new Int16Array(1600).map((_, i) => i - 800),
    loudness: -14.25,
    truePeak: null,
  };
  const stamp = { size: 7, mtimeMs: 1234.5678 };
  const one = (name: string) => new Map([[name, { stamp, analysis }]]);

  it('gives back what it was given, and adds to what another window wrote', async () => {
    const folder = await temporaryFolder();
    await saveAnalyses(folder, '/clips', one('a.wav'));
    await saveAnalyses(
      folder,
      '/clips',
      new Map([['b.wav', { stamp, analysis: { ...analysis, peaks: null } }]]),
    );
    await saveAnalyses(folder, '/clips', one('ü.wav'));
    const found = await loadAnalyses(folder, '/clips');
    expect(found.get('a.wav')).toEqual({ stamp, analysis });
    expect(found.get('b.wav')?.analysis.peaks).toBeNull();
    expect(found.get('ü.wav')).toEqual({ stamp, analysis });
    expect((await loadAnalyses(folder, '/others')).size).toBe(0);
  });

  it('is whole after two windows wrote at once', async () => {
    const folder = await temporaryFolder();
    await Promise.all(Array.from({ length: 8 }, (_, i) => saveAnalyses(folder, '/clips', one(`${i}`))));
    expect((await loadAnalyses(folder, '/clips')).size).toBeGreaterThan(0);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('ignores a damaged file and writes it anew', async () => {
    const folder = await temporaryFolder();
    await saveAnalyses(folder, '/clips', one('a.wav'));
    const file = path.join(folder, (await readdir(folder))[0]!);
    const sound = await readFile(file);
    for (const damage of [Buffer.alloc(0), Buffer.from('no'), sound.subarray(0, 200), flipped(sound)]) {
      await writeFile(file, damage);
      expect((await loadAnalyses(folder, '/clips')).size).toBe(0);
    }
    await saveAnalyses(folder, '/clips', one('b.wav'));
    expect([...(await loadAnalyses(folder, '/clips')).keys()]).toEqual(['b.wav']);
  });

  it('keeps to its size: what was used last stays', async () => {
    const folder = await temporaryFolder();
    await saveAnalyses(folder, '/old', one('a.wav'));
    const [oldFile] = await readdir(folder);
    const { size } = await stat(path.join(folder, oldFile!));
    await utimes(path.join(folder, oldFile!), 1, 1);
    await saveAnalyses(folder, '/new', one('a.wav'), size * 1.5);
    expect((await loadAnalyses(folder, '/old')).size).toBe(0);
    expect((await loadAnalyses(folder, '/new')).size).toBe(1);
  });
});

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length - 9]! ^= 1;
  return copy;
}
