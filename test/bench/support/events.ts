/** How long after a run has told of a step a window knows of it: by looking as the window does, and by a connection for each look. */
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ulid } from 'ulid';
import { Host } from '../../../src/host';
import { exec } from '../../../src/hosts/exec';
import { LOOK_ELSEWHERE_MS } from '../../../src/hosts/pace';
import type { SshServer } from '../../ssh/server';
import { median } from './measure';

const TIMES = 15;

/** Median milliseconds. The host has to see this machine's disk. */
export async function eventsSeen(
  server: SshServer,
  python: string,
): Promise<{ ours: number; plain: number }> {
  const place = await mkdtemp(join(tmpdir(), 'earmark-events-'));
  const run = join(place, 'there', 'output_epoch1');
  await mkdir(run, { recursive: true });
  await writeFile(join(run, 'run.json'), '{}');
  const host = new Host({
    entry: {
      ...{ name: 'box', address: server.address, folder: join(place, 'there'), python },
      ...{ scheduler: 'direct', slurm: null, setup: [] },
    },
    source: join(process.cwd(), 'python'),
    mayRun: () => true,
    folders: () => [join(place, 'there')],
    python: () => python,
    newId: () => ulid(),
    controlFolder: join(place, 'control'),
    ssh: server.ssh,
    mirror: {
      ...{ folder: join(place, 'here'), limitBytes: () => 1e9 },
      ...{ depth: () => 4, exclude: () => [] },
    },
  });
  try {
    const argv = [python, '-c', 'import time; time.sleep(1000)'];
    const draft = { kind: 'train' as const, title: 'A training', argv, cwd: place, run };
    const launch = await host.prepare([draft], join(place, 'there'));
    const [job] = await host.start(launch, join(place, 'there'));
    if (job === undefined) throw new Error('No job was started.');
    const told = tellIn(join(run, 'events.jsonl'));
    const ours = await seen(told, async () => {
      await host.jobs.refresh();
      return host.jobs.job(job.id)?.progress?.step ?? 0;
    });
    const plain = await seen(told, async () => {
      const words = [...server.ssh, '-o', 'BatchMode=yes', 'box', `tail -n 1 ${run}/events.jsonl`] as const;
      const { stdout } = await exec(words, { cwd: '/', timeoutMs: 20_000 });
      return (JSON.parse(stdout) as { step: number }).step;
    });
    await host.jobs.stop(job.id, 0);
    return { ours, plain };
  } finally {
    await host.close();
    await rm(place, { recursive: true, force: true });
  }
}

/** Writes one step after the other, as train_lora.py does. */
function tellIn(file: string): () => Promise<number> {
  let step = 0;
  return async () => {
    step += 1;
    await appendFile(
      file,
      `${JSON.stringify({ v: 1, t: Date.now() / 1000, type: 'train', step, loss: 7 })}\n`,
    );
    return step;
  };
}

/** `look` tells the last step that it knows of; it is called again and again at the window's pace. */
async function seen(tell: () => Promise<number>, look: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  await tell();
  await look();
  while (times.length < TIMES) {
    const began = performance.now();
    const step = await tell();
    // It was told at any moment between two looks.
    await pause(Math.random() * LOOK_ELSEWHERE_MS);
    while ((await look()) < step) await pause(LOOK_ELSEWHERE_MS);
    times.push(performance.now() - began);
  }
  return median(times);
}
