/** The host is this machine: the GPU box itself, at the desk or in a remote window. */
import { homedir } from 'node:os';
import { exec, execStream } from './exec';
import type { Transport } from './transport';

/** The states of some thousand jobs; a host that says more than this is not believed. */
const MAX_ANSWER_BYTES = 32_000_000;

export function localTransport(label: string): Transport {
  return {
    label,
    run: ({ argv, input, timeoutMs }) =>
      exec(argv, { cwd: homedir(), input, timeoutMs, maxBytes: MAX_ANSWER_BYTES }),
    stream: ({ argv, input, timeoutMs }, onBytes, signal) =>
      execStream(
        argv,
        { cwd: homedir(), input, timeoutMs, ...(signal === undefined ? {} : { signal }) },
        onBytes,
      ),
    viewer: ([file, ...args]) => ({ file, args }),
  };
}
