/** Brings the Python scripts to where jobs run, under the hash of their content: a job keeps the ones it was started with. */
import * as l10n from '@vscode/l10n';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { HumanError } from '../errors';
import { PYTHON_FLAGS } from './hostScript';
import { Unreachable } from './noAnswer';
import type { Transport } from './transport';

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

/** The same over any transport, in a look and, where they are not there yet, one call that brings all. Throws a HumanError when it can't. */
export async function bringScriptsTo(
  { transport, python }: { readonly transport: Transport; readonly python: string },
  source: string,
  workdir: string,
): Promise<string> {
  const files = await readScripts(source);
  const folder = folderOf(files, workdir);
  const packed = gzipSync(
    JSON.stringify(files.map(({ name, bytes }) => [name, bytes.toString('base64')])),
  ).toString('base64');
  for (const input of ['', packed]) {
    const argv = [python, ...PYTHON_FLAGS, '-c', UNPACK, folder, IGNORED.join('\n')] as const;
    const result = await transport.run({ argv, input, timeoutMs: 60_000 });
    const { code, stdout, stderr } = result;
    if (code === null) throw new Unreachable(result);
    if (stdout === 'there') return folder;
    if (code !== 0) {
      const reason = stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
      throw new HumanError(
        l10n.t(
          'The scripts could not be brought to {0}: {1}. See whether “{2}” may be written to.',
          transport.label,
          reason,
          workdir,
        ),
      );
    }
  }
  throw new HumanError(l10n.t('The scripts did not arrive whole on {0}. Start again.', transport.label));
}

/**
 * On the host: tells whether the folder is there; given the packed scripts, makes it. Its name is the hash of what is in it, so what arrived
 * is checked against it, and who was quicker made the same.
 */
const UNPACK = `
import base64, gzip, hashlib, json, os, shutil, sys, tempfile
folder, ignored = sys.argv[1:]
packed = sys.stdin.read()
if packed and not os.path.isdir(folder):
    files = [(name, base64.b64decode(text)) for name, text in json.loads(gzip.decompress(base64.b64decode(packed)))]
    digest = hashlib.sha256()
    for name, data in files:
        digest.update(b"%s\\0%d\\0" % (name.encode(), len(data)) + data)
    if digest.hexdigest()[:12] != os.path.basename(folder):
        sys.exit()
    parent = os.path.dirname(folder)
    os.makedirs(parent, exist_ok=True)
    try:
        with open(os.path.join(os.path.dirname(parent), ".gitignore"), "x") as file:
            file.write(ignored + "\\n")
    except FileExistsError:
        pass
    draft = tempfile.mkdtemp(prefix=".", dir=parent)
    try:
        for name, data in files:
            with open(os.path.join(draft, os.path.basename(name)), "wb") as file:
                file.write(data)
        os.chmod(draft, 0o755)
        try:
            os.rename(draft, folder)
        except OSError:
            if not os.path.isdir(folder):
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
if os.path.isdir(folder):
    print("there")
`;

/** Where `bringScripts` would bring them. */
export async function scriptsFolder(source: string, workdir: string): Promise<string> {
  return folderOf(await readScripts(source), workdir);
}

/** A file where Python wants a folder: on a full disk it would leave half a file of bytecode, and no later start would get past that. */
const NO_BYTECODE: Script = { name: '__pycache__', bytes: Buffer.alloc(0) };

interface Script {
  readonly name: string;
  readonly bytes: Buffer;
}

async function readScripts(source: string): Promise<Script[]> {
  const names = (await readdir(source)).filter((name) => /\.(py|txt)$/.test(name)).sort();
  const scripts = names.map(async (name) => ({ name, bytes: await readFile(join(source, name)) }));
  return [...(await Promise.all(scripts)), NO_BYTECODE];
}

function folderOf(files: readonly Script[], workdir: string): string {
  // A host is never Windows, though this machine may be.
  return posix.join(workdir, '.earmark', 'python', contentHash(files));
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
