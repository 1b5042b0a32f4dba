/** Jobs that ask something of Slurm. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job } from '../../src/jobs/jobsStore';
import type { SlurmRequest } from '../../src/jobs/spec';
import { shell } from '../unit/jobs/support';
import type { Rig } from './support';

export const FOREVER = 'echo ready; while [ ! -e go ]; do sleep 0.05; done';
export const nothing: SlurmRequest = { gpus: null, cpus: null, time: null, mem: null, partition: null, account: null, extra: [] }; // prettier-ignore

export async function start(rig: Rig, script: string, request: Partial<SlurmRequest> = {}): Promise<Job> {
  const draft = shell(rig.folder, script, { slurm: { ...nothing, ...request } });
  return (await rig.store.start(rig.prepare(draft)))[0]!;
}

export async function running(rig: Rig, script: string, request: Partial<SlurmRequest> = {}): Promise<Job> {
  const { id } = await start(rig, script, request);
  return rig.until(id, ({ state }) => state.kind === 'running');
}

/** One that waits because another has all GPUs. */
export async function waiting(rig: Rig, script = 'echo ran'): Promise<Job> {
  const { id } = await start(rig, script, { gpus: 2 });
  return rig.until(id, ({ state }) => state.kind === 'queued' && state.reason === 'Resources');
}

/** Slurm's own number of it. */
export async function numberOf({ directory }: Pick<Job, 'directory'>): Promise<string> {
  return (JSON.parse(await readFile(join(directory, 'slurm.json'), 'utf8')) as { id: string }).id;
}
