/** A host's folder and its mirror, both real, with the real results.py between them. */
import { createHash } from 'node:crypto';
import { readdir, readFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { localTransport } from '../../../src/hosts/localTransport';
import type { Transport } from '../../../src/hosts/transport';
import { Mirror, type MirrorOptions } from '../../../src/results/mirror';
import { makeFolder, write, type Files } from '../files/folders';
import { python } from '../jobs/support';

export const tools = { python, results: join(process.cwd(), 'python', 'results.py') };

export interface Pair {
  /** On the host. */
  readonly remote: string;
  readonly folder: string;
  readonly mirror: Mirror;
  /** Another window on the same mirror. */
  readonly window: (more?: Partial<MirrorOptions>) => Mirror;
}

export async function makePair(files: Files, more: Partial<MirrorOptions> = {}): Promise<Pair> {
  const remote = await makeFolder(files);
  await settle(remote);
  const folder = join(await makeFolder(), 'mirror');
  const window: Pair['window'] = (change = {}) =>
    new Mirror({
      folder,
      remote,
      transport: localTransport('box'),
      tools: () => Promise.resolve(tools),
      list: () => ({ depth: 6, exclude: ['node_modules'] }),
      limitBytes: () => 1e9,
      freeBytes: () => Promise.resolve(1e12),
      ...more,
      ...change,
    });
  return { remote, folder, mirror: window(), window };
}

/** The transport with what the program prints changed on its way. */
export function changed(
  transport: Transport,
  change: (chunk: Uint8Array, onBytes: (chunk: Uint8Array) => void | Promise<void>) => void | Promise<void>,
): Transport {
  return {
    ...transport,
    stream: (call, onBytes, signal) => transport.stream(call, (chunk) => change(chunk, onBytes), signal),
  };
}

/** Nothing in the folder was written to just now. */
export async function settle(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), 1.7e9, 1.7e9);
}

/** Path → sha256 of all files in the folder, hidden ones at its top apart. */
export async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const found: [string, string][] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(folder.length + 1);
    if (!entry.isFile() || path.startsWith('.')) continue;
    found.push([
      path,
      createHash('sha256')
        .update(await readFile(join(folder, path)))
        .digest('hex'),
    ]);
  }
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export const wav = (seed: number, bytes = 3000): string =>
  String.fromCharCode(65 + (seed % 26)).repeat(bytes);

/** A run with an evaluation of `prompts` × base, best and final. */
export function runFiles(name: string, prompts = 4): Files {
  const files: Record<string, string | object> = {
    [`${name}/run.json`]: { v: 1, id: `id-${name}`, name },
    [`${name}/events.jsonl`]: '{"v":1,"t":1,"type":"status","state":"training"}\n',
    [`${name}/best_model/adapter_config.json`]: { r: 12 },
    [`${name}/best_model/adapter_model.safetensors`]: 'w'.repeat(50_000),
    [`${name}/evaluation/evaluation.json`]: { v: 1 },
    [`${name}/evaluation/comparison_results.jsonl`]: '',
  };
  for (let prompt = 1; prompt <= prompts; prompt++)
    for (const [place, model] of ['base_model', 'best_model', 'final_model'].entries())
      files[`${name}/evaluation/${model}/00${prompt}_a.wav`] = wav(prompt * 3 + place);
  return files;
}

export { write };
