import { chmod, realpath, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exec } from '../../../src/hosts/exec';
import { chooseInterpreter, findInterpreters } from '../../../src/hosts/interpreters';
import { makeFolder, write } from '../files/folders';

const environment = { PATH: '' };

/** A Python of our making: prints what a real one would answer. */
async function pythonThat(folder: string, place: string, script: string): Promise<string> {
  await write(folder, { [place]: `#!/bin/sh\n${script}\n` });
  await chmod(join(folder, place), 0o755);
  return join(folder, place);
}

const answers = (path: string, version: string, torch: string | null): string =>
  `echo noise; echo 'EARMARK{"path":"${path}","version":"${version}","torch":${JSON.stringify(torch)}}'`;

test('one with torch comes before one without; the setting before all', async () => {
  const folder = await makeFolder();
  const plain = await pythonThat(folder, '.venv/bin/python', answers('/plain', '3.11.2', null));
  const torch = await pythonThat(folder, 'conda/bin/python', answers('/torch', '3.10.1', '2.4.0'));
  const search = { folders: [folder], environment: { PATH: '', CONDA_PREFIX: join(folder, 'conda') } };
  const found = await findInterpreters({ setting: '', ...search });
  expect(found.slice(0, 2).map(({ path, source, torch: has }) => [path, source, has])).toEqual([
    ['/torch', 'environment', '2.4.0'],
    ['/plain', 'workspace', null],
  ]);
  const [set] = await findInterpreters({ setting: plain, ...search });
  expect(set).toMatchObject({ path: '/plain', source: 'setting' });
  expect(torch).not.toBe(plain);
});

test('what does not run, or is too old, is told with the fix', async () => {
  const folder = await makeFolder();
  const choose = async (setting: string): Promise<unknown> =>
    Promise.resolve(chooseInterpreter(await findInterpreters({ setting, folders: [], environment })));
  await expect(choose(join(folder, 'nope'))).rejects.toThrow(
    /names .*nope, which does not run: .*Correct the setting/,
  );
  const broken = await pythonThat(folder, 'broken', 'echo "no module named encodings" >&2; exit 1');
  await expect(choose(broken)).rejects.toThrow(/no module named encodings/);
  const old = await pythonThat(folder, 'old', answers('/old', '3.6.9', null));
  await expect(choose(old)).rejects.toThrow(/is Python 3\.6\.9; the scripts need 3\.9/);
  const liar = await pythonThat(folder, 'liar', `echo 'EARMARK{"path":"x","version":"3"}'`);
  await expect(choose(liar)).rejects.toThrow(/does not run/);
  expect(() => chooseInterpreter([])).toThrow(/No Python was found/);
});

test('a real one is known by its own name, and found once', async () => {
  const folder = await makeFolder();
  const { stdout } = await exec(['python3', '-c', 'import sys; print(sys.executable)'], {
    cwd: '/',
    timeoutMs: 20_000,
  });
  await symlink(await realpath(stdout), join(folder, 'python3'));
  const found = await findInterpreters({
    setting: stdout,
    folders: [],
    environment: { PATH: `${folder}:${folder}/` },
  });
  expect(found.filter(({ path }) => path === stdout)).toHaveLength(1);
  expect(found[0]).toMatchObject({ path: stdout, source: 'setting', problem: null });
});
