/** Folders for one test: made from a plain description, gone when the test ends. */
import { mkdir, mkdtemp, realpath, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Path → text, or a value that is written as JSON, or a list of lines (strings, or values as JSON). */
export type Files = Readonly<Record<string, string | object | readonly unknown[]>>;

export async function makeFolder(files: Files = {}): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'earmark-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await write(folder, files);
  return folder;
}

export async function write(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, textOf(content));
  }
}

/** Nothing in the files was changed lately, so that looks at them may believe their times. */
export async function makeOld(...paths: readonly string[]): Promise<void> {
  for (const path of paths) await utimes(path, 1_700_000_000, 1_700_000_000);
}

function textOf(content: string | object | readonly unknown[]): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return JSON.stringify(content);
  return content
    .map((line: unknown) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
    .join('');
}
