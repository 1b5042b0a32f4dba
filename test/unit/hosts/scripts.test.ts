import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bringScripts } from '../../../src/hosts/scripts';
import { python } from '../jobs/support';

let source: string;
let workdir: string;

beforeEach(async () => {
  source = await mkdtemp(join(tmpdir(), 'earmark-scripts-'));
  workdir = await mkdtemp(join(tmpdir(), 'earmark-work-'));
  await writeFile(join(source, 'train_lora.py'), 'print(1)\n');
  await writeFile(join(source, 'requirements.txt'), 'torch\n');
  await writeFile(join(source, 'README.md'), 'words\n');
});
afterEach(async () => {
  await rm(source, { recursive: true });
  await rm(workdir, { recursive: true });
});

test('brings scripts and requirements, and tells git to leave them alone', async () => {
  const folder = await bringScripts(source, workdir);
  expect((await readdir(folder)).sort()).toEqual(['__pycache__', 'requirements.txt', 'train_lora.py']);
  expect(await readFile(join(workdir, '.earmark', '.gitignore'), 'utf8')).toBe('jobs/\npython/\n');
});

test('leaves what a job was started with as it is when the scripts change', async () => {
  const before = await bringScripts(source, workdir);
  await writeFile(join(source, 'train_lora.py'), 'print(2)\n');
  const after = await bringScripts(source, workdir);
  expect(after).not.toBe(before);
  expect(await readFile(join(before, 'train_lora.py'), 'utf8')).toBe('print(1)\n');
  expect(await readFile(join(after, 'train_lora.py'), 'utf8')).toBe('print(2)\n');
});

test('Python leaves no bytecode beside them', async () => {
  await writeFile(join(source, 'errors.py'), 'print("imported")\n');
  await writeFile(join(source, 'train_lora.py'), 'import errors\n');
  const folder = await bringScripts(source, workdir);
  const ran = await promisify(execFile)(python, [join(folder, 'train_lora.py')]);
  expect(ran).toMatchObject({ stdout: 'imported\n', stderr: '' });
  expect((await readdir(folder)).sort()).toEqual([
    '__pycache__',
    'errors.py',
    'requirements.txt',
    'train_lora.py',
  ]);
  expect((await stat(join(folder, '__pycache__'))).isFile()).toBe(true);
});

test('many windows at once end with one whole folder and nothing beside it', async () => {
  const folders = await Promise.all(Array.from({ length: 12 }, () => bringScripts(source, workdir)));
  expect(new Set(folders).size).toBe(1);
  expect(await readdir(join(workdir, '.earmark', 'python'))).toHaveLength(1);
});

test('keeps a .gitignore that a person wrote', async () => {
  await bringScripts(source, workdir);
  const file = join(workdir, '.earmark', '.gitignore');
  await writeFile(file, '*\n');
  await writeFile(join(source, 'train_lora.py'), 'print(3)\n');
  await bringScripts(source, workdir);
  expect(await readFile(file, 'utf8')).toBe('*\n');
});
