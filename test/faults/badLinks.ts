/** Transports that break, and a host that is another one than it says. */
import { join } from 'node:path';
import type { HostCall, Transport } from '../../src/hosts/transport';
import { makeFolder } from '../unit/files/folders';
import { kill, pidIn } from './support';

/** The program on the host is killed once it has said so many bytes. */
export function killedAt(transport: Transport, bytes: number): Transport {
  return {
    ...transport,
    stream: async (call, onBytes, signal) => {
      const file = join(await makeFolder(), 'pid');
      const argv: HostCall['argv'] = ['sh', '-c', 'echo $$ > "$0"; exec "$@"', file, ...call.argv];
      let said = 0;
      const counting = async (chunk: Uint8Array): Promise<void> => {
        const before = said;
        said += chunk.length;
        if (before <= bytes && said > bytes && call.argv.includes('send')) kill(await pidIn(file)); // it may have said all and ended: what is on its way is then still read
        await onBytes(chunk);
      };
      return transport.stream({ ...call, argv }, counting, signal);
    },
  };
}

/** What the program says ends after so many bytes. */
export function cutAt(transport: Transport, bytes: number): Transport {
  return {
    ...transport,
    stream: (call, onBytes, signal) => {
      const argv: HostCall['argv'] = ['sh', '-c', '"$@" | head -c "$0"', String(bytes), ...call.argv];
      return transport.stream(call.argv.includes('send') ? { ...call, argv } : call, onBytes, signal);
    },
  };
}

/** Something happens between the listing and the sending of what was listed. */
export function beforeSending(transport: Transport, act: () => Promise<void>): Transport {
  return {
    ...transport,
    stream: async (call, onBytes, signal) => {
      if (call.argv.includes('send')) await act();
      return transport.stream(call, onBytes, signal);
    },
  };
}

/** A program in place of results.py that says what it likes. */
export async function fakeHost(script: string): Promise<string> {
  const prelude = `
import json, sys
sys.stdin.read()
out, frame = sys.stdout.buffer, sys.argv[-1]
def say(value): out.write(json.dumps(value).encode() + b"\\n")
def raw(data): say({"bytes": len(data)}); out.write(data)
out.write(("EARMARK-%s\\n" % frame).encode())
`;
  const folder = await makeFolder({
    'liar.py': `${prelude}${script}\nout.write(("END-%s\\n" % frame).encode())\n`,
  });
  return join(folder, 'liar.py');
}
