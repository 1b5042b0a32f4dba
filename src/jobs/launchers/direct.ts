/** Jobs run by supervisor.py on the host itself, with nothing between. */
import { createHash, randomBytes } from 'node:crypto';
import type { HostCall } from '../../hosts/transport';
import type { Engine } from '../engine';

export interface DirectTools {
  /** Interpreter on the host that runs the supervisor, 3.8 or newer. */
  readonly python: string;
  /** supervisor.py on the host, absolute. */
  readonly supervisor: string;
}

/** Isolated from what the person's Python is set up with, and quick to start. The same flags as in supervisor.py. */
const FLAGS = ['-I', '-S', '-X', 'utf8'];
const START_TIMEOUT_MS = 60_000;
const TIMEOUT_MS = 20_000;

export function directEngine(tools: DirectTools): Engine {
  return engineOf(tools, tools.supervisor);
}

/** `script` starts, probes and stops, as supervisor.py does; jobs are viewed and moved through supervisor.py itself. */
export function engineOf({ python, supervisor }: DirectTools, script: string): Engine {
  const call = (
    words: readonly string[],
    input: string,
    timeoutMs = TIMEOUT_MS,
    file = script,
  ): HostCall => ({
    argv: [python, ...FLAGS, file, ...words, '--frame', randomBytes(8).toString('hex')],
    input,
    timeoutMs,
  });
  return {
    start: (root, specs) => {
      const payload = JSON.stringify({ jobs: specs });
      const sha256 = createHash('sha256').update(payload).digest('hex');
      return call(['start', root, '--sha256', sha256], payload, START_TIMEOUT_MS);
    },
    probe: (roots, final, tails = []) => call(['probe'], JSON.stringify({ roots, final, tails })),
    stop: (directory, graceS) =>
      call(['stop', directory, ...(graceS === undefined ? [] : ['--grace', String(graceS)])], ''),
    move: (directory, to) => {
      const words = typeof to === 'string' ? [`--${to}`] : ['--before', to.before];
      return call(['move', directory, ...words], '', TIMEOUT_MS, supervisor);
    },
    attach: (directory) => [python, ...FLAGS, supervisor, 'attach', directory],
  };
}
