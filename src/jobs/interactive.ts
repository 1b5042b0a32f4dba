/** The commands of a launch in a terminal that a person types into, kept by tmux. No job: nothing of it is queued, watched or told. */
import * as l10n from '@vscode/l10n';
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { HumanError } from '../errors';
import { shellCommand, shellQuote } from '../hosts/quote';
import type { TerminalCommand, Transport } from '../hosts/transport';
import type { PreparedLaunch } from './prepare';

export interface TmuxSession {
  /** Starts with `earmark-`; tells the same commands from others. */
  readonly name: string;
  /** What a terminal of this machine runs to show it; closing that leaves the session running. */
  readonly terminal: TerminalCommand;
}

/** Letters that mean nothing to tmux, which has formats, and targets with `:` and `.`. */
const NAME = /^earmark-[\w-]+$/;
/** Where a text gets what is known only then; no path holds it. */
const CODE = '\0';
const TIMEOUT_MS = 20_000;

/** The session runs once what it is attached to has begun; one that runs the same already is shown instead. Throws a HumanError. */
export async function openSession(
  transport: Transport,
  launch: PreparedLaunch,
  workFolder: string,
): Promise<TmuxSession> {
  const { name, folder, file, script } = sessionOf(launch, workFolder);
  const argv = ['sh', '-c', BRING, 'earmark', folder, file] as const;
  const { code, stdout, stderr } = await transport.run({ argv, input: script, timeoutMs: TIMEOUT_MS });
  if (code === null) throw new HumanError(stderr);
  if (stdout === 'no tmux') throw noTmux(transport.label);
  if (stdout !== 'brought') {
    throw new HumanError(
      l10n.t(
        'The commands could not be written to {0} on {1}: {2}. See whether it may be written to.',
        folder,
        transport.label,
        stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '',
      ),
    );
  }
  return { name, terminal: transport.viewer(['sh', '-c', OPEN, 'earmark', name, file]) };
}

/** Sessions of Earmark's that run on the host. Throws a HumanError where it can't be asked. */
export async function listSessions(transport: Transport): Promise<readonly TmuxSession[]> {
  const argv = ['sh', '-c', LIST] as const;
  const { code, stdout, stderr } = await transport.run({ argv, input: '', timeoutMs: TIMEOUT_MS });
  if (code === null) throw new HumanError(stderr);
  if (stdout === 'no tmux') throw noTmux(transport.label);
  const names = stdout.split('\n').filter((line) => NAME.test(line));
  return names.map((name) => ({
    name,
    terminal: transport.viewer(['sh', '-c', ATTACH, 'earmark', name]),
  }));
}

interface Session {
  readonly name: string;
  readonly folder: string;
  readonly file: string;
  readonly script: string;
}

/** What will run, as data. */
export function sessionOf({ jobs }: PreparedLaunch, workFolder: string): Session {
  const folder = posix.join(workFolder, '.earmark', 'tmux');
  const steps = jobs.map(({ spec, shown }) => {
    const always = spec.after.length === 0 || spec.after[0]?.when === 'ended';
    // Each in a shell of its own: it changes to the folder of its command.
    return always ? `( ${shown} ); status=$?` : `[ "$status" -ne 0 ] || { ( ${shown} ); status=$?; }`;
  });
  const about = jobs.find(({ spec }) => spec.run !== null)?.spec.run ?? workFolder;
  const word = posix.basename(about).replace(/[^\w-]+/g, '_').slice(0, 60); // prettier-ignore
  const name = `earmark-${word}-${createHash('sha256').update(steps.join('\n')).digest('hex').slice(0, 6)}`;
  const file = posix.join(folder, `${name}.sh`);
  const again = shellCommand(['sh', file]);
  const ended = l10n.t(
    '[earmark] Ended with code {0}. Ctrl-D closes this session; once more: {1}',
    CODE,
    again,
  );
  const script = [
    '#!/bin/sh',
    '# Ctrl-C is for the command: this goes on to say how it ended.',
    'trap : INT',
    'status=0',
    ...steps,
    // Whatever the words are, they are no format.
    `printf '\\n%s\\n' ${ended.split(CODE).map(shellQuote).join('"$status"')}`,
    'exec "${SHELL:-/bin/sh}"',
    '',
  ].join('\n');
  return { name, folder, file, script };
}

function noTmux(label: string): HumanError {
  return new HumanError(
    l10n.t('There is no tmux on {0}. Install it there (apt install tmux), or start it as a job.', label),
  );
}

/** On the host. The file appears whole; it is for this user alone, and git is told that it is nobody's work. */
const BRING = `
command -v tmux >/dev/null || { echo 'no tmux'; exit; }
umask 077
[ ! -L "$1" ] || { echo 'it is a link' >&2; exit; }
mkdir -p -- "$1" && echo '*' > "$1/.gitignore" && cat > "$2.$$" && mv -f -- "$2.$$" "$2" && echo brought
`;
/** A terminal inside tmux may show a session of its own; whatever the language, tmux is to take the text for UTF-8. */
const OPEN = 'unset TMUX; exec tmux -u new-session -A -s "$1" sh "$2"';
const ATTACH = 'unset TMUX; exec tmux -u attach-session -t "=$1"';
const LIST = `unset TMUX; command -v tmux >/dev/null || { echo 'no tmux'; exit; }; tmux list-sessions -F '#{session_name}' 2>/dev/null`;
