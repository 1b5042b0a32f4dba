import { chmod, mkdir, realpath, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test, type TestContext } from 'vitest';
import { exec } from '../../../src/hosts/exec';
import { chooseInterpreter, findInterpreters } from '../../../src/hosts/interpreters';
import { localTransport } from '../../../src/hosts/localTransport';
import type { Transport } from '../../../src/hosts/transport';
import { connect, sshServer } from '../../ssh/host';
import { makeFolder, write } from '../files/folders';

/** This machine, with nothing of its own set-up but what is given. */
function machine(environment: Readonly<Record<string, string>>): Transport {
  const words = Object.entries({ PATH: '/nowhere', ...environment }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const local = localTransport('the box');
  return {
    ...local,
    run: (call) => {
      const [program, ...args] = call.argv;
      const shell = program === 'sh' ? '/bin/sh' : program;
      return local.run({ ...call, argv: ['env', '-i', ...words, shell, ...args] });
    },
  };
}

/** A Python of our making: prints what a real one would answer. */
async function pythonThat(folder: string, place: string, script: string): Promise<string> {
  await write(folder, { [place]: `#!/bin/sh\n${script}\n` });
  await chmod(join(folder, place), 0o755);
  return join(folder, place);
}

const answers = (
  path: string,
  version: string,
  torch: string | null,
  environment: object | null = null,
): string => `echo noise; echo 'EARMARK${JSON.stringify({ path, version, torch, environment })}'`;

test('one with torch comes before one without; the setting before all', async () => {
  const folder = await makeFolder();
  const plain = await pythonThat(folder, '.venv/bin/python', answers('/plain', '3.11.2', null));
  await pythonThat(folder, 'conda/bin/python', answers('/torch', '3.10.1', '2.4.0'));
  const search = { folders: [folder], host: machine({ HOME: folder, CONDA_PREFIX: join(folder, 'conda') }) };
  const found = await findInterpreters({ setting: '', ...search });
  expect(found.slice(0, 2).map(({ path, source, torch: has }) => [path, source, has])).toEqual([
    ['/torch', 'environment', '2.4.0'],
    ['/plain', 'workspace', null],
  ]);
  for (const setting of [plain, '~/.venv/bin/python']) {
    const [set] = await findInterpreters({ setting, ...search });
    expect(set).toMatchObject({ path: '/plain', source: 'setting' });
  }
});

test('what does not run, or is too old, is told with the host and the fix', async () => {
  const folder = await makeFolder();
  const next = { label: 'Choose Python', command: 'choose' };
  const host = machine({ HOME: folder });
  const choose = async (setting: string): Promise<unknown> =>
    chooseInterpreter(await findInterpreters({ setting, folders: [], host }), 'the box', next);
  await expect(choose(join(folder, 'nope'))).rejects.toMatchObject({
    message: expect.stringMatching(/set for the box does not run: .*nope \(.*\)\. Choose another/) as string,
    next,
  });
  await expect(choose('conda:music')).rejects.toThrow(/There is no “conda:music” on the box/);
  const broken = await pythonThat(folder, 'broken', 'echo "no module named encodings" >&2; exit 1');
  await expect(choose(broken)).rejects.toThrow(/no module named encodings/);
  const old = await pythonThat(folder, 'old', answers('/old', '3.6.9', null));
  await expect(choose(old)).rejects.toThrow(/is Python 3\.6\.9; the scripts need 3\.9/);
  const liar = await pythonThat(folder, 'liar', `echo 'EARMARK{"path":"x","version":"3"}'`);
  await expect(choose(liar)).rejects.toThrow(/does not run/);
  await expect(choose('')).rejects.toMatchObject({
    message: expect.stringMatching(/No Python was found on the box/) as string,
    next,
  });
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
    host: machine({ HOME: folder, PATH: `${folder}:${folder}/` }),
  });
  expect(found.filter(({ path }) => path === stdout)).toHaveLength(1);
  expect(found[0]).toMatchObject({ path: stdout, source: 'setting', problem: null, environment: null });
});

describe.each(['here', 'by ssh'])('environments %s', (way) => {
  const remove: string[] = [];
  afterEach(() => Promise.all(remove.splice(0).map((folder) => rm(folder, { recursive: true, force: true }))));

  async function place(context: TestContext): Promise<{ host: Transport; home: string }> {
    if (way === 'here') {
      const home = await makeFolder();
      return { host: machine({ HOME: home, PATH: '/usr/bin:/bin' }), home };
    }
    const server = await sshServer(context);
    const home = join(server.folder, 'home');
    for (const name of ['.conda', 'miniforge3', 'elsewhere', 'work']) remove.push(join(home, name));
    return { host: connect(server), home };
  }

  test('of conda have the names that it gives them, and are chosen by these', async (context) => {
    const { host, home } = await place(context);
    const conda = (prefix: string, name: string): Promise<string> =>
      mkdir(join(home, prefix, 'conda-meta'), { recursive: true }).then(() =>
        pythonThat(home, `${prefix}/bin/python`, answers(`/${prefix}`, '3.11.7', null, { kind: 'conda', name })),
      );
    await conda('miniforge3', 'base');
    await conda('miniforge3/envs/my music', 'my music');
    await conda('elsewhere/envs/far', 'far');
    await write(home, { '.conda/environments.txt': `${home}/elsewhere/envs/far\n${home}/gone\nnonsense` });
    const found = await findInterpreters({ setting: '', folders: [], host });
    const named = found.filter(({ environment }) => environment !== null);
    expect(named.map(({ environment, source }) => [source, environment?.name]).sort()).toEqual([
      ['conda', 'base'],
      ['conda', 'far'],
      ['conda', 'my music'],
    ]);
    for (const [setting, path] of [
      ['conda:my music', '/miniforge3/envs/my music'],
      ['conda:base', '/miniforge3'],
      [' conda: far ', '/elsewhere/envs/far'],
    ] as const) {
      const [set] = await findInterpreters({ setting, folders: [], host });
      expect(set).toMatchObject({ path, source: 'setting', problem: null });
    }
  });

  test('that are real ones tell what made them', async (context) => {
    const { host, home } = await place(context);
    const venv = join(home, 'work', '.venv');
    await exec(['python3', '-m', 'venv', '--without-pip', venv], { cwd: '/', timeoutMs: 60_000 });
    const kind = async (): Promise<unknown> => {
      const found = await findInterpreters({ setting: '', folders: [join(home, 'work')], host });
      return found.find(({ source }) => source === 'workspace')?.environment;
    };
    expect(await kind()).toEqual({ kind: 'venv', name: '.venv' });
    await exec(['sh', '-c', 'echo "uv = 0.9.1" >>"$1"', 'sh', join(venv, 'pyvenv.cfg')], { cwd: '/', timeoutMs: 9000 });
    expect(await kind()).toEqual({ kind: 'uv', name: '.venv' });
    await mkdir(join(venv, 'conda-meta'));
    expect(await kind()).toEqual({ kind: 'conda', name: '.venv' });
  });
}); // prettier-ignore
