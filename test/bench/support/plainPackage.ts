/** The extension as it is packaged when nobody cares how large it gets. */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../vscode/paths';
import { run } from '../../vscode/processes';

/** Builds for development and packages all of it from `folder`, which is made. Returns the .vsix. */
export async function stagePlainPackage(folder: string): Promise<string> {
  await run('npm', ['run', '--silent', 'build'], { cwd: root });
  await mkdir(folder, { recursive: true });
  for (const name of ['dist', 'media', 'LICENSE', 'package.nls.json', 'package.nls.zh-cn.json']) {
    await cp(join(root, name), join(folder, name), {
      recursive: true,
      filter: (path) => !path.endsWith('.vsix'),
    });
  }
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, unknown>;
  // It is built already, and has no translations of what it says.
  delete manifest['scripts'];
  delete manifest['l10n'];
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(folder, 'README.md'), '');
  await writeFile(join(folder, '.vscodeignore'), '');
  const file = join(folder, 'plain.vsix');
  const vsce = join(root, 'node_modules', '.bin', 'vsce');
  const quiet = ['--allow-missing-repository', '--skip-license'];
  await run(vsce, ['package', '--no-dependencies', ...quiet, '--out', file], { cwd: folder });
  return file;
}
