import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { quietly, type Failures } from '../../../src/views/quietTerminal';

const words = '[earmark] That did not work. Enter closes this terminal.';

/** What the terminal shows when Enter is pressed once, whether it took that, and how it ends for VS Code. */
function terminal(script: string, failures: Failures): readonly unknown[] {
  const { shellPath, shellArgs, env } = quietly({ file: 'sh', args: ['-c', script] }, failures);
  const { stdout, status } = spawnSync(shellPath, shellArgs, {
    env: { ...process.env, ...env },
    input: '\n',
    encoding: 'utf8',
  });
  return [stdout.trim(), status];
}

test.skipIf(process.platform === 'win32')(
  'what fails in a terminal stays to be read, and VS Code has nothing to tell',
  () => {
    expect(terminal('echo hello', 'any')).toEqual(['hello', 0]);
    expect(terminal('echo no; exit 1', 'any')).toEqual([`no\n\n${words}`, 0]);
    expect(terminal('echo no; exit 255', 'of ssh')).toEqual([`no\n\n${words}`, 0]);
    expect(terminal('echo mine; exit 1', 'of ssh')).toEqual(['mine', 0]);
    expect(terminal('kill -INT $$', 'of ssh')).toEqual(['', 0]);
  },
);
