/** This machine as a node of a Slurm cluster, for the tests of one file. */
import { join } from 'node:path';
import { afterAll, type TestContext } from 'vitest';
import { localTransport } from '../../src/hosts/localTransport';
import type { JobHost } from '../../src/jobs/jobsStore';
import { python, supervisor } from '../unit/jobs/support';
import { makeCluster, noCluster, type Cluster } from './cluster';
import { engineOn } from './engine';

export const slurmTools = { python, supervisor, slurm: join(process.cwd(), 'python', 'slurm.py') };

let made: Promise<Cluster> | null = null;

afterAll(async () => {
  await (await made)?.stop();
});

/** The one of this file; skips the test where there can be none. */
export async function cluster(context: TestContext): Promise<Cluster> {
  const missing = await noCluster();
  if (missing !== null) context.skip(missing);
  return (made ??= makeCluster());
}

export async function slurmHost(context: TestContext): Promise<JobHost> {
  const { env } = await cluster(context);
  return { transport: localTransport('this machine'), engine: engineOn(env, slurmTools) };
}
