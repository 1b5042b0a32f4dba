/** This machine as a host that is reached by ssh, for the tests of one file. */
import { join } from 'node:path';
import { afterAll, type TestContext } from 'vitest';
import { sshTransport, type SshOptions, type SshTransport } from '../../src/hosts/sshTransport';
import type { Transport } from '../../src/hosts/transport';
import type { JobHost } from '../../src/jobs/jobsStore';
import { engine } from '../unit/jobs/support';
import { hasSshd, startSshServer, type SshServer } from './server';

let server: Promise<SshServer> | null = null;
let transport: SshTransport | null = null;

afterAll(async () => {
  await transport?.close();
  await (await server)?.close();
});

/** The server of this file; skips the test where there can be none. */
export async function sshServer(context: TestContext): Promise<SshServer> {
  if (!hasSshd) context.skip('sshd is not installed');
  return (server ??= startSshServer());
}

export async function sshHost(context: TestContext): Promise<JobHost> {
  transport ??= connect(await sshServer(context));
  return { transport, engine };
}

export function connect(reached: SshServer, more: Partial<SshOptions> = {}): SshTransport {
  return sshTransport({ ...optionsOf(reached), ...more });
}

export function optionsOf({ address, ssh, folder }: SshServer): SshOptions {
  return { label: 'box', address, ssh, controlFolder: join(folder, 'c'), share: true };
}

/** The same, with every ssh started through `prefix`: a link that breaks. */
export async function brokenLink(context: TestContext, ...prefix: [string, ...string[]]): Promise<Transport> {
  const reached = await sshServer(context);
  return connect({ ...reached, ssh: [...prefix, ...reached.ssh] });
}
