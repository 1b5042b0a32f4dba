import { execFileSync } from 'node:child_process';
import { appendFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseJson, readJson } from '../../../src/files/json';
import { createLineCursor, readJsonLines } from '../../../src/files/jsonLines';
import { makeFolder } from './folders';

test('reads Python’s bare NaN and Infinity, and leaves words in strings alone', () => {
  expect(parseJson('{"a": NaN, "b": [-Infinity, Infinity], "c": "NaN \\" Infinity \\\\"}')).toEqual({
    a: null,
    b: [null, null],
    c: 'NaN " Infinity \\',
  });
  expect(parseJson('\uFEFF{"a":1}')).toEqual({ a: 1 });
});

test('what is torn stays an error, quickly', () => {
  expect(() => parseJson('{"a": NaN')).toThrow(SyntaxError);
  expect(() => parseJson(`{"a": "${'\\"'.repeat(200_000)}`)).toThrow(SyntaxError);
  expect(() => parseJson('NaNaNa')).toThrow(SyntaxError);
});

test('64 levels are read', () => {
  expect(JSON.stringify(parseJson(`${'['.repeat(64)}NaN${']'.repeat(64)}`))).toHaveLength(132);
});

test('missing is no problem; wrong, too large and unreadable are', async () => {
  const folder = await makeFolder({
    'torn.json': '{"a":',
    'large.json': `"${'x'.repeat(20_000)}"`,
    'sub/x': '',
  });
  await symlink('loop.json', join(folder, 'loop.json'));
  const code = async (name: string): Promise<string | undefined> =>
    (await readJson(join(folder, name), 10_000)).problem?.code;
  expect(await code('gone.json')).toBeUndefined();
  expect(await code('torn.json/below')).toBeUndefined();
  expect(await code('torn.json')).toBe('json-invalid');
  expect(await code('large.json')).toBe('file-too-large');
  expect(await code('sub')).toBe('unreadable');
  expect(await code('loop.json')).toBe('unreadable');
});

test('a pipe in a file’s place is not waited for', async () => {
  const pipe = join(await makeFolder(), 'events.jsonl');
  execFileSync('mkfifo', [pipe]);
  const all = gather();
  await readJsonLines(pipe, createLineCursor(), all);
  expect(all.problems).toEqual([['unreadable', undefined]]);
  expect((await readJson(pipe)).problem?.code).toBe('unreadable');
});

interface Gathered {
  rows: [number, unknown][];
  problems: [string, number | undefined][];
  restarts: number;
}

function gather(): Gathered & Parameters<typeof readJsonLines>[2] {
  const gathered: Gathered = { rows: [], problems: [], restarts: 0 };
  return Object.assign(gathered, {
    restart: () => void (gathered.restarts += 1),
    row: ({ line, value }: { line: number; value: unknown }) => void gathered.rows.push([line, value]),
    problem: ({ code, line }: { code: string; line?: number }) => void gathered.problems.push([code, line]),
  });
}

test('reads on where it stopped; a torn last line waits', async () => {
  const folder = await makeFolder({ 'a.jsonl': '\uFEFF{"a":1}\r\n\r\n{"a":2}\r\n{"a":"é' });
  const file = join(folder, 'a.jsonl');
  const cursor = createLineCursor();
  const all = gather();
  expect(await readJsonLines(file, cursor, all)).toEqual({ torn: 4 });
  expect(await readJsonLines(file, cursor, all)).toEqual({ torn: 4 });
  await appendFile(file, '"}\n{"a":4}');
  expect(await readJsonLines(file, cursor, all)).toEqual({ torn: null });
  await appendFile(file, '\nnull\n{"a":5}\n');
  await readJsonLines(file, cursor, all);
  expect(all.rows).toEqual([
    [1, { a: 1 }],
    [3, { a: 2 }],
    [4, { a: 'é' }],
    [5, { a: 4 }],
    [7, { a: 5 }],
  ]);
  expect(all.problems).toEqual([['line-not-json', 6]]);
  expect(all.restarts).toBe(0);
});

test('a character torn between two reads is put together', async () => {
  const folder = await makeFolder();
  const file = join(folder, 'a.jsonl');
  const bytes = Buffer.from('{"a":"歌"}\n');
  const cursor = createLineCursor();
  const all = gather();
  await writeFile(file, bytes.subarray(0, 7));
  await readJsonLines(file, cursor, all);
  await appendFile(file, bytes.subarray(7));
  await readJsonLines(file, cursor, all);
  expect(all.rows).toEqual([[1, { a: '歌' }]]);
});

test('a file cut, rewritten or gone is read anew', async () => {
  const folder = await makeFolder({ 'a.jsonl': '{"a":1}\n{"a":2}\n' });
  const file = join(folder, 'a.jsonl');
  const cursor = createLineCursor();
  const all = gather();
  await readJsonLines(file, cursor, all);
  await writeFile(file, '{"b":1}\n');
  await readJsonLines(file, cursor, all);
  expect(all.restarts).toBe(1);
  await writeFile(file, '{"c":1}\n{"c":2}\n');
  await readJsonLines(file, cursor, all);
  expect(all.restarts).toBe(2);
  expect(all.rows.slice(2)).toEqual([
    [1, { b: 1 }],
    [1, { c: 1 }],
    [2, { c: 2 }],
  ]);
  await readJsonLines(join(folder, 'gone.jsonl'), cursor, all);
  expect(all.restarts).toBe(3);
  expect(all.problems).toEqual([]);
});

test('a line over the limit is left out, those around it are read', async () => {
  const long = `{"a":"${'x'.repeat(5 * 1024 * 1024)}"}`;
  const folder = await makeFolder({ 'a.jsonl': `{"a":1}\n${long}\n{"a":3}\n${long}` });
  const all = gather();
  expect(await readJsonLines(join(folder, 'a.jsonl'), createLineCursor(), all)).toEqual({ torn: 4 });
  expect(all.rows.map(([line]) => line)).toEqual([1, 3]);
  expect(all.problems).toEqual([['line-too-long', 2]]);
});
