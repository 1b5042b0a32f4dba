/** Why a host could not be reached, from what ssh said: one sentence that names the next step. */
import * as l10n from '@vscode/l10n';
import type { Attempt } from './frame';
import { shellQuote } from './quote';
import type { SshAddress } from './sshAddress';

export type SshTroubleKind =
  | 'host-key-unknown'
  | 'host-key-changed'
  | 'auth'
  | 'name'
  | 'refused'
  | 'timeout'
  | 'proxy'
  | 'no-ssh'
  | 'other';

export interface SshTrouble {
  readonly kind: SshTroubleKind;
  readonly text: string;
  /** For a person to run, where one command mends it; nothing of Earmark runs it. */
  readonly command: string | null;
}

/** `result` is of ssh itself, when no answer of the host came. Whatever it is, the work on the host is untouched by it. */
export function sshTrouble(
  { begun, code, stderr }: Pick<Attempt, 'begun' | 'code' | 'stderr'>,
  address: SshAddress,
): SshTrouble {
  const name = address.host;
  const trouble = (kind: SshTroubleKind, text: string, command: string | null = null): SshTrouble => ({
    kind,
    text,
    command,
  });
  if (code === null && stderr.includes('ENOENT')) {
    return trouble(
      'no-ssh',
      l10n.t('There is no ssh on this machine. Install the OpenSSH client, then try again.'),
    );
  }
  if (/HOST IDENTIFICATION HAS CHANGED|host key for \S+ has changed/i.test(stderr)) {
    const command = `ssh-keygen -R ${shellQuote(keyName(stderr, address))}`;
    return trouble(
      'host-key-changed',
      l10n.t(
        '{0} shows another key than before: it was set up anew, another machine has its address now, or somebody listens in. Make sure which; then run {1} and verify the new key.',
        name,
        command,
      ),
      command,
    );
  }
  if (/host key is known for|Host key verification failed/i.test(stderr)) {
    return trouble(
      'host-key-unknown',
      l10n.t('The key of {0} is not known here yet. Verify it in a terminal.', name),
    );
  }
  if (/Permission denied \(|Too many authentication failures|No more authentication methods/i.test(stderr)) {
    return trouble(
      'auth',
      l10n.t('{0} did not let you in without a password. Sign in in a terminal, or set up a key.', name),
    );
  }
  if (/Could not resolve hostname/i.test(stderr)) {
    // Of a host on the way it is the way that is wrong.
    const which = /Could not resolve hostname ([^\s:]+)/i.exec(stderr)?.[1] ?? name;
    return trouble(
      'name',
      l10n.t('No host is called {0}. Correct the name, or look whether you are online.', which),
    );
  }
  if (/UNKNOWN port 65535|stdio forwarding failed|proxy ?command|ProxyJump/i.test(stderr)) {
    return trouble(
      'proxy',
      l10n.t(
        '{0} could not be reached through the host in between. Connect to that one in a terminal first.',
        name,
      ),
    );
  }
  if (/Connection refused/i.test(stderr)) {
    return trouble(
      'refused',
      l10n.t('{0} refuses the connection. See whether it is on, and whether the port is right.', name),
    );
  }
  if (code === null && begun) {
    return trouble(
      'timeout',
      l10n.t('{0} took too long to answer. Try again, and see how busy it is.', name),
    );
  }
  if (code === null || CUT.test(stderr)) {
    return trouble('timeout', l10n.t('{0} does not answer. See whether it is on and you are online.', name));
  }
  if (code === 255 && stderr.trim() === '') {
    // So ends a session on a shared connection that died.
    return trouble(
      'timeout',
      l10n.t('The connection to {0} was lost. See whether it is on and you are online.', name),
    );
  }
  const said = stderr.trim().split('\n').at(-1)?.trim().slice(0, 300) ?? '';
  return trouble(
    'other',
    said === ''
      ? l10n.t('{0} hung up without an answer. Connect to it in a terminal to see why.', name)
      : l10n.t(
          '{0} could not be asked: {1}. Connect to it in a terminal to see why.',
          name,
          said.replace(/\.$/, ''),
        ),
  );
}

const CUT =
  /timed out|not responding|No route to host|(Network|Host) is unreachable|Connection (reset|closed|to \S+ closed)|Broken pipe|banner exchange/i;

/** Under which name known_hosts has the key. */
function keyName(stderr: string, { host, port }: SshAddress): string {
  const said = /host key for (\S+) has changed/i.exec(stderr)?.[1];
  if (said !== undefined && /^[\w.:[\]%-]+$/.test(said)) return said;
  return port === null || port === 22 ? host : `[${host}]:${port}`;
}
