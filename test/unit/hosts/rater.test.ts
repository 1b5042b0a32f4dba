import { chmod, readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, it, vi, onTestFinished } from 'vitest';
import { raterNames } from '../../../src/hosts/rater';
import { makeFolder, write } from '../files/folders';

const me = userInfo().username;

/** A git that writes down what it was asked and answers with `script`, the first on the path for one test. */
async function withGit(script: string): Promise<() => Promise<string[]>> {
  const folder = await makeFolder();
  const asked = join(folder, 'asked');
  await write(folder, { git: `#!/bin/sh\necho "$@" >> '${asked}'\n${script}\n` });
  await chmod(join(folder, 'git'), 0o755);
  vi.stubEnv('PATH', [folder, process.env['PATH']].join(delimiter));
  onTestFinished(() => void vi.unstubAllEnvs());
  return async () => {
    const lines = await readFile(asked, 'utf8').catch(() => '');
    return lines.split('\n').filter(Boolean);
  };
}

describe('the name in the notes', () => {
  it('is that of the setting, and then nothing is run', async () => {
    const asked = await withGit('echo Ann Git');
    expect(await raterNames()('  Ann Setting ', true)).toBe('Ann Setting');
    expect(await asked()).toEqual([]);
  });

  it("is else that of git's global configuration, which is asked once", async () => {
    const asked = await withGit('echo Ann Git');
    const name = raterNames();
    expect(await Promise.all([name('', true), name('', true)])).toEqual(['Ann Git', 'Ann Git']);
    expect(await name('', true)).toBe('Ann Git');
    expect(await asked()).toEqual(['config --global user.name']);
  });

  it('is that of the machine where git must not run', async () => {
    const asked = await withGit('echo Ann Git');
    const name = raterNames();
    expect(await name('', false)).toBe(me);
    expect(await asked()).toEqual([]);
    // Trust came later.
    expect(await name('', true)).toBe('Ann Git');
  });

  it.each(['exit 1', 'echo', 'echo half a name; exit 128'])(
    'is that of the machine where git says: %s',
    async (script) => {
      await withGit(script);
      expect(await raterNames()('', true)).toBe(me);
    },
  );

  it('is that of the machine where there is no git', async () => {
    vi.stubEnv('PATH', await makeFolder());
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await raterNames()('', true)).toBe(me);
  });
});
