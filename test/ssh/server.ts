/** A real sshd on loopback for a test: its own keys, its own known_hosts, and nothing of the person's or the machine's set-up. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { SshAddress } from '../../src/hosts/sshAddress';

const SSHD = '/usr/sbin/sshd';

/** False where no sshd is installed. */
export const hasSshd = existsSync(SSHD);

export interface SshServer {
  readonly port: number;
  /** Keys, configurations and the log; short, so that a control socket fits into it. */
  readonly folder: string;
  /** ssh with the client's configuration of this server, whose name there is `box`. */
  readonly ssh: readonly [string, ...string[]];
  readonly address: SshAddress;
  /** Adds lines about `box` to the client's configuration. */
  configure(...lines: readonly string[]): Promise<void>;
  /** Sends the client to another port: of a proxy in between. */
  through(port: number): Promise<void>;
  /** Lets nobody in from now on, or again those with the key. */
  allow(entry: boolean): Promise<void>;
  /** The listener ends; `sessions` says whether the open connections do too. */
  stop(sessions: boolean): Promise<void>;
  start(more?: readonly string[]): Promise<void>;
  /** A host key that the client has not seen, from the next `start` on. */
  changeKey(): Promise<void>;
  close(): Promise<void>;
}

export interface ServerOptions {
  /** Further lines of sshd_config. */
  readonly lines?: readonly string[];
  /** Whether the client knows its key beforehand. */
  readonly known?: boolean;
  /** Where it listens; loopback when left out. */
  readonly listen?: string;
}

export async function startSshServer({
  lines = [],
  known = true,
  listen = '127.0.0.1',
}: ServerOptions = {}): Promise<SshServer> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'ssh-')));
  const file = (name: string): string => join(folder, name);
  const port = await freePort();
  keygen(file('host_key'));
  keygen(file('client_key'));
  const publicKey = await readFile(file('client_key.pub'), 'utf8');
  await writeFile(file('authorized_keys'), publicKey);
  await mkdir(file('home'));
  const config = [
    `Port ${port}`,
    `ListenAddress ${listen}`,
    `HostKey ${file('host_key')}`,
    `AuthorizedKeysFile ${file('authorized_keys')}`,
    `PidFile ${file('pid')}`,
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'Subsystem sftp internal-sftp',
    // Nothing of what the user's shells read at a login.
    `SetEnv HOME=${file('home')}`,
  ];
  const clientConfig = (at: number, more: readonly string[] = []): string =>
    [
      'Host box',
      ...more,
      `HostName ${at === port ? listen : '127.0.0.1'}`,
      `Port ${at}`,
      `User ${userInfo().username}`,
      `IdentityFile ${file('client_key')}`,
      'IdentitiesOnly yes',
      `UserKnownHostsFile ${file('known_hosts')}`,
      'GlobalKnownHostsFile /dev/null',
      'HostKeyAlias box-key',
      '',
    ].join('\n');
  let more: readonly string[] = [];
  let at = port;
  const writeConfig = (): Promise<void> => writeFile(file('config'), clientConfig(at, more));
  await writeConfig();
  if (known) await writeFile(file('known_hosts'), `box-key ${await readFile(file('host_key.pub'), 'utf8')}`);
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true });

  let daemon: ChildProcess | null = null;
  const start: SshServer['start'] = async (now = lines) => {
    // The first of two lines counts.
    await writeFile(file('sshd_config'), [...now, ...config, ''].join('\n'));
    // Ends with the tests, also where they are killed before they can end it.
    const daemonArgv = [SSHD, '-D', '-e', '-f', file('sshd_config')];
    const [program, ...args] = ['setpriv', '--pdeathsig', 'KILL', ...daemonArgv] as const;
    const child = spawn(program, args, { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (chunk: Buffer) => void appendFile(file('log'), chunk));
    daemon = child;
    await listening(listen, port, child, file('log'));
  };
  const stop: SshServer['stop'] = async (sessions) => {
    const child = daemon;
    daemon = null;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const end = once(child, 'exit');
    if (sessions) for (const pid of connectionsOf(child.pid)) kill(pid);
    child.kill('SIGKILL');
    await end;
  };
  await start();
  return {
    port,
    folder,
    ssh: ['ssh', '-F', file('config')],
    address: { host: 'box', user: null, port: null, identity: null, jump: null },
    configure: (...given) => ((more = given), writeConfig()),
    through: (other) => ((at = other), writeConfig()),
    allow: (entry) => writeFile(file('authorized_keys'), entry ? publicKey : ''),
    stop,
    start,
    changeKey: async () => {
      await rm(file('host_key'));
      keygen(file('host_key'));
    },
    close: async () => {
      await stop(true);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function keygen(path: string): void {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'earmark-test', '-f', path]);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(host: string, port: number, daemon: ChildProcess, log: string): Promise<void> {
  while (daemon.exitCode === null) {
    const socket = createConnection(port, host);
    const open = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (open) return;
    await pause(10);
  }
  throw new Error(`sshd did not start: ${await readFile(log, 'utf8').catch(() => '')}`);
}

/** The processes of sshd that each hold a connection. */
function connectionsOf(pid: number): number[] {
  const text = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,comm='], { encoding: 'utf8' });
  const all = text.split('\n').map((line) => line.trim().split(/\s+/));
  const below = (parent: number): number[] =>
    all
      .filter(([, ppid, name]) => Number(ppid) === parent && name?.startsWith('sshd') === true)
      .flatMap(([child]) => [Number(child), ...below(Number(child))]);
  return below(pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was quicker.
  }
}

/** An executable of a test's making. */
export async function writeProgram(path: string, text: string): Promise<string> {
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
}
