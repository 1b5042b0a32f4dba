/** Commands as a POSIX shell reads them: for a person to paste, and for the shell of a host. The one place where argv becomes shell text. */

/** A word that a POSIX shell reads back as exactly `text`. Throws on NUL, which no argument can hold. */
export function shellQuote(text: string): string {
  // `~` starts an expansion everywhere, `=` one in zsh.
  return /^[A-Za-z0-9_@%+:,./-][A-Za-z0-9_@%+=:,./-]*$/.test(text) ? text : quoted(text);
}

export interface CommandPlace {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** `cd … && NAME=… program argument …`, each word quoted where it must be. */
export function shellCommand(argv: readonly string[], { cwd, env = {} }: CommandPlace = {}): string {
  const [program = '', ...args] = argv;
  const command = [
    ...Object.entries(env).map(([name, value]) => `${name}=${shellQuote(value)}`),
    // Unquoted, `if` would be a keyword and `a=b` an assignment.
    /^[\w./-]+$/.test(program) && !keywords.has(program) ? program : quoted(program),
    ...args.map(shellQuote),
  ].join(' ');
  return cwd === undefined ? command : `cd ${shellQuote(cwd)} && ${command}`;
}

const keywords = new Set(
  'case coproc do done elif else end esac fi for foreach function if in repeat select then time until while'.split(
    ' ',
  ),
);

function quoted(text: string): string {
  if (text.includes('\0')) throw new RangeError('An argument cannot hold the character NUL.');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
