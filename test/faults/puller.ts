/** A window that brings a host's results for ever. Arguments: folder, remote, Python, results.py. */
import { localTransport } from '../../src/hosts/localTransport';
import { Mirror } from '../../src/results/mirror';

const [folder = '', remote = '', python = '', results = ''] = process.argv.slice(2);

void main();

async function main(): Promise<void> {
  const mirror = new Mirror({
    folder,
    remote,
    transport: localTransport('here'),
    tools: () => Promise.resolve({ python, results }),
    list: () => ({ depth: 6, exclude: [] }),
    limitBytes: () => 1e12,
    freeBytes: () => Promise.resolve(1e12),
  });
  for (;;) console.log(JSON.stringify((await mirror.sync()).state.clips));
}
