/**
 * A call as a script for a POSIX shell's standard input, and its answer among whatever else a login shell prints. Marks with a random word stand
 * around the answer; without the end mark it is void. That ssh ended with 255 says nothing: a program may do so too.
 */
import { randomBytes } from 'node:crypto';
import { shellCommand, shellQuote } from './quote';
import type { HostCall } from './transport';

export interface FramedCall {
  readonly word: string;
  readonly script: string;
}

/**
 * Nothing runs before the last line is there, so a script that is cut off runs nothing. The program reads what it is given, never
 * the rest of the script. It is ended when nobody waits for it any more, as is what it started in its own group, where the host has
 * `timeout` (macOS has not). Throws a RangeError on NUL, which no script can hold.
 */
export function framedCall({ argv, input, timeoutMs }: HostCall): FramedCall {
  const word = randomBytes(8).toString('hex');
  const command = `$within ${shellCommand(argv)}`;
  const limit = `timeout -k 5 ${Math.ceil(timeoutMs / 1000) + 1}`;
  const fed =
    input === '' ? `${command} </dev/null` : `printf %s ${shellQuote(input)} 2>/dev/null | ${command}`;
  const script = `earmark() {
printf 'BEGIN-${word}\\n' >&2
printf 'BEGIN-${word}\\n'
within=
timeout -k 1 1 true 2>/dev/null && within='${limit}'
${fed}
set -- "$?"
printf '\\nEND-${word} %s\\n' "$1" >&2
printf '\\nEND-${word} %s\\n' "$1"
}
earmark
`;
  return { word, script };
}

/** Takes an answer out of a stream of bytes as they come. */
export class FrameReader {
  readonly #begin: Buffer;
  readonly #end: Buffer;
  #state: 'before' | 'inside' | 'code' | 'done' = 'before';
  #held: Buffer = Buffer.alloc(0);
  #code: number | null = null;

  constructor(word: string) {
    this.#begin = Buffer.from(`BEGIN-${word}\n`);
    this.#end = Buffer.from(`\nEND-${word} `);
  }

  /** Whether the host began to run the call. */
  get begun(): boolean {
    return this.#state !== 'before';
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  /** Exit code of the program; null until the answer is whole. */
  get code(): number | null {
    return this.#code;
  }

  /** What of the answer itself has come with this chunk. */
  push(chunk: Uint8Array): Buffer {
    this.#held = Buffer.concat([this.#held, chunk]);
    if (this.#state === 'before') {
      const at = this.#held.indexOf(this.#begin);
      if (at < 0) {
        this.#held = this.#held.subarray(-this.#begin.length);
        return Buffer.alloc(0);
      }
      this.#held = this.#held.subarray(at + this.#begin.length);
      this.#state = 'inside';
    }
    let body: Buffer = Buffer.alloc(0);
    if (this.#state === 'inside') {
      const at = this.#held.indexOf(this.#end);
      const length = at < 0 ? this.#held.length - startOf(this.#end, this.#held) : at;
      body = this.#held.subarray(0, length);
      this.#held = this.#held.subarray(at < 0 ? length : at + this.#end.length);
      if (at >= 0) this.#state = 'code';
    }
    if (this.#state === 'code') {
      const [, code] = /^(\d{1,3})\n/.exec(this.#held.toString('latin1', 0, 8)) ?? [];
      if (code !== undefined) {
        this.#code = Number(code);
        this.#state = 'done';
      }
    }
    return body;
  }
}

/** How many bytes at the end of `data` may be the start of `mark`. */
function startOf(mark: Buffer, data: Buffer): number {
  for (let length = Math.min(mark.length - 1, data.length); length > 0; length -= 1) {
    if (data.subarray(-length).equals(mark.subarray(0, length))) return length;
  }
  return 0;
}

/** What came of a call: `code` and `stderr` of the program when its answer is whole, else those of ssh. */
export interface Attempt {
  readonly whole: boolean;
  /** Whether the host began to run it, as far as is known. */
  readonly begun: boolean;
  readonly code: number | null;
  readonly stderr: string;
}

const MAX_STDERR_BYTES = 1_000_000;

/** Both outputs of ssh: an answer in each, and around it what ssh and login shells say. */
export class AnswerReader {
  readonly #out: FrameReader;
  readonly #err: FrameReader;
  #around = '';
  #told: Buffer = Buffer.alloc(0);

  constructor(word: string) {
    this.#out = new FrameReader(word);
    this.#err = new FrameReader(word);
  }

  /** Whether the host began to run the call. */
  get begun(): boolean {
    return this.#out.begun;
  }

  /** What of the answer has come with this chunk. */
  stdout(chunk: Uint8Array): Buffer {
    return this.#out.push(chunk);
  }

  stderr(chunk: Uint8Array): void {
    const told = this.#err.push(chunk);
    if (!this.#err.begun) this.#around += Buffer.from(chunk).toString();
    else if (this.#told.length < MAX_STDERR_BYTES) this.#told = Buffer.concat([this.#told, told]);
  }

  /** Whether there is nothing more to come. */
  get ended(): boolean {
    return this.#out.done && this.#err.done;
  }

  /** `ssh` is how ssh ended, and what it said beyond what was handed in. */
  attempt(ssh: { readonly code: number | null; readonly stderr: string }): Attempt {
    const told = this.#told.toString();
    return this.#out.done
      ? { whole: true, begun: true, code: this.#out.code, stderr: told.replace(/\n$/, '') }
      : {
          whole: false,
          begun: this.#out.begun,
          code: ssh.code,
          stderr: `${this.#around}${told}${ssh.stderr}`,
        };
  }
}
