// `npm run test:package`, after the packaging: the .vsix holds what it must and nothing else, and stays small. A file that is
// meant to be in it is named here and in .vscodeignore.
import { listFiles, PackageManager } from '@vscode/vsce';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { root, vsix } from './vscode/paths';

const limitBytes = 1_500_000;

/** Beside these: the scripts for GPU hosts, all but their benchmarks. */
const fixed = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'package.json',
  ...languages((suffix) => `package.nls${suffix}.json`),
  'l10n/bundle.l10n.zh-cn.json',
  'python/requirements.txt',
  'dist/analysis.js',
  'dist/execa.js',
  'dist/extension.js',
  'dist/webview/codicon.css',
  'dist/webview/codicon.ttf',
  ...['comparison', 'run', 'training'].flatMap((page) => [
    `dist/webview/${page}.css`,
    `dist/webview/${page}.js`,
  ]),
  'media/comparison.png',
  'media/earmark.svg',
  'media/icon.png',
  ...['runs', 'compare', 'note'].flatMap((step) => [
    `media/walkthrough/${step}.svg`,
    ...languages((suffix) => `media/walkthrough/${step}${suffix}.md`),
  ]),
];

/** English, whose files carry no mark, and Simplified Chinese. */
function languages(name: (suffix: string) => string): string[] {
  return [name(''), name('.zh-cn')];
}

async function main(): Promise<number> {
  const python = (await readdir(join(root, 'python'))).filter((name) => /^(?!bench).*\.py$/u.test(name));
  const expected = [...fixed, ...python.map((name) => `python/${name}`)];
  const packed = await listFiles({ cwd: root, packageManager: PackageManager.None });
  const { size } = await stat(vsix);
  const wrong = [
    ...packed.filter((file) => !expected.includes(file)).map((file) => `should not be in the .vsix: ${file}`),
    ...expected.filter((file) => !packed.includes(file)).map((file) => `is missing in the .vsix: ${file}`),
    ...(size > limitBytes ? [`too large: ${size} bytes; ${limitBytes} is the limit`] : []),
  ];
  wrong.forEach((line) => console.log(`  ✗ ${line}`));
  console.log(`earmark.vsix: ${packed.length} files, ${Math.round(size / 1024)} KB`);
  console.log(`${wrong.length === 0 ? 1 : 0} passed, ${wrong.length} failed`);
  return wrong.length;
}

main().then(
  (failures) => process.exit(failures === 0 ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
