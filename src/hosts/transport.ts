/** How programs are run on a host, wherever it is. What they are is the business of others. */
import type { ExecResult } from './exec';
import type { SshTrouble } from './sshTrouble';

/** A program to run on a host, as data: what a test, a log and the transport see is the same value. */
export interface HostCall {
  readonly argv: readonly [string, ...string[]];
  /** Its standard input. Whatever is long, secret or a person's own words goes here, not into argv. */
  readonly input: string;
  readonly timeoutMs: number;
}

/** What came of a call. */
export interface HostResult extends ExecResult {
  /** Why no answer came, where ssh said so. */
  readonly trouble?: SshTrouble;
}

/** A program for a terminal on this machine. */
export interface TerminalCommand {
  readonly file: string;
  readonly args: readonly string[];
}

export interface Transport {
  /** What a person calls the host. */
  readonly label: string;
  /** Runs it to its end. Never throws; a host that can't be reached is a result with code null and the reason in `stderr`. */
  run(call: HostCall): Promise<HostResult>;
  /**
   * As `run`, for answers too long to hold: hands out its standard output as it comes, and reads on when `onBytes` is done.
   * `stdout` of the result is empty. Throws only what `onBytes` throws, after ending the program.
   */
  stream(
    call: HostCall,
    onBytes: (chunk: Uint8Array) => void | Promise<void>,
    signal?: AbortSignal,
  ): Promise<HostResult>;
  /** What a terminal here runs to have `argv` run on the host, with its screen and keyboard. */
  viewer(argv: readonly [string, ...string[]]): TerminalCommand;
}
