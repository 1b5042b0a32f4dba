/**
 * `npm run test:python`: ruff and pytest over python/, in a `.venv` at the project's root that is made on first use.
 * Arguments go to pytest: `npm run test:python -- -k resume`.
 */
import path from 'node:path';
import { bin, makeEnvironment, root, run } from './environment';

void main();

async function main(): Promise<void> {
  const settings = path.join(root, 'python/pyproject.toml');
  process.exitCode =
    (await makeEnvironment()) ||
    (await run(bin('ruff'), ['check', '--config', settings, 'python', 'test/python'])) ||
    (await run(bin('ruff'), ['format', '--check', '--config', settings, 'python', 'test/python'])) ||
    (await run(bin('python'), ['-m', 'pytest', '-c', settings, ...process.argv.slice(2)]));
}
