/**
 * What results.py prints, read as it comes: lines of JSON, and raw bytes after those that announce some. Holds one line and
 * one chunk, however the bytes are cut and whatever is claimed.
 */
import { parseJson } from '../files/json';

/** Not what results.py would say: the host is another program, lies, or its words were mixed with others. */
export class BadStream extends Error {
  override readonly name = 'BadStream';
}

export interface StreamReader {
  /** One line's value. Returns how many raw bytes follow it, mostly none. */
  readonly line: (value: unknown) => number | Promise<number>;
  /** A part of the bytes that a line announced. */
  readonly bytes: (part: Uint8Array) => void | Promise<void>;
}

/** A login shell's greeting may come first. */
const MAX_NOISE_BYTES = 1_000_000;
const MAX_LINE_BYTES = 1_000_000;
/** results.py sends a quarter of this at most. */
const MAX_ANNOUNCED_BYTES = 1_048_576;
const NEWLINE = 0x0a;

export class FramedStream {
  #state: 'before' | 'inside' | 'ended' = 'before';
  #noise = 0;
  #announced = 0;
  /** What has been read of a line whose end has not. */
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(
    private readonly frame: string,
    private readonly reader: StreamReader,
  ) {}

  /** The closing mark has come, so nothing is missing. */
  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** Throws BadStream, and whatever the reader throws. */
  async push(chunk: Uint8Array): Promise<void> {
    let at = 0;
    while (at < chunk.length && this.#state !== 'ended') {
      if (this.#announced > 0) {
        const part = chunk.subarray(at, at + this.#announced);
        this.#announced -= part.length;
        at += part.length;
        await this.reader.bytes(part);
        continue;
      }
      const end = chunk.indexOf(NEWLINE, at);
      this.#keep(chunk.subarray(at, end === -1 ? chunk.length : end));
      if (end === -1) return;
      at = end + 1;
      await this.#line();
    }
  }

  #keep(part: Uint8Array): void {
    this.#pendingBytes += part.length;
    if (this.#state === 'inside' && this.#pendingBytes > MAX_LINE_BYTES)
      throw new BadStream(`a line of more than ${MAX_LINE_BYTES} bytes`);
    if (this.#state === 'before') {
      this.#noise += part.length + 1;
      if (this.#noise > MAX_NOISE_BYTES) throw new BadStream('only noise');
    }
    // Copied: whoever owns the chunk may use it again, and a view would keep all of it alive.
    if (part.length > 0) this.#pending.push(Uint8Array.from(part));
  }

  async #line(): Promise<void> {
    const text = Buffer.concat(this.#pending).toString('utf8');
    this.#pending = [];
    this.#pendingBytes = 0;
    if (this.#state === 'before') {
      // A greeting may lack the end of its last line.
      if (text.endsWith(`EARMARK-${this.frame}`)) this.#state = 'inside';
      return;
    }
    if (text === `END-${this.frame}`) {
      this.#state = 'ended';
      return;
    }
    const announced = await this.reader.line(valueOf(text));
    if (!Number.isInteger(announced) || announced < 0 || announced > MAX_ANNOUNCED_BYTES)
      throw new BadStream(`${announced} bytes at once`);
    this.#announced = announced;
  }
}

function valueOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new BadStream(`no line of its own: ${text.slice(0, 100)}`);
  }
}
