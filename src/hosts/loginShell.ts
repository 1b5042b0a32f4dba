/** A command line for the person's login shell on a host, whichever it is: sh, bash, zsh, fish or tcsh. For terminals alone; else `frame.ts`. */
import * as l10n from '@vscode/l10n';
import { HumanError } from '../errors';

/** Throws a HumanError for what no such shell reads alike. */
export function loginShellCommand(argv: readonly string[]): string {
  return `exec ${argv.map(word).join(' ')}`;
}

/**
 * Single quotes mean the same to all of them, less for these: fish reads a backslash in them, tcsh a `!`, and none of them can hold a
 * single quote. So those stand outside.
 */
function word(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what is refused
  if (/[\u0000-\u001f\u007f]/.test(text)) {
    throw new HumanError(
      l10n.t(
        '“{0}” holds a line break or another control character, so no terminal is opened. Rename it.',
        text.slice(0, 60),
      ),
    );
  }
  const parts = text.match(/[^'\\!]+|['\\!]/g) ?? [''];
  return parts
    .map((part) => (part === "'" ? `"'"` : part === '\\' || part === '!' ? `\\${part}` : `'${part}'`))
    .join('');
}
