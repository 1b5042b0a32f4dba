/** The host is reached by ssh: its one fixed command there is a shell, and everything else goes over standard input. */
import * as l10n from '@vscode/l10n';
import { homedir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { HumanError, messageOf } from '../errors';
import { atMost } from './atMost';
import { makePrivate } from './controlFolder';
import { exec, execStream } from './exec';
import { AnswerReader, framedCall, type Attempt } from './frame';
import { loginShellCommand } from './loginShell';
import { sshArguments, type SshAddress } from './sshAddress';
import { sshChannel, type SshChannel } from './sshChannel';
import { sshTrouble } from './sshTrouble';
import type { HostCall, HostResult, TerminalCommand, Transport } from './transport';

export interface SshOptions {
  /** What a person calls the host. */
  readonly label: string;
  readonly address: SshAddress;
  /** For the sockets of shared connections: short, and nobody else's. Not used when nothing is shared. */
  readonly controlFolder: string;
  /** Whether ssh on this machine can share a connection; on Windows it can't. */
  readonly share: boolean;
  /** ssh with its first arguments. */
  readonly ssh?: readonly [string, ...string[]];
}

export interface SshTransport extends Transport {
  /** For a terminal: asks for a password or a code, and leaves a connection behind that all calls share. Throws a HumanError where none can be shared. */
  signIn(): TerminalCommand;
  /** For a terminal: shows the key of the host and asks whether it is the right one. */
  verify(): TerminalCommand;
  /** For a terminal: a shell in a folder there, after `setup`, lines for bash of the person's own. */
  shell(folder: string, setup: readonly string[]): TerminalCommand;
  /**
   * Ends the connection, also of other windows; the next call makes another. Jobs do not notice. With `stays` only what is its own
   * ends, and the connection is left to others that lead to the same address.
   */
  close(stays?: boolean): Promise<void>;
}

/** Without agent, windows or ports for the host, and without what else the person's configuration may add to a login of their own. */
const PLAIN = [
  'ForwardAgent=no',
  'ForwardX11=no',
  'ClearAllForwardings=yes',
  'PermitLocalCommand=no',
  'RemoteCommand=none',
  'ConnectTimeout=10',
  // A cut link is noticed after 15 seconds: two are not answered, and the third is not sent.
  'ServerAliveInterval=5',
  'ServerAliveCountMax=2',
];
/** Nobody is there to answer. */
const SILENT = ['BatchMode=yes', 'StrictHostKeyChecking=yes', 'LogLevel=INFO'];
/** Somebody is there: what is asked is seen. */
const VISIBLE = ['BatchMode=no', 'StrictHostKeyChecking=ask', 'LogLevel=ERROR'];
/** The states of some thousand jobs; a host that says more than this is not believed. */
const MAX_ANSWER_BYTES = 32_000_000;
/** sshd takes ten sessions on a connection; terminals and other windows want some of them. */
const CALLS_AT_A_TIME = 3;
const STREAMS_AT_A_TIME = 2;
const TRIES = 7;
/** sshd has too many sessions or logins under way: it did not begin. */
const REFUSED =
  /kex_exchange_identification|^Connection (closed|reset) by \S+ port|Session open refused|administratively prohibited|channel \d+: open failed/im;
/** On a connection that stands. When it is found dead, ssh would go on and try one of its own. */
const BEGUN_WITHIN_MS = 15_000;
const OPENING: HostCall = { argv: ['true'], input: '', timeoutMs: 30_000 };

export function sshTransport({
  label,
  address,
  controlFolder,
  share,
  ssh = ['ssh'],
}: SshOptions): SshTransport {
  const command = (
    flags: readonly string[],
    settings: readonly string[],
    remote: string,
  ): [string, ...string[]] => [
    ...ssh,
    ...flags,
    ...settings.flatMap((setting) => ['-o', setting]),
    ...sshArguments(address),
    remote,
  ];
  // `%C` stands for host, port and user as the configuration has them now.
  const socket = `ControlPath="${controlFolder.replaceAll('%', '%%')}/%C"`;
  const connection = (persist: string): string[] =>
    share
      ? [socket, 'ControlMaster=auto', `ControlPersist=${persist}`]
      : ['ControlPath=none', 'ControlMaster=no'];
  const batch = command(['-T'], [...PLAIN, ...SILENT, ...connection('300')], 'exec /bin/sh -s');
  const terminal = (
    flags: readonly string[],
    settings: readonly string[],
    remote: string,
  ): TerminalCommand => {
    if (share) makePrivate(controlFolder);
    const [file, ...args] = command(flags, [...PLAIN, ...VISIBLE, ...settings], remote);
    return { file, args };
  };
  const viewer = (argv: readonly [string, ...string[]]): TerminalCommand =>
    terminal(['-tt'], connection('300'), loginShellCommand(argv));

  const turn = atMost(share ? CALLS_AT_A_TIME : 1);
  const streamTurn = atMost(STREAMS_AT_A_TIME);
  /** The connection that calls share, being made or made; null when it is not known to stand. */
  let opening: Promise<Attempt> | null = null;
  const begunWithinMs = share ? BEGUN_WITHIN_MS : OPENING.timeoutMs;
  /** Sessions that stay. */
  const channels = new Set<SshChannel>();
  const idle: SshChannel[] = [];

  /** A call over an ssh of its own, which may ride on a shared connection. */
  async function alone(
    call: HostCall,
    onBytes: OnBytes,
    signal?: AbortSignal,
    withinMs = begunWithinMs,
  ): Promise<Attempt> {
    const { word, script } = framedCall(call);
    const answer = new AnswerReader(word);
    const silence = new AbortController();
    const timer = setTimeout(() => silence.abort(), withinMs);
    const options = {
      cwd: homedir(),
      input: script,
      timeoutMs: call.timeoutMs,
      signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]),
    };
    try {
      const end = await execStream(batch, options, async (chunk) => {
        const bytes = answer.stdout(chunk);
        if (answer.begun) clearTimeout(timer);
        if (bytes.length > 0) await onBytes(bytes);
      });
      answer.stderr(Buffer.from(`${end.stderr}\n`));
      return answer.attempt({ code: end.code, stderr: '' });
    } finally {
      clearTimeout(timer);
    }
  }

  async function onChannel(
    call: HostCall,
    onBytes: (chunk: Uint8Array) => void,
    again = true,
  ): Promise<Attempt> {
    const used = idle.pop();
    const channel = used ?? sshChannel(batch, homedir(), begunWithinMs);
    channels.add(channel);
    const started = performance.now();
    let result: Attempt;
    try {
      result = await channel.run(call, onBytes);
    } finally {
      if (channels.has(channel)) idle.push(channel);
    }
    // It had ended before it was given the call, which was only not known yet.
    const wasDead = used !== undefined && !result.begun && performance.now() - started < 1000;
    return wasDead && again ? onChannel(call, onBytes, false) : result;
  }

  /** One call makes the connection and the others wait for it: a dozen logins at once would be refused. */
  async function attempt(
    call: HostCall,
    how: typeof alone,
    onBytes: OnBytes,
    signal?: AbortSignal,
  ): Promise<Attempt> {
    if (!share) return patient(() => how(call, onBytes, signal));
    makePrivate(controlFolder);
    const mine = (opening ??= patient(() => alone(OPENING, () => undefined, undefined, OPENING.timeoutMs)));
    const opened = await mine;
    const result = opened.whole ? await patient(() => how(call, onBytes, signal)) : opened;
    if (!result.whole && opening === mine) opening = null;
    return result;
  }

  /** Only what `onBytes` throws is thrown. */
  async function settled(made: () => Promise<Attempt>): Promise<HostResult> {
    try {
      const { whole, code, stderr, begun } = await made();
      if (whole) return { code, stdout: '', stderr };
      const trouble = sshTrouble({ begun, code, stderr }, address);
      return { code: null, stdout: '', stderr: trouble.text, trouble };
    } catch (error) {
      if (error instanceof ReaderError) throw error.cause;
      // A folder that is not ours, or NUL in a call.
      return { code: null, stdout: '', stderr: messageOf(error) };
    }
  }

  return {
    label,
    run: async (call) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const collect = (chunk: Uint8Array): void => {
        size += chunk.length;
        if (size > MAX_ANSWER_BYTES)
          throw new HumanError(l10n.t('{0} said more than is believed. Look at it in a terminal.', label));
        chunks.push(Buffer.from(chunk));
      };
      const how = (given: HostCall): Promise<Attempt> => onChannel(given, collect);
      const result = await turn(() => settled(() => attempt(call, how, collect)));
      // As a local program's: less the last line's end.
      const stdout =
        result.code === null
          ? ''
          : Buffer.concat(chunks)
              .toString('utf8')
              .replace(/\r?\n$/, '');
      return { ...result, stdout };
    },
    stream: (call, onBytes, signal) => {
      const guarded = async (chunk: Uint8Array): Promise<void> => {
        try {
          await onBytes(chunk);
        } catch (error) {
          throw new ReaderError('', { cause: error });
        }
      };
      return streamTurn(() => settled(() => attempt(call, alone, guarded, signal)));
    },
    viewer,
    signIn: () => {
      if (!share) {
        throw new HumanError(
          l10n.t(
            'ssh on this machine can’t keep a connection that was signed in to. Set up a key for {0}, or open a remote window on it.',
            label,
          ),
        );
      }
      return terminal(['-T'], connection('8h'), 'true');
    },
    verify: () => terminal(['-T'], ['ControlPath=none', 'ControlMaster=no'], 'true'),
    shell: (folder, setup) => viewer(shellIn(folder, setup)),
    close: async (stays = false) => {
      opening = null;
      for (const channel of channels) channel.close();
      channels.clear();
      idle.length = 0;
      if (!share || stays) return;
      const [file, ...args] = command(['-O', 'exit'], [socket], '');
      await exec([file, ...args.slice(0, -1)], { cwd: homedir(), timeoutMs: 5000 });
    },
  };
}

type OnBytes = (chunk: Uint8Array) => void | Promise<void>;

/** What the reader of a stream threw, which is nobody's trouble here. */
class ReaderError extends Error {}

/** Again, where a busy sshd did not even begin. */
async function patient(attempt: () => Promise<Attempt>): Promise<Attempt> {
  for (let tries = 1; ; tries += 1) {
    const result = await attempt();
    if (result.whole || result.begun || !REFUSED.test(result.stderr) || tries === TRIES) return result;
    await pause(150 * tries * (0.5 + Math.random()));
  }
}

/** The person's own shell; with lines of set-up it is bash, which reads them after its own. */
function shellIn(folder: string, setup: readonly string[]): readonly [string, ...string[]] {
  const script =
    setup.length === 0
      ? 'cd -- "$1" || exit; exec "${SHELL:-/bin/sh}" -l'
      : 'cd -- "$1" || exit; shift; exec bash --rcfile <(cat ~/.bashrc 2>/dev/null; printf "%s\\n" "$@")';
  return [setup.length === 0 ? 'sh' : 'bash', '-c', script, 'earmark', folder, ...setup];
}
