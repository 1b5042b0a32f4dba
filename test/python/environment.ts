/** The Python of the tests: `.venv` at the project's root, made on first use. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(__dirname, '../..');
export const venv = path.join(root, '.venv');
const requirements = path.join(root, 'python/requirements-test.txt');
/** Tiny models gain nothing from more threads, and one thread gives the same sums on every machine. */
const env = { ...process.env, OMP_NUM_THREADS: '1', TOKENIZERS_PARALLELISM: 'false' };

export const bin = (name: string): string => path.join(venv, 'bin', name);

/** 0 when it is there. The stamp holds the requirements that were installed, so that an old or half-made one is made anew. */
export async function makeEnvironment(): Promise<number> {
  const stamp = path.join(venv, 'earmark-requirements.sha256');
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  if (readOrNull(stamp) === wanted) return 0;
  console.log('Making the Python environment .venv (about 1.5 GB; once)…');
  const code =
    (await run(process.env['EARMARK_TEST_PYTHON'] ?? 'python3', ['-m', 'venv', venv])) ||
    (await run(bin('python'), ['-m', 'pip', 'install', '--quiet', '-r', requirements]));
  if (code === 0) writeFileSync(stamp, wanted);
  return code;
}

/** The exit code of a program that speaks to this terminal. */
export function run(file: string, argv: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(file, argv, { cwd: root, env, stdio: 'inherit' });
    child.on('error', (error) => {
      console.error(`${file} could not be started: ${error.message}`);
      resolve(1);
    });
    child.on('close', (code) => resolve(code ?? 1));
  });
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
