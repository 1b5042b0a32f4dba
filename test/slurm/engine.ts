/** The engine of a cluster of a test: a real one's programs are found by themselves, this one's have to be told where it is. */
import type { HostCall } from '../../src/hosts/transport';
import type { Engine } from '../../src/jobs/engine';
import { slurmEngine, type SlurmTools } from '../../src/jobs/launchers/slurm';
import type { Cluster } from './cluster';

export function engineOn(env: Cluster['env'], tools: SlurmTools): Engine {
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const engine = slurmEngine(tools);
  const wrap = (call: HostCall): HostCall => ({ ...call, argv: ['/usr/bin/env', ...words, ...call.argv] });
  return {
    start: (...given) => wrap(engine.start(...given)),
    probe: (...given) => wrap(engine.probe(...given)),
    stop: (...given) => wrap(engine.stop(...given)),
    move: (...given) => engine.move(...given),
    attach: (directory) => engine.attach(directory),
  };
}
