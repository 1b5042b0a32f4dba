/** One connection that stays, with a shell at its end that is given one script after the other: for clients of ssh that can't share one. */
import { execOpen, type OpenProcess } from './exec';
import { framedCall, AnswerReader, type Attempt } from './frame';
import type { HostCall } from './transport';

export interface SshChannel {
  /** Calls wait for each other. `onBytes` gets what the program prints; when it throws, the connection ends and its error is thrown. */
  run(call: HostCall, onBytes: (chunk: Uint8Array) => void): Promise<Attempt>;
  close(): void;
}

interface Listener {
  stdout(chunk: Uint8Array): void;
  stderr(chunk: Uint8Array): void;
}

export function sshChannel(argv: readonly [string, ...string[]], cwd: string): SshChannel {
  let listener: Listener | null = null;
  let open: Promise<OpenProcess> | null = null;
  let last: Promise<unknown> = Promise.resolve();

  const close = (): void => {
    void open?.then((process) => process.kill());
    open = null;
  };

  const one = async (call: HostCall, onBytes: (chunk: Uint8Array) => void): Promise<Attempt> => {
    const { word, script } = framedCall(call);
    const answer = new AnswerReader(word);
    open ??= execOpen(argv, cwd, {
      stdout: (chunk) => listener?.stdout(chunk),
      stderr: (chunk) => listener?.stderr(chunk),
    });
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
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<{ code: null; stderr: '' }>((resolve) => {
      timer = setTimeout(() => resolve({ code: null, stderr: '' }), call.timeoutMs);
    });
    process.write(script);
    try {
      const end = await Promise.race([said, process.ended, late]);
      return answer.attempt(end ?? { code: null, stderr: '' });
    } finally {
      clearTimeout(timer);
      listener = null;
      // What is left of this answer must not be in the way of the next.
      if (!answer.ended) close();
    }
  };

  return {
    run: (call, onBytes) => {
      const turn = last.then(() => one(call, onBytes));
      last = turn.catch(() => undefined);
      return turn;
    },
    close,
  };
}
