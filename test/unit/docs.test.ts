import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(__dirname, '../..');
const documents = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];

describe('what the documents name', () => {
  it.each(documents)('is there: links and pictures of %s', async (document) => {
    const text = await readFile(join(root, document), 'utf8');
    const targets = [...text.matchAll(/\]\(([^)#:]+)\)/gu)].map((match) => match[1] ?? '');
    expect(targets.filter((target) => !existsSync(join(root, target)))).toEqual([]);
  });

  it.each(documents)('is there: commands of %s', async (document) => {
    const text = await readFile(join(root, document), 'utf8');
    const { scripts } = await manifest();
    const named = [...text.matchAll(/npm (?:run )?([a-z][\w:]*)/gu)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !['ci', 'packages'].includes(name) && !(name in scripts))).toEqual([]);
  });

  it('is there: files and folders of the code map', async () => {
    const text = await readFile(join(root, 'ARCHITECTURE.md'), 'utf8');
    const map = text.slice(text.indexOf('## Code map'), text.indexOf('## Who may import whom'));
    const named = [...map.matchAll(/^\| ([^|]+) \|/gmu)].flatMap((row) =>
      [...(row[1] ?? '').matchAll(/`([^`]+)`/gu)].map((match) => match[1] ?? ''),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !existsSync(join(root, 'src', name)))).toEqual([]);
  });
});

describe('CONTRIBUTING.md', () => {
  it('says of every dependency why it is here', async () => {
    const text = await readFile(join(root, 'CONTRIBUTING.md'), 'utf8');
    const { dependencies, devDependencies } = await manifest();
    const all = Object.keys({ ...dependencies, ...devDependencies });
    expect(all.filter((name) => !name.startsWith('@types/') && !text.includes(`\`${name}\``))).toEqual([]);
  });
});

type Table = Record<string, string>;

async function manifest(): Promise<{ scripts: Table; dependencies: Table; devDependencies: Table }> {
  return JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    scripts: Table;
    dependencies: Table;
    devDependencies: Table;
  };
}
