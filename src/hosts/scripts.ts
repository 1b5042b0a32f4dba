/** Brings the Python scripts to where jobs run, under the hash of their content: a job keeps the ones it was started with. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Jobs and scripts are of one machine, and no work of a person: git is told so beside them. */
const IGNORED = ['jobs/', 'python/'];

/**
 * Copies the scripts in `source` to `<workdir>/.earmark/python/<hash>/` unless they are there, and returns that folder.
 * It appears whole or not at all, and is never changed: an update of the extension makes another.
 */
export async function bringScripts(source: string, workdir: string): Promise<string> {
  const files = await readScripts(source);
  const folder = folderOf(files, workdir);
  if (await exists(folder)) return folder;
  const base = join(workdir, '.earmark');
  await mkdir(join(base, 'python'), { recursive: true });
  await writeFile(join(base, '.gitignore'), `${IGNORED.join('\n')}\n`, { flag: 'wx' }).catch(ignoreExisting);
  const draft = join(base, 'python', `.${randomUUID()}`);
  try {
    await mkdir(draft);
    for (const { name, bytes } of files) await writeFile(join(draft, name), bytes);
    await rename(draft, folder).catch(ignoreExisting);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}

/** Where `bringScripts` would bring them. */
export async function scriptsFolder(source: string, workdir: string): Promise<string> {
  return folderOf(await readScripts(source), workdir);
}

interface Script {
  readonly name: string;
  readonly bytes: Buffer;
}

async function readScripts(source: string): Promise<Script[]> {
  const names = (await readdir(source)).filter((name) => /\.(py|txt)$/.test(name)).sort();
  return Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(source, name)) })));
}

function folderOf(files: readonly Script[], workdir: string): string {
  return join(workdir, '.earmark', 'python', contentHash(files));
}

/** 12 hex digits of the sha256 over every name and its bytes. */
function contentHash(files: readonly Script[]): string {
  const hash = createHash('sha256');
  for (const { name, bytes } of files) hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  return hash.digest('hex').slice(0, 12);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Another window was quicker: what it put there is the same. */
function ignoreExisting(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code !== 'EEXIST' && code !== 'ENOTEMPTY') throw error;
}
