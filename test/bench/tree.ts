/**
 * How long after a change on disk the tree shows it, in a real VS Code on a folder of 60 runs, and how many watches of
 * the operating system that takes. The plain ways: looking every so often without any event, and a watch a folder.
 */
import { appendFile, mkdtemp, readdir, readFile, readlink, rename, rm, watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openEditor, packageVsix, type Editor } from './support/editor';
import { percentile, rounded } from './support/measure';
import type { BenchResult } from './support/result';
import { eventLine, makeRunFolders, runName } from './support/runFolders';

const SIZE = { runs: 60, checkpoints: 6, events: 300, prompts: 4 };
const CHANGES = 8;
/** The newest run is the first row. */
const NEWEST = runName(SIZE.runs - 1);

export async function run(): Promise<BenchResult> {
  const vsix = await packageVsix();
  const scratch = await mkdtemp(join(tmpdir(), 'earmark-bench-'));
  const folder = join(scratch, 'workspace');
  try {
    await makeRunFolders(folder, SIZE);
    await makeRunFolders(join(scratch, 'new'), { ...SIZE, runs: SIZE.runs + CHANGES });
    const told = await measure(vsix, scratch, {});
    const polled = await measure(vsix, scratch, { 'files.watcherExclude': { '**': true } });
    return {
      metrics: { event_to_screen_ms: told.ms, watchers: told.watchers },
      baseline: { event_to_screen_ms: polled.ms, watchers: await watchesOfFolders(folder) },
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function measure(vsix: string, scratch: string, settings: Record<string, unknown>) {
  const folder = join(scratch, 'workspace');
  const editor = await openEditor({ folder, vsix, settings });
  try {
    // VS Code watches an open folder by itself; what it watches once the tree is shown is for Earmark.
    const without = await steadyWatches();
    await editor.workbench.sideBar('Earmark');
    await row(editor, NEWEST).waitFor();
    const watchers = (await steadyWatches()) - without;
    const times: number[] = [];
    for (let i = 0; i < CHANGES; i++) times.push(...(await changes(editor, scratch, i)));
    return { ms: rounded(percentile(times, 0.95), 0), watchers };
  } finally {
    await editor.close();
  }
}

/** A run comes, learns something, and goes again. Milliseconds from each change to the screen. */
async function changes(editor: Editor, scratch: string, i: number): Promise<number[]> {
  const name = runName(SIZE.runs + i);
  const [away, here] = [join(scratch, 'new', name), join(scratch, 'workspace', name)];
  const timed = async (change: () => Promise<void>, onScreen: () => Promise<void>): Promise<number> => {
    const start = performance.now();
    await change();
    await onScreen();
    return performance.now() - start;
  };
  const step = 100_000 + i * 50;
  const loss = (8.5 - Math.log1p(step) / 20).toFixed(4);
  return [
    await timed(
      () => rename(away, here),
      () => row(editor, name).waitFor(),
    ),
    await timed(
      () => appendFile(join(here, 'events.jsonl'), `${eventLine(step)}\n`),
      () =>
        row(editor, name)
          .filter({ hasText: `valid ${loss}` })
          .waitFor(),
    ),
    await timed(
      () => rename(here, away),
      () => row(editor, name).waitFor({ state: 'detached' }),
    ),
  ];
}

function row(editor: Editor, name: string) {
  return editor.page.locator('.pane-body .monaco-list-row', { hasText: name }).first();
}

/** The watches of VS Code and all else that we started, once their number has not changed for two seconds. */
async function steadyWatches(): Promise<number> {
  let [count, times] = [-1, 0];
  while (times < 4) {
    await pause(500);
    const now = await watchesBelow(process.pid);
    times = now === count ? times + 1 : 0;
    count = now;
  }
  return count;
}

/** Watches that the operating system keeps for a process and all that it started. Linux only. */
async function watchesBelow(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  let count = await watchesOf(pid);
  for (const child of children.split(' ').filter(Boolean)) count += await watchesBelow(Number(child));
  return count;
}

async function watchesOf(pid: number): Promise<number> {
  let count = 0;
  for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
    if (target !== 'anon_inode:inotify') continue;
    const info = await readFile(`/proc/${pid}/fdinfo/${fd}`, 'utf8').catch(() => '');
    count += info.split('\n').filter((line) => line.startsWith('inotify ')).length;
  }
  return count;
}

/** What node's own recursive watching takes. */
async function watchesOfFolders(folder: string): Promise<number> {
  const before = await watchesOf(process.pid);
  const end = new AbortController();
  const watching = watch(folder, { recursive: true, signal: end.signal });
  const first = watching[Symbol.asyncIterator]().next();
  await appendFile(join(folder, runName(0), 'events.jsonl'), `${eventLine(1)}\n`);
  await first;
  const count = (await watchesOf(process.pid)) - before;
  end.abort();
  await watching[Symbol.asyncIterator]()
    .next()
    .catch(() => undefined);
  return count;
}
