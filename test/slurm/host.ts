/** This machine as a node of a Slurm cluster, for the tests of one file. */
import { join } from 'node:path';
import { afterAll, type TestContext } from 'vitest';
import { localTransport } from '../../src/hosts/localTransport';
import type { HostCall } from '../../src/hosts/transport';
import type { Engine } from '../../src/jobs/engine';
import type { JobHost } from '../../src/jobs/jobsStore';
import { slurmEngine } from '../../src/jobs/launchers/slurm';
import { python, supervisor } from '../unit/jobs/support';
import { makeCluster, noCluster, type Cluster } from './cluster';

export const slurmScript = join(process.cwd(), 'python', 'slurm.py');

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
  return { transport: localTransport('this machine'), engine: finding(env) };
}

/** A cluster's programs find it by themselves; this one is not where they look. */
function finding(env: Cluster['env']): Engine {
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const engine = slurmEngine({ python, supervisor, slurm: slurmScript });
  const wrap = (call: HostCall): HostCall => ({ ...call, argv: ['/usr/bin/env', ...words, ...call.argv] });
  return {
    start: (...given) => wrap(engine.start(...given)),
    probe: (...given) => wrap(engine.probe(...given)),
    stop: (...given) => wrap(engine.stop(...given)),
    move: (...given) => engine.move(...given),
    attach: (directory) => engine.attach(directory),
  };
}
