/** Of a program that fails in a terminal VS Code tells by showing all its arguments, once its own words are gone. Here the words stay instead. */
import * as l10n from '@vscode/l10n';
import type { TerminalCommand } from '../hosts/transport';

/** Which ends of the program are failures: `of ssh` where the other exit codes are what the person did in a shell. */
export type Failures = 'any' | 'of ssh';

/** After a failure the terminal waits for Enter, then closes like any other. */
export function quietly(
  { file, args }: TerminalCommand,
  failures: Failures,
): { readonly shellPath: string; readonly shellArgs: string[]; readonly env: Record<string, string> } {
  if (process.platform === 'win32') return { shellPath: file, shellArgs: [...args], env: {} };
  // Ctrl-C is for the program.
  const script = `trap : INT; "$@"; [ $? ${failures === 'any' ? '-eq 0' : '-ne 255'} ] || { printf "\\n%s\\n" "$EARMARK_FAILED"; read -r answer; }; exit 0`;
  return {
    shellPath: '/bin/sh',
    shellArgs: ['-c', script, 'sh', file, ...args],
    env: { EARMARK_FAILED: l10n.t('[earmark] That did not work. Enter closes this terminal.') },
  };
}
