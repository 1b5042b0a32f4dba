/** One way of reading a folder of runs, measured in a process of its own: `discoveryProcess.ts library|plain FOLDER`. */
import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { Library } from '../../../src/library';
import { median, rounded } from './measure';
import type { Figures } from './result';
import { eventLine, runName } from './runFolders';

const TIMES = 5;
/** A file that changed less than two seconds ago is read again in any case; that is not what is measured here. */
const SETTLED_MS = 2100;

async function measure(way: string, folder: string): Promise<Figures> {
  const before = memory();
  const look = way === 'library' ? libraryLook(folder) : async () => plainLook(folder);
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();

  const cold = await timed(look);
  const warm: number[] = [];
  for (let i = 0; i < TIMES; i++) warm.push(await timed(look));
  const changed: number[] = [];
  for (let i = 0; i < TIMES; i++) {
    appendFileSync(join(folder, runName(i), 'events.jsonl'), `${eventLine(5000 + i)}\n`);
    changed.push(await timed(look));
    await pause(SETTLED_MS);
    await look();
  }
  delays.disable();
  return {
    cold_s: rounded(cold / 1000),
    warm_s: rounded(median(warm) / 1000),
    one_changed_ms: rounded(median(changed), 1),
    max_block_ms: rounded(delays.max / 1e6, 1),
    rss_mb: rounded(memory() - before, 1),
  };
}

function libraryLook(folder: string): () => Promise<void> {
  const library = new Library({
    roots: () => [{ path: folder, label: 'bench' }],
    depth: () => 6,
    exclude: () => [],
  });
  return async () => {
    await library.refresh();
    if (library.runs.length === 0) throw new Error('No run was found');
  };
}

/** What was read stays, as a tree would keep it. */
let kept: unknown;

async function plainLook(folder: string): Promise<void> {
  const read = (path: string): unknown => {
    if (statSync(path).isDirectory()) return readdirSync(path).map((name) => read(join(path, name)));
    if (path.endsWith('.json')) return JSON.parse(readFileSync(path, 'utf8'));
    if (!path.endsWith('.jsonl')) return path;
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown);
  };
  kept = read(folder);
  // As a program would between two looks: otherwise the measuring itself would wait.
  await new Promise((done) => setImmediate(done));
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Megabytes of this process, after what is no longer used was freed. */
function memory(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
}

const [way = '', folder = ''] = process.argv.slice(2);
void measure(way, folder).then((figures) => {
  process.send?.(figures, () => process.exit(kept === null ? 1 : 0));
});
