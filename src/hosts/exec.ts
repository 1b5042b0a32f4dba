/** Runs a program on this machine, as argv, never through a shell. The only importer of execa. */

import type { ChildProcess } from 'node:child_process';

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
  /** Ends it early. */
  readonly signal?: AbortSignal;
}

/** Never throws: a program that can't be started is a result with code null and the reason in `stderr`. */
export async function exec(argv: readonly [string, ...string[]], options: ExecOptions): Promise<ExecResult> {
  // Not before something is run: with it, activation would take a third longer.
  const { execa } = await import('execa');
  const [file, ...args] = argv;
  const child = execa(file, args, { ...asExeca(options), maxBuffer: options.maxBytes ?? 1_000_000 });
  letGoOnceKilled(child);
  const result = await child;
  return {
    code: codeOf(result),
    stdout: result.stdout,
    stderr: reasonIn(result, result.stderr),
  };
}

/**
 * As `exec`, for what prints more than should be held: hands out the bytes of standard output as they come, and reads on when
 * `onBytes` is done with them. `stdout` of the result is empty. When `onBytes` fails, the program is ended and its error thrown.
 */
export async function execStream(
  argv: readonly [string, ...string[]],
  options: ExecOptions,
  onBytes: (chunk: Uint8Array) => void | Promise<void>,
): Promise<ExecResult> {
  const { execa } = await import('execa');
  const [file, ...args] = argv;
  const child = execa(file, args, { ...asExeca(options), buffer: { stdout: false }, encoding: 'buffer' });
  letGoOnceKilled(child);
  let thrown: { readonly error: unknown } | null = null;
  try {
    for await (const chunk of child.iterable({ from: 'stdout', binary: true, preserveNewlines: true })) {
      try {
        await onBytes(chunk);
      } catch (error) {
        thrown = { error };
        break;
      }
    }
  } catch {
    // The stream broke off; the result says why.
  }
  if (thrown !== null) child.kill();
  const result = await child;
  if (thrown !== null) throw thrown.error;
  const stderr = Buffer.from(result.stderr).toString('utf8');
  return {
    code: codeOf(result),
    stdout: '',
    stderr: reasonIn(result, stderr),
  };
}

function asExeca({ cwd, timeoutMs, input, signal }: ExecOptions) {
  return {
    cwd,
    timeout: timeoutMs,
    reject: false as const,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
    ...(signal === undefined ? {} : { cancelSignal: signal }),
  };
}

/** What it said; of one that did not end by itself and said nothing, why. */
function reasonIn(result: Ended, stderr: string): string {
  return stderr === '' && codeOf(result) === null ? (result.shortMessage ?? '') : stderr;
}

interface Ended {
  readonly exitCode?: number;
  readonly timedOut: boolean;
  readonly isCanceled: boolean;
  readonly isMaxBuffer: boolean;
  readonly shortMessage?: string | undefined;
}

/** Programs such as ssh answer a signal with a code of their own: who was ended did not end. */
function codeOf(result: Ended): number | null {
  return result.timedOut || result.isCanceled || result.isMaxBuffer ? null : (result.exitCode ?? null);
}

/**
 * What it printed to may be open in another process, one that it started or ssh's shared connection: then its streams do not end with it.
 */
function letGoOnceKilled(child: ChildProcess): void {
  child.once('exit', (_, signal) => {
    if (!child.killed && signal === null) return;
    child.stdout?.destroy();
    child.stderr?.destroy();
  });
}

/** A program that stays, to be talked to. */
export interface OpenProcess {
  write(text: string): void;
  kill(): void;
  /** When it has ended; `stdout` and `stderr` were handed out, but for the reason when it did not start. */
  readonly ended: Promise<ExecResult>;
}

export async function execOpen(
  argv: readonly [string, ...string[]],
  cwd: string,
  onOutput: { readonly stdout: (chunk: Uint8Array) => void; readonly stderr: (chunk: Uint8Array) => void },
): Promise<OpenProcess> {
  const { execa } = await import('execa');
  const [file, ...args] = argv;
  const child = execa(file, args, { cwd, reject: false, stdin: 'pipe', buffer: false, encoding: 'buffer' });
  letGoOnceKilled(child);
  child.stdout.on('data', onOutput.stdout);
  child.stderr.on('data', onOutput.stderr);
  // It ended before it read all; `ended` says so.
  child.stdin.on('error', () => undefined);
  return {
    write: (text) => void child.stdin.write(text),
    kill: () => void child.kill(),
    ended: child.then((result) => ({
      code: result.exitCode ?? null,
      stdout: '',
      stderr: result.exitCode === undefined ? (result.shortMessage ?? '') : '',
    })),
  };
}
