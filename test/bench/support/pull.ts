/** 500 clips, 50 MB, from a host to here: by the mirror, and by the program that comes with ssh. */
import { randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execStream } from '../../../src/hosts/exec';
import type { Transport } from '../../../src/hosts/transport';
import type { ResultsTools } from '../../../src/results/ask';
import { Mirror } from '../../../src/results/mirror';
import { freeBytesFor } from '../../../src/results/room';

const FILES = 500;
const FILE_BYTES = 100_000;
const MODELS = ['base_model', 'best_model', 'final_model', 'checkpoint-400', 'checkpoint-800'];

/** Seconds from the first look at the host to the last clip in place. The host has to see this machine's disk. */
export function pull500(transport: Transport, tools: ResultsTools): Promise<number> {
  return timed(async (remote, folder) => {
    const mirror = new Mirror({
      folder,
      remote,
      transport,
      tools: () => Promise.resolve(tools),
      list: () => ({ depth: 6, exclude: [] }),
      limitBytes: () => 1e9,
      freeBytes: () => freeBytesFor(folder),
    });
    const { problems } = (await mirror.sync()).state;
    if (problems.length > 0) throw new Error(JSON.stringify(problems));
  });
}

/** The same by `sftp -r`, given as argv up to the host's name: `['sftp', '-F', CONFIG, 'box']`. */
export function sftp500([file, ...args]: readonly [string, ...string[]]): Promise<number> {
  return timed(async (remote, folder) => {
    await mkdir(folder);
    const options = { cwd: folder, timeoutMs: 900_000, input: `get -r ${remote}/evaluation\n` };
    const { code, stderr } = await execStream([file, '-q', '-b', '-', ...args], options, () => undefined);
    if (code !== 0) throw new Error(stderr);
  });
}

async function timed(pull: (remote: string, folder: string) => Promise<void>): Promise<number> {
  const place = await mkdtemp(join(tmpdir(), 'earmark-pull-'));
  try {
    const remote = join(place, 'there');
    await writeRun(remote);
    const folder = join(place, 'here');
    const started = performance.now();
    await pull(remote, folder);
    const seconds = (performance.now() - started) / 1000;
    const arrived = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.wav'));
    if (arrived.length !== FILES) throw new Error(`${arrived.length} of ${FILES} files arrived`);
    return seconds;
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** Noise, as nothing on the way may make it smaller. */
async function writeRun(folder: string): Promise<void> {
  const bytes = Buffer.alloc(FILE_BYTES);
  for (const model of MODELS) {
    const models = join(folder, 'evaluation', model);
    await mkdir(models, { recursive: true });
    for (let prompt = 1; prompt <= FILES / MODELS.length; prompt++) {
      const file = join(models, `${String(prompt).padStart(3, '0')}_noise.wav`);
      await writeFile(file, randomFillSync(bytes));
      // Written long ago: what was written just now is left alone.
      await utimes(file, 1.7e9, 1.7e9);
    }
  }
}
