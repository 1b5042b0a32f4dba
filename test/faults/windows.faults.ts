/** Windows that end while their jobs run. */
import { build } from 'esbuild';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { expect, onTestFinished, type TestContext } from 'vitest';
import { cluster, slurmTools } from '../slurm/host';
import { optionsOf, sshServer } from '../ssh/host';
import { storeOf } from '../unit/jobs/support';
import type { Tools } from './client';
import { bySlurm, bySsh, fault, untilText, watch, type Rig } from './support';

/** Starts the stand-in for a window; resolves when its chain has begun. */
async function openWindow(
  rig: Rig,
  context: TestContext,
  ids: readonly string[],
): Promise<ReturnType<typeof watch>> {
  const ssh = bySsh(rig) ? JSON.stringify(optionsOf(await sshServer(context))) : '';
  const env = bySlurm(rig) ? (await cluster(context)).env : null;
  const tools: Tools = { ...slurmTools, env };
  const outfile = join(rig.folder, 'window.cjs');
  const entry = join(process.cwd(), 'test/faults/client.ts');
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });
  const window = watch([process.execPath, outfile, rig.folder, JSON.stringify(tools), ssh, ...ids]);
  onTestFinished(() => void window.process.kill('SIGKILL'));
  await untilText(window.output, 'started');
  await rig.until(ids[0]!, ({ state }) => state.kind === 'running');
  return window;
}

async function expectChainGoesOn(rig: Rig, first: string, second: string): Promise<void> {
  const next = storeOf(rig.folder, rig.host);
  await next.refresh();
  expect(next.jobs.map(({ id, state }) => [id, state.kind])).toEqual([
    [second, 'queued'],
    [first, 'running'],
  ]);
  await writeFile(join(rig.folder, 'go'), '');
  expect((await rig.ended(second)).state).toMatchObject({ why: 'exited', code: 0 });
  expect(rig.store.job(first)?.state).toMatchObject({ why: 'exited', code: 0 });
  expect(await readFile(join(rig.folder, 'ran'), 'utf8')).toBe('first\nsecond\n');
}

fault('F8', 'smoke', async (rig, context) => {
  const ids = [ulid(1), ulid(2)] as const;
  const window = await openWindow(rig, context, ids);
  window.process.kill('SIGKILL');
  await window.end;
  await expectChainGoesOn(rig, ...ids);
});

fault('F9', 'full', async (rig, context) => {
  const ids = [ulid(1), ulid(2)] as const;
  const window = await openWindow(rig, context, ids);
  const group = -(window.process.pid ?? 0);
  process.kill(group, 'SIGHUP');
  // Node may miss a SIGHUP while it starts a program.
  try {
    process.kill(group, 'SIGKILL');
  } catch {
    // Nobody was left in it.
  }
  await window.end;
  await expectChainGoesOn(rig, ...ids);
});
