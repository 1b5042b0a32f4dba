/** What results.py on the host is asked, and what of its answer is believed. */
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { Origin } from '../files/origin';
import { reasonOf } from '../hosts/noAnswer';
import type { HostCall, Transport } from '../hosts/transport';
import { grows, readFolderLine, type RemoteFile } from './remoteFile';
import { BadStream, FramedStream } from './stream';

export interface ResultsTools {
  /** Interpreter on the host, 3.8 or newer. */
  readonly python: string;
  /** results.py on the host, absolute. */
  readonly results: string;
}

/** The link broke, or nothing answered. What came before stands. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** The host's own sentence about why it won't. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

export interface Listing {
  readonly files: readonly RemoteFile[];
  /** Of all that was listed: told again, it spares the answer when nothing has changed. */
  readonly digest: string;
  /** The host's clock, nanoseconds since 1970. */
  readonly now: bigint;
  /** Files and folders that the host did not list: too many, unreadable, or of names that don't survive the way. */
  readonly leftOut: number;
  /** Whose files these are. */
  readonly origin: Origin;
}

export interface ListOptions {
  readonly depth: number;
  readonly exclude: readonly string[];
}

/** Takes what is sent. Called in the order of the request, once `begin` and `end` a file that has any bytes to come. */
export interface Receiver {
  begin(file: RemoteFile, offset: number): Promise<void>;
  bytes(part: Uint8Array): Promise<void>;
  /** `sha256` is of the whole file as the host read it. */
  end(file: RemoteFile, sha256: string): Promise<void>;
  /** The host can't send it. `error` is a word of results.py. */
  failed(file: RemoteFile, error: string, text: string): Promise<void>;
}

/** The same flags as in supervisor.py. */
const FLAGS = ['-I', '-S', '-X', 'utf8'];
const LIST_TIMEOUT_MS = 120_000;
/** A link slower than 16 kB a second is none. */
const BYTES_A_MS = 16;

const count = z.number().int().min(0);
const lastLine = z.object({
  ok: z.literal(true),
  same: z.boolean(),
  digest: z.string().max(128),
  now: z.string().regex(/^\d{1,20}$/),
  host: z.string().max(1000),
  folder: z.string().startsWith('/').max(4096),
  left_out: z.object({ files: count, names: count, folders: count }),
});
const refusalLine = z.object({ ok: z.literal(false), text: z.string() });
const sendLine = z.union([
  z.object({ file: count, size: count, offset: count }),
  z.object({ bytes: z.number().int().min(1) }),
  z.object({ end: count, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.object({ end: count, error: z.string().max(64), text: z.string().max(1000) }),
  z.object({ ok: z.literal(true) }),
]);

/** Throws NoAnswer, Refusal or BadStream. */
export async function list(
  transport: Transport,
  tools: ResultsTools,
  folder: string,
  { depth, exclude }: ListOptions,
  before: Listing | null,
  signal?: AbortSignal,
): Promise<Listing> {
  const files: RemoteFile[] = [];
  const seen = new Set<string>();
  const answer: { last: z.infer<typeof lastLine> | null } = { last: null };
  const request = JSON.stringify({ folder, depth, exclude, known: before?.digest ?? null });
  await converse(transport, tools, 'list', request, LIST_TIMEOUT_MS, signal, {
    line: (value) => {
      const inside = readFolderLine(value);
      if (inside === null) answer.last = believed(lastLine, value);
      const fresh = (inside ?? []).filter(({ path }) => !seen.has(path));
      for (const file of fresh) {
        seen.add(file.path);
        files.push(file);
      }
      return 0;
    },
    bytes: () => undefined,
  });
  const { same, digest, now, host, left_out: left, ...last } = believed(lastLine, answer.last);
  if (same && before === null) throw new BadStream('nothing is new, though nothing was known');
  const leftOut = left.files + left.names + left.folders;
  const origin = { host, folder: last.folder };
  return { files: same ? (before?.files ?? []) : files, digest, now: BigInt(now), leftOut, origin };
}

/** Asks for files from an offset each, and hands out what comes. Throws NoAnswer, Refusal, BadStream and what `receiver` throws. */
export async function send(
  transport: Transport,
  tools: ResultsTools,
  folder: string,
  wanted: readonly { readonly file: RemoteFile; readonly offset: number }[],
  receiver: Receiver,
  signal?: AbortSignal,
): Promise<void> {
  const files = wanted.map(({ file: { path, size, mtime, inode }, offset }) => {
    return { path, offset, size, mtime, inode, grows: grows({ path }) };
  });
  const bytes = files.reduce((sum, { size, offset }) => sum + size - offset, 0);
  let index = 0;
  /** Bytes that the file under way still lacks; null between files. */
  let lacking: number | null = null;
  const line = async (value: unknown): Promise<number> => {
    const said = believed(sendLine, value);
    if ('ok' in said) return 0;
    const now = wanted[index];
    if (now === undefined) throw new BadStream('a file that was not asked for');
    const { file, offset } = now;
    if ('bytes' in said) {
      if (lacking === null || said.bytes > lacking)
        throw new BadStream(`more of ${file.path} than was listed`);
      lacking -= said.bytes;
      return said.bytes;
    }
    if ('file' in said) {
      const asked = said.file === index && said.size === file.size && said.offset === offset;
      if (!asked || lacking !== null) throw new BadStream('another file than was asked for');
      lacking = file.size - offset;
      await receiver.begin(file, offset);
      return 0;
    }
    if (said.end !== index) throw new BadStream('the end of another file');
    if ('error' in said) await receiver.failed(file, said.error, said.text);
    else if (lacking === 0) await receiver.end(file, said.sha256);
    else throw new BadStream(`less of ${file.path} than was announced`);
    lacking = null;
    index++;
    return 0;
  };
  const timeoutMs = LIST_TIMEOUT_MS + bytes / BYTES_A_MS;
  const request = JSON.stringify({ folder, files });
  await converse(transport, tools, 'send', request, timeoutMs, signal, {
    line,
    bytes: (part) => receiver.bytes(part),
  });
  if (index < wanted.length) throw new BadStream('fewer files than were asked for');
}

async function converse(
  transport: Transport,
  { python, results }: ResultsTools,
  verb: string,
  input: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
  reader: ConstructorParameters<typeof FramedStream>[1],
): Promise<void> {
  const frame = randomBytes(8).toString('hex');
  const refusals: string[] = [];
  const stream = new FramedStream(frame, {
    line: (value) => {
      const refused = refusalLine.safeParse(value);
      if (!refused.success) return reader.line(value);
      refusals.push(refused.data.text);
      return 0;
    },
    bytes: reader.bytes,
  });
  const call: HostCall = { argv: [python, ...FLAGS, results, verb, '--frame', frame], input, timeoutMs };
  const result = await transport.stream(call, (chunk) => stream.push(chunk), signal);
  if (!stream.ended) throw new NoAnswer(reasonOf(result));
  const [refusal] = refusals;
  if (refusal !== undefined) throw new Refusal(refusal);
}

function believed<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new BadStream(JSON.stringify(value).slice(0, 100));
  return parsed.data;
}
