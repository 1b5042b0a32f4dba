import { expect, test } from 'vitest';
import { doctorPage } from '../../../src/jobs/doctorReport';

const report = (checks: readonly object[], ok: boolean): string =>
  `Some library says hello\n${JSON.stringify({ v: 1, ok, checks })}\n`;

test('tells each check, and gives commands to copy', () => {
  const stdout = report(
    [
      { name: 'python', state: 'ok', text: '3.11.7 at /usr/bin/python3', fix: '' },
      {
        name: 'torch',
        state: 'failed',
        text: 'is not installed.',
        fix: "python -m pip install 'torch>=2.4'",
      },
      { name: 'disk', state: 'warning', text: '3 GB free', fix: 'Make room.' },
    ],
    false,
  );
  const page = doctorPage('/usr/bin/python3', { code: 1, stdout, stderr: '' });
  expect(page).toContain('✓ **python**: 3.11.7 at /usr/bin/python3');
  expect(page).toContain("✗ **torch**: is not installed.\n\n```sh\npython -m pip install 'torch>=2.4'\n```");
  expect(page).toContain('⚠ **disk**: 3 GB free  \n→ Make room.');
  expect(page).toContain('Something stands in the way');
  expect(page).not.toContain('hello');
});

test('shows what was said when the check broke off', () => {
  const page = doctorPage('/usr/bin/python3', {
    code: 1,
    stdout: '{"half":',
    stderr: 'Traceback\nImportError: x',
  });
  expect(page).toContain('broke off');
  expect(page).toContain('ImportError: x');
});

test('no text of a check becomes markup', () => {
  const stdout = report([{ name: '<b>', state: 'ok', text: '[x](command:evil) `y`', fix: '' }], true);
  const page = doctorPage('/p', { code: 0, stdout, stderr: '' });
  expect(page).not.toContain('[x](command:evil)');
  expect(page).not.toContain('<b>');
});
