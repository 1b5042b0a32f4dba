import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HumanError } from '../../../src/errors';
import { adopt } from '../../../src/notes/adopt';
import { noteIds } from '../../../src/notes/noteId';
import { NotesStore } from '../../../src/notes/notesStore';
import { formatRecord, type NoteRecord } from '../../../src/notes/record';
import { record } from './records';

let folder = '';
beforeEach(async () => {
  folder = join(await fs.mkdtemp(join(tmpdir(), 'earmark-notes-')), 'listening-notes');
});
afterEach(() => fs.rm(dirname(folder), { recursive: true, force: true }));

const open = (rater = 'Ann', machine = 'laptop') => new NotesStore({ folder, rater, machine });

async function put(path: string, content: string | Buffer): Promise<string> {
  const file = join(folder, path);
  await fs.mkdir(dirname(file), { recursive: true });
  await fs.writeFile(file, content);
  return file;
}
const line = (...given: Parameters<typeof record>) => `${formatRecord(record(...given))}\n`;
const texts = (store: NotesStore, run = 'run-a') => store.notesOf(run).map((note) => note.text);

describe('append', () => {
  it('is there for this window and the next one', async () => {
    const store = open('Ann Lee', 'gpu/box');
    expect(await store.refresh()).toBe(false);
    await store.append(record({ id: '1', text: 'hiss' }), 'output_epoch1');
    expect(texts(store)).toEqual(['hiss']);
    expect(await fs.readdir(join(folder, 'output_epoch1'))).toEqual(['Ann-Lee-gpu-box.jsonl']);

    const next = open();
    expect(await next.refresh()).toBe(true);
    expect(texts(next)).toEqual(['hiss']);
    expect(await next.refresh()).toBe(false);
  });

  it('keeps namesakes apart, whatever the case of their names', async () => {
    const store = open();
    await store.append(record({ id: '1', run: 'x' }), 'output');
    await store.append(record({ id: '2', run: 'y' }), 'Output');
    await store.append(record({ id: '3', run: 'x' }), 'output');
    const next = open();
    await next.refresh();
    expect(next.folderOf('x', 'output')).toBe('output');
    expect(next.folderOf('y', 'Output')).toBe('Output-2');
    expect(next.folderOf('z', 'output')).toBe('output-3');
    expect(next.notesOf('x')).toHaveLength(2);
  });

  it('finds the folder that another window has just begun', async () => {
    const [one, two] = [open('Ann'), open('Bob')];
    await Promise.all([one.refresh(), two.refresh()]);
    await one.append(record({ id: '1', run: 'x' }), 'output');
    await two.append(record({ id: '2', run: 'y' }), 'output');
    expect(two.folderOf('y', 'output')).toBe('output-2');
  });

  it('saves all of many at once, in order', async () => {
    const store = open();
    const nextId = noteIds(() => 0);
    const ids = Array.from({ length: 50 }, nextId);
    await Promise.all(ids.map((id) => store.append(record({ id }), 'output')));
    expect(store.notesOf('run-a').map((note) => note.id)).toEqual(ids);
  });

  it.each(['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EIO'])(
    'says in a sentence what to do about %s',
    async (code) => {
      const fail = () => Promise.reject(Object.assign(new Error('low words'), { code }));
      const store = new NotesStore({ folder, rater: 'Ann', machine: 'm', open: fail });
      const saved = store.append(record({ id: '1' }), 'output');
      await expect(saved).rejects.toBeInstanceOf(HumanError);
      await expect(saved).rejects.toThrow(/^The note is not saved.*save again.*|Save again/);
      expect(texts(store)).toEqual([]);
    },
  );

  it('says so when something is in the way of the folder, and goes on when it is gone', async () => {
    await put('output', 'a file');
    const store = open();
    await expect(store.append(record({ id: '1' }), 'output')).rejects.toThrow(/in the way/);
    await fs.rm(join(folder, 'output'));
    await store.append(record({ id: '1' }), 'output');
    expect(texts(store)).toEqual(['text of 1']);
  });
});

describe('refresh', () => {
  it('reads on from where it stopped, and a torn last line when it is whole', async () => {
    const whole = line({ id: '2', text: 'second' });
    const file = await put('output/b.jsonl', line({ id: '1', text: 'first' }) + whole.slice(0, 30));
    const store = open();
    await store.refresh();
    expect(texts(store)).toEqual(['first']);
    expect(store.problems).toMatchObject([{ code: 'note-line-torn', file, line: 2 }]);
    await fs.appendFile(file, whole.slice(30));
    expect(await store.refresh()).toBe(true);
    expect(texts(store)).toEqual(['first', 'second']);
    expect(store.problems).toEqual([]);
  });

  it('takes a last line without its newline, once', async () => {
    const file = await put('output/b.jsonl', line({ id: '1' }).trimEnd());
    const store = open();
    await store.refresh();
    expect(texts(store)).toEqual(['text of 1']);
    await fs.appendFile(file, '\n');
    await store.refresh();
    expect(texts(store)).toEqual(['text of 1']);
  });

  it('reads the readable lines of a file edited into nonsense, and names the others by line', async () => {
    const file = await put(
      'output/b.jsonl',
      Buffer.concat([
        Buffer.from('\uFEFF' + line({ id: '1' })),
        Buffer.from('<<<<<<< HEAD\n\n[]\n"note"\n{"id":"x"}\n'),
        Buffer.from(line({ id: '2' }).replace('\n', '\r\n')),
        Buffer.from('\0\0\0' + line({ id: '3' })),
        Buffer.from(line({ id: '4', text: 'AXB' }).replace('X', '\u0000').replace('\u0000', 'é'), 'latin1'),
        Buffer.from(line({ id: '5', takes: ['best'] }).replace('["best"]', '"best"')),
        Buffer.from('x'.repeat(10 << 20) + '\n' + line({ id: '6' })),
      ]),
    );
    const store = open();
    await store.refresh();
    expect(texts(store)).toEqual(['text of 1', 'text of 2', 'text of 3', 'A\uFFFDB', 'text of 6']);
    expect(store.problems.map(({ code, line: at }) => [code, at])).toEqual([
      ['note-line-torn', 2],
      ['note-line-foreign', 4],
      ['note-line-foreign', 5],
      ['note-line-foreign', 6],
      ['note-line-damaged', 8],
      ['note-line-damaged', 9],
      ['note-line-foreign', 10],
      ['note-line-long', 11],
    ]);
    expect(store.problems.every((problem) => problem.file === file)).toBe(true);
  });

  it('keeps what a newer version wrote as far as it is known, and tells', async () => {
    const newer = formatRecord(record({ id: '1', v: 2, text: 'from the future' }));
    const op = formatRecord(record({ id: '2', op: 'applaud' }));
    const field = formatRecord(record({ id: '3' })).replace('{', '{"mood":"good",');
    const content = [newer, op, field, ''].join('\n');
    const file = await put('output/b.jsonl', content);
    const store = open();
    await store.refresh();
    expect(texts(store)).toEqual(['from the future', 'text of 3']);
    expect(store.problems.map(({ code }) => code)).toEqual([
      'note-line-newer',
      'note-line-op',
      'note-line-fields',
    ]);
    await store.append(record({ id: '4' }), 'output');
    expect(await fs.readFile(file, 'utf8')).toBe(content);
  });

  it('does not flood the list with the lines of a file that is none', async () => {
    await put('output/b.jsonl', 'nonsense\n'.repeat(5000));
    const store = open();
    await store.refresh();
    expect(store.problems.length).toBeLessThan(30);
    expect(store.problems.at(-1)?.message).toContain('5000');
  });

  it('sees edits in place, truncation, deletion and a file put in another’s place', async () => {
    const file = await put('output/b.jsonl', line({ id: '1', text: 'one' }) + line({ id: '2', text: 'two' }));
    const store = open();
    await store.refresh();
    await fs.writeFile(
      file,
      line({ id: '1', text: 'one, reworded' }) + line({ id: '2', text: 'two' }) + line({ id: '3' }),
    );
    expect(await store.refresh()).toBe(true);
    expect(texts(store)).toEqual(['one, reworded', 'two', 'text of 3']);
    await fs.writeFile(file, line({ id: '2', text: 'two' }));
    await store.refresh();
    expect(texts(store)).toEqual(['two']);
    await put('output/new', line({ id: '7' }) + line({ id: '8' }));
    await fs.rename(join(folder, 'output/new'), file);
    await store.refresh();
    expect(texts(store)).toEqual(['text of 7', 'text of 8']);
    await fs.rm(folder, { recursive: true });
    expect(await store.refresh()).toBe(true);
    expect(texts(store)).toEqual([]);
  });

  it('merges the files of raters and machines, the same line in two of them once', async () => {
    await put('output/Ann-laptop.jsonl', line({ id: '1' }) + line({ id: '3', op: 'retract', replaces: '2' }));
    await put('output/Ann-box.jsonl', line({ id: '2' }) + line({ id: '1' }));
    await put('elsewhere/Bob-pc.jsonl', line({ id: '4', by: 'Bob' }));
    const store = open();
    await store.refresh();
    expect(store.notesOf('run-a').map((note) => note.id)).toEqual(['1', '4']);
  });

  it('is not held up by things that are no notes', async () => {
    await put('README.md', 'hello');
    await put('.git/x.jsonl', 'x\n');
    await fs.mkdir(join(folder, 'output', 'folder.jsonl'), { recursive: true });
    const store = open();
    await store.refresh();
    expect(store.problems).toMatchObject([{ code: 'notes-file-unreadable' }]);
    expect(await store.refresh()).toBe(false);
  });
});

describe('heardOf and orphans', () => {
  const hear: Partial<NoteRecord> = {
    op: 'hear',
    evaluation: 'evaluation',
    prompt: 'p',
    takes: ['best'],
    clip_sha256: { best: 'h1' },
  };

  it('tells what this rater heard', async () => {
    await put(
      'output/a.jsonl',
      line({ id: '1', ...hear }) + line({ id: '2', ...hear, by: 'Bob', takes: ['final'] }),
    );
    const store = open();
    await store.refresh();
    expect(store.heardOf('run-a')).toEqual([
      { evaluation: 'evaluation', prompt: 'p', take: 'best', sha256: 'h1', by: 'Ann' },
    ]);
    expect(store.heardByAnyone('run-a')).toHaveLength(2);
    expect(texts(store)).toEqual([]);
  });

  it('gives a moved run its notes back by the clips, and goes on in their folder', async () => {
    await put(
      'output/a.jsonl',
      line({ id: '1', ...hear, run: 'old' }) + line({ id: '2', run: 'old', text: 'mine' }),
    );
    await put('lost/a.jsonl', line({ id: '3', run: 'gone', clip_sha256: { best: 'h9' } }));
    const store = open();
    await store.refresh();
    const orphans = store.orphans(new Set(['new', 'other']));
    const runs = [
      { id: 'other', name: 'other', hashes: new Set(['h1']) },
      { id: 'new', name: 'output', hashes: new Set(['h1', 'h2']) },
    ];
    const adopted = adopt(orphans, runs);
    expect([...adopted]).toEqual([['old', 'new']]);
    store.setAdopted(adopted);
    expect(texts(store, 'new')).toEqual(['mine']);
    expect(store.heardOf('new')).toHaveLength(1);
    await store.append(record({ id: '4', run: 'new' }), 'output');
    expect(await fs.readdir(folder)).toEqual(['lost', 'output']);
  });
});

describe('writeMarkdown', () => {
  const run = { id: 'run-a', name: 'output' };

  it('writes the page beside the folder, and only when it changed', async () => {
    const store = open();
    await store.append(record({ id: '1', text: 'hiss' }), 'output');
    const page = join(folder, 'output.md');
    expect(await store.writeMarkdown(run, [])).toEqual({ file: page, problem: null });
    expect(await fs.readFile(page, 'utf8')).toContain('hiss');
    const before = await fs.stat(page);
    await store.writeMarkdown(run, []);
    expect((await fs.stat(page)).ino).toBe(before.ino);
    await store.append(record({ id: '2', text: 'fades' }), 'output');
    await store.writeMarkdown(run, []);
    expect(await fs.readFile(page, 'utf8')).toContain('fades');
    expect(await fs.readdir(folder)).toEqual(['output', 'output.md']);
  });

  it('writes nothing for a run without notes', async () => {
    expect(await open().writeMarkdown(run, [])).toEqual({ file: null, problem: null });
  });

  it('never writes over a page that somebody wrote', async () => {
    const page = await put('output.md', '# My thoughts\n');
    const store = open();
    await store.append(record({ id: '1' }), 'output');
    const other = join(folder, 'output.notes.md');
    expect(await store.writeMarkdown(run, [])).toMatchObject({
      file: other,
      problem: { code: 'notes-page-foreign' },
    });
    expect(await fs.readFile(page, 'utf8')).toBe('# My thoughts\n');
    await fs.writeFile(other, 'mine too');
    expect(await store.writeMarkdown(run, [])).toMatchObject({
      file: null,
      problem: { severity: 'warning' },
    });
    expect(await fs.readFile(other, 'utf8')).toBe('mine too');
  });

  it('warns when the page cannot be written; the note is saved', async () => {
    const store = open();
    await store.append(record({ id: '1' }), 'output');
    await fs.mkdir(join(folder, 'output.md'));
    await fs.mkdir(join(folder, 'output.notes.md'));
    expect((await store.writeMarkdown(run, [])).file).toBeNull();
    expect(texts(store)).toEqual(['text of 1']);
  });
});
