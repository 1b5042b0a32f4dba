/** Names of hosts in the person's own ssh configuration, for choosing one. It is read, and nothing in it is run. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, parse, sep } from 'node:path';

const MAX_BYTES = 1_000_000;
/** ssh itself goes no deeper. */
const MAX_DEPTH = 16;
const MAX_FILES = 500;

/** Aliases without wildcards, in the order of the files, `Include` followed. A file that can't be read has none. */
export async function sshAliases(file = join(homedir(), '.ssh', 'config')): Promise<string[]> {
  const found = new Set<string>();
  await collect(file, dirname(file), found, new Set(), 0);
  return [...found];
}

async function collect(
  file: string,
  base: string,
  found: Set<string>,
  read: Set<string>,
  depth: number,
): Promise<void> {
  if (depth > MAX_DEPTH || read.size > MAX_FILES || read.has(file)) return;
  read.add(file);
  for (const line of (await textOf(file)).split(/\r?\n/)) {
    const [, keyword = '', rest = ''] = /^\s*(\w+)(?:\s*=\s*|\s+)(.*)$/.exec(line) ?? [];
    const words = Array.from(rest.matchAll(/"([^"]*)"|(\S+)/g), ([, quoted, bare]) => quoted ?? bare ?? '');
    switch (keyword.toLowerCase()) {
      case 'host':
        for (const word of words) if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(word)) found.add(word);
        break;
      case 'include':
        for (const word of words) {
          for (const path of await expanded(word, base)) await collect(path, base, found, read, depth + 1);
        }
    }
  }
}

async function textOf(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    return size > MAX_BYTES ? '' : await readFile(file, 'utf8');
  } catch {
    return '';
  }
}

/** Paths that an `Include` means: `~` is the home folder, relative ones lie beside the configuration, `*` and `?` stand for any. */
async function expanded(pattern: string, base: string): Promise<string[]> {
  const path = pattern.startsWith('~/') ? join(homedir(), pattern.slice(2)) : pattern;
  const whole = isAbsolute(path) ? path : join(base, path);
  const { root } = parse(whole);
  let places = [root];
  for (const part of whole.slice(root.length).split(sep === '\\' ? /[\\/]/ : '/')) {
    if (!/[*?]/.test(part)) {
      places = places.map((place) => join(place, part));
      continue;
    }
    const names = await Promise.all(places.map((place) => readdir(place).catch((): string[] => [])));
    places = places.flatMap((place, i) =>
      (names[i] ?? [])
        .filter((name) => isMatch(name, part))
        .sort()
        .map((name) => join(place, name)),
    );
  }
  return places;
}

function isMatch(name: string, pattern: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return !(name.startsWith('.') && !pattern.startsWith('.')) && new RegExp(`^${source}$`, 's').test(name);
}
