/**
 * Reading 200 runs of 2,000 events and 24 clips each: from nothing, again when nothing changed, and again when one run
 * grew by a line. The plain way reads all files anew each time, one after another. The files are in the system's cache.
 */
import { fork } from 'node:child_process';
import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figures, BenchResult } from './support/result';
import { makeRunFolders } from './support/runFolders';

const SIZE = { runs: 200, checkpoints: 8, events: 2000, prompts: 8 };

export async function run(): Promise<BenchResult> {
  const folder = await mkdtemp(join(tmpdir(), 'earmark-bench-'));
  try {
    await makeRunFolders(folder, SIZE);
    // Whoever comes first must not pay for the disk.
    await inOwnProcess('plain', folder);
    const baseline = await inOwnProcess('plain', folder);
    await utimes(folder, 1_780_000_000, 1_780_000_000);
    return { metrics: await inOwnProcess('library', folder), baseline };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Memory is only comparable between processes that did nothing else. */
function inOwnProcess(way: 'library' | 'plain', folder: string): Promise<Figures> {
  return new Promise((done, fail) => {
    const child = fork(join(__dirname, 'support', 'discoveryProcess.ts'), [way, folder]);
    child.once('message', (figures) => done(figures as Figures));
    child.once('error', fail);
    child.once('exit', (code) => code !== 0 && fail(new Error(`${way} ended with ${code}`)));
  });
}
