/**
 * `npm run test:python`: ruff and pytest over python/, in a `.venv` at the project's root that is made on first use.
 * Arguments go to pytest: `npm run test:python -- -k resume`. On CI what fails is tried a second time, as in the other layers.
 */
import path from 'node:path';
import { bin, makeEnvironment, root, run } from './environment';

/** What pytest exits with when it ran to its end. */
const testsFailed = 1;

void main();

async function main(): Promise<void> {
  const settings = path.join(root, 'python/pyproject.toml');
  const check = (...words: string[]): Promise<number> =>
    run(bin('ruff'), [...words, '--config', settings, 'python', 'test/python']);
  // From the project's root tests are named by their files.
  const options = ['-c', settings, '--rootdir', root, '-o', 'cache_dir=out/pytest'];
  const pytest = (...more: string[]): Promise<number> =>
    run(bin('python'), ['-m', 'pytest', ...options, ...process.argv.slice(2), ...more]);
  const code = (await makeEnvironment()) || (await check('check')) || (await check('format', '--check'));
  process.exitCode = code || (await pytest());
  if (code === 0 && process.exitCode === testsFailed && process.env['CI'] === 'true') {
    process.exitCode = await pytest('--last-failed');
  }
}
