import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(__dirname, '../..');

describe('the strings of the code', () => {
  it('all have an entry in both bundles, and no entry is dead (npm run l10n brings them up to date)', async () => {
    const { strings, hidden } = await sourceStrings();
    expect(strings.length).toBeGreaterThan(100);
    expect(hidden, 'not written out where they are used, so no tool finds them').toEqual([]);
    expect(Object.keys(await json('l10n/bundle.l10n.json')).sort()).toEqual(strings);
    expect(Object.keys(await json('l10n/bundle.l10n.zh-cn.json')).sort()).toEqual(strings);
  });
});

describe('the translations', () => {
  it.each([
    ['l10n/bundle.l10n.json', 'l10n/bundle.l10n.zh-cn.json'],
    ['package.nls.json', 'package.nls.zh-cn.json'],
  ])('of %s have the placeholders and links of the English text', async (english, chinese) => {
    const [from, to] = [await json(english), await json(chinese)];
    for (const [key, text] of Object.entries(to)) {
      expect(marks(text), key).toEqual(marks(from[key] ?? ''));
      expect(text.trim(), key).not.toBe('');
    }
  });
});

describe('package.json', () => {
  it('says in two languages all that it names, and nothing else is said', async () => {
    const manifest = await readFile(join(root, 'package.json'), 'utf8');
    const named = [
      ...new Set([...manifest.matchAll(/"%([\w.]+)%"/gu)].map((match) => match[1] ?? '')),
    ].sort();
    expect(named.length).toBeGreaterThan(30);
    expect(Object.keys(await json('package.nls.json')).sort()).toEqual(named);
    expect(Object.keys(await json('package.nls.zh-cn.json')).sort()).toEqual(named);
  });

  it('names pages of the walkthrough that exist, with their pictures', async () => {
    for (const file of ['package.nls.json', 'package.nls.zh-cn.json']) {
      const pages = Object.values(await json(file)).filter((text) => text.startsWith('media/'));
      expect(pages).toHaveLength(3);
      for (const page of pages) {
        const picture = /!\[.+\]\((.+)\)/u.exec(await readFile(join(root, page), 'utf8'))?.[1] ?? '';
        expect(await readFile(join(root, page, '..', picture), 'utf8'), page).toContain('<svg');
      }
    }
  });
});

/** What is given to `l10n.t` below src: string literals, and (`hidden`) anything else. */
async function sourceStrings(): Promise<{ strings: string[]; hidden: string[] }> {
  const strings = new Set<string>();
  const hidden: string[] = [];
  for (const file of await readdir(join(root, 'src'), { recursive: true })) {
    if (!file.endsWith('.ts')) continue;
    const [, ...calls] = (await readFile(join(root, 'src', file), 'utf8')).split(/\bl10n\.t\(/u);
    for (const call of calls) {
      const literal = /^\s*(?:'((?:[^'\\]|\\['\\])*)'|"((?:[^"\\]|\\["\\])*)")\s*[,)]/u.exec(call);
      if (literal === null) hidden.push(`${file}: ${call.slice(0, 80)}`);
      else strings.add((literal[1] ?? literal[2] ?? '').replace(/\\(.)/gu, '$1'));
    }
  }
  return { strings: [...strings].sort(), hidden };
}

async function json(file: string): Promise<Record<string, string>> {
  return JSON.parse(await readFile(join(root, file), 'utf8')) as Record<string, string>;
}

/** Placeholders, commands behind links, and code: what a translation must not lose. */
function marks(text: string): string[] {
  const found = text.match(/\{\d\}|\(command:[^)]+\)|`+[^`]+`+/gu) ?? [];
  return [...new Set(found)].sort();
}
