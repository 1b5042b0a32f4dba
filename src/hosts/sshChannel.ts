/**
 * A session that stays, with a shell at its end that is given one script after the other: an answer is one round trip away, where a session of
 * its own would be three, and clients of ssh that can't share a connection have one all the same.
 */
import { execOpen, type OpenProcess } from './exec';
import { framedCall, AnswerReader, type Attempt } from './frame';
import type { HostCall } from './transport';

export interface SshChannel {
  /** One at a time. `onBytes` gets what the program prints; when it throws, the session ends and its error is thrown. */
  run(call: HostCall, onBytes: (chunk: Uint8Array) => void): Promise<Attempt>;
  close(): void;
}

interface Listener {
  stdout(chunk: Uint8Array): void;
  stderr(chunk: Uint8Array): void;
}

/** A host that has not begun after `begunWithinMs` does not answer. */
export function sshChannel(
  argv: readonly [string, ...string[]],
  cwd: string,
  begunWithinMs: number,
): SshChannel {
  let listener: Listener | null = null;
  let open: Promise<OpenProcess> | null = null;

  const close = (): void => {
    void open?.then((process) => process.kill());
    open = null;
  };

  const opened = async (): Promise<OpenProcess> => {
    const process = await execOpen(argv, cwd, {
      stdout: (chunk) => listener?.stdout(chunk),
      stderr: (chunk) => listener?.stderr(chunk),
    });
    const mine = open;
    void process.ended.then(() => {
      if (open === mine) open = null;
    });
    return process;
  };

  const run = async (call: HostCall, onBytes: (chunk: Uint8Array) => void): Promise<Attempt> => {
    const { word, script } = framedCall(call);
    const answer = new AnswerReader(word);
    open ??= opened();
    const process = await open;
    const said = new Promise<void>((resolve, reject) => {
      listener = {
        stdout: (chunk) => {
          try {
            const bytes = answer.stdout(chunk);
            if (bytes.length > 0) onBytes(bytes);
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
          if (answer.ended) resolve();
        },
        stderr: (chunk) => {
          answer.stderr(chunk);
          if (answer.ended) resolve();
        },
      };
    });
    const timers: NodeJS.Timeout[] = [];
    const late = new Promise<{ code: null; stderr: '' }>((resolve) => {
      const end = (): void => resolve({ code: null, stderr: '' });
      timers.push(
        setTimeout(end, call.timeoutMs),
        setTimeout(() => !answer.begun && end(), begunWithinMs),
      );
    });
    process.write(script);
    try {
      const end = await Promise.race([said, process.ended, late]);
      return answer.attempt(end ?? { code: null, stderr: '' });
    } finally {
      for (const timer of timers) clearTimeout(timer);
      listener = null;
      // What is left of this answer must not be in the way of the next.
      if (!answer.ended) close();
    }
  };

  return { run, close };
}
