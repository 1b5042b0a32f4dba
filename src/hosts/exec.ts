/** Runs a program on this machine, as argv, never through a shell. The only importer of execa. */

export interface ExecResult {
  /** Exit code; null when the program did not start, was killed, or ran out of time. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecOptions {
  readonly cwd: string;
  readonly timeoutMs: number;
  /** What it reads on its standard input; nothing when left out. */
  readonly input?: string;
  /** What it may print; it is ended at more. */
  readonly maxBytes?: number;
}

/** Never throws: a program that can't be started is a result with code null and the reason in `stderr`. */
export async function exec(argv: readonly [string, ...string[]], options: ExecOptions): Promise<ExecResult> {
  // Not before something is run: with it, activation would take a third longer.
  const { execa } = await import('execa');
  const [file, ...args] = argv;
  const result = await execa(file, args, {
    cwd: options.cwd,
    timeout: options.timeoutMs,
    reject: false,
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
    maxBuffer: options.maxBytes ?? 1_000_000,
  });
  return {
    code: result.exitCode ?? null,
    stdout: result.stdout,
    stderr: result.failed && result.stderr === '' ? (result.shortMessage ?? '') : result.stderr,
  };
}
