// Brings the bundles up to the strings of src: `npm run l10n`. English follows by itself; a Chinese text is kept as long
// as its English one is there, and what still has to be translated is listed (and left out, so that it shows in English).
import l10nDev from '@vscode/l10n-dev';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const here = import.meta.dirname;
const english = path.join(here, 'bundle.l10n.json');
const chinese = path.join(here, 'bundle.l10n.zh-cn.json');

/** Every text that is given to `l10n.t` below src, sorted. */
async function sourceStrings() {
  const source = path.join(here, '..', 'src');
  const files = (await readdir(source, { recursive: true })).filter((file) => file.endsWith('.ts'));
  const contents = await Promise.all(files.map((file) => readFile(path.join(source, file), 'utf8')));
  const scripts = contents
    .filter((text) => text.includes('l10n.t('))
    .map((text) => ({ contents: text, extension: '.ts' }));
  return Object.keys(await l10nDev.getL10nJson(scripts)).sort();
}

/** @param {string} file */
async function read(file) {
  return JSON.parse(await readFile(file, 'utf8').catch(() => '{}'));
}

/** @param {string} file @param {Record<string, string>} bundle */
async function write(file, bundle) {
  await writeFile(file, `${JSON.stringify(bundle, undefined, 2)}\n`);
}

const strings = await sourceStrings();
const known = await read(chinese);
const missing = strings.filter((text) => !(text in known));
await write(english, Object.fromEntries(strings.map((text) => [text, text])));
await write(
  chinese,
  Object.fromEntries(strings.filter((text) => text in known).map((text) => [text, known[text]])),
);
console.log(`${strings.length} strings, ${missing.length} to translate in ${path.relative('.', chinese)}`);
for (const text of missing) console.log(`  ${JSON.stringify(text)}: "",`);
process.exitCode = missing.length === 0 ? 0 : 1;
