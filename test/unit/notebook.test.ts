import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { Library } from '../../src/library';
import { Notebook, type NotebookOptions } from '../../src/notebook';
import { formatRecord } from '../../src/notes/record';
import { runDraft, rowDraft } from '../../src/views/comparisonNotes';
import { makeFolder } from './files/folders';
import { record } from './notes/records';
import { below, earmarkRun } from './runs/samples';

/** A workspace with one run, `id-a`, its library and a notebook on it. */
async function open(options: Partial<NotebookOptions> = {}) {
  const folder = await makeFolder(below('output', earmarkRun('id-a', 'output')));
  const library = new Library({
    roots: () => [{ path: folder, label: 'workspace' }],
    depth: () => 6,
    exclude: () => ['listening-notes'],
  });
  await library.refresh();
  const notes = join(folder, 'listening-notes');
  const windowOf = (rater: string) =>
    new Notebook({
      library,
      folder: () => notes,
      base: () => folder,
      rater: () => Promise.resolve(rater),
      machine: 'laptop',
      warn: () => undefined,
      ...options,
    });
  const notebook = windowOf('Ann');
  await notebook.refresh();
  const [run, evaluation] = [library.run('id-a'), library.evaluation('id-a:evaluation')];
  if (run === undefined || evaluation === undefined) throw new Error('The run was not found');
  const say = (text: string, replaces: string | null = null, by = notebook) =>
    by.save(runDraft(run, { text, replaces }, { library, notebook: by }));
  const texts = (by = notebook) => by.notesOf('id-a').map((note) => note.text);
  return { folder, notes, library, notebook, windowOf, run, evaluation, say, texts };
}

describe('a note', () => {
  it('is on disk, in the list and on its page as soon as it is saved', async () => {
    const { notes, notebook, say, texts } = await open();
    const told = vi.fn();
    notebook.onDidChange(told);
    await say('warmer than before');
    expect(texts()).toEqual(['warmer than before']);
    expect(told).toHaveBeenCalled();
    const lines = await readFile(join(notes, 'output', 'Ann-laptop.jsonl'), 'utf8');
    expect(JSON.parse(lines)).toMatchObject({
      by: 'Ann',
      op: 'note',
      run: 'id-a',
      text: 'warmer than before',
    });
    expect(await readFile(join(notes, 'output.md'), 'utf8')).toMatch(/warmer than before/);
  });

  it('is edited and taken back by new lines', async () => {
    const { notes, notebook, say, texts } = await open();
    await say('hiss');
    const [note] = notebook.notesOf('id-a');
    await say('hiss at the end', note?.id);
    expect(texts()).toEqual(['hiss at the end']);
    await notebook.retract(note?.id ?? '');
    expect(texts()).toEqual([]);
    const lines = await readFile(join(notes, 'output', 'Ann-laptop.jsonl'), 'utf8');
    expect(lines.trim().split('\n')).toHaveLength(3);
  });

  it('that is gone can be neither edited nor taken back, and that is said', async () => {
    const { notebook, say } = await open();
    await expect(say('again', '01ARZ3NDEKTSV4RRFFQ69G5FAV')).rejects.toThrow(/That note is gone/);
    await expect(notebook.retract('01ARZ3NDEKTSV4RRFFQ69G5FAV')).rejects.toThrow(/That note is gone/);
  });

  it('has no place while no folder is open, and the next step is named', async () => {
    const { say } = await open({ folder: () => null });
    await expect(say('lost')).rejects.toMatchObject({
      message: expect.stringMatching(/earmark\.notes\.folder/) as string,
      next: { command: 'workbench.action.openSettings' },
    });
  });
});

describe('other hands', () => {
  it('are followed: what another window wrote is there after a look', async () => {
    const { notebook, windowOf, say, texts } = await open();
    const other = windowOf('Bob');
    await say('from Bob', null, other);
    expect(texts()).toEqual([]);
    await notebook.refresh();
    expect(texts()).toEqual(['from Bob']);
    expect([notebook.rater, notebook.notesOf('id-a')[0]?.by]).toEqual(['Ann', 'Bob']);
  });

  it('are told about once, and nothing is written by just looking', async () => {
    const { notes, notebook } = await open();
    const told = vi.fn();
    notebook.onDidChange(told);
    await notebook.refresh();
    expect(told).not.toHaveBeenCalled();
    await expect(readdir(notes)).rejects.toThrow(/ENOENT/);

    await mkdir(join(notes, 'output'), { recursive: true });
    await writeFile(
      join(notes, 'output', 'Bob-desk.jsonl'),
      `${formatRecord(record({ id: '1', run: 'id-a', text: 'by hand' }))}\nnonsense\n`,
    );
    await notebook.refresh();
    expect(told).toHaveBeenCalledTimes(1);
    expect(notebook.problems).toHaveLength(1);
    await notebook.refresh();
    expect(told).toHaveBeenCalledTimes(1);
    // The page of the run follows.
    await vi.waitFor(async () => expect(await readFile(join(notes, 'output.md'), 'utf8')).toMatch(/by hand/));
  });

  it('may change folder and rater in the settings at any time', async () => {
    const [folder, rater] = [vi.fn<() => string | null>(), vi.fn<() => Promise<string>>()];
    const elsewhere = await makeFolder();
    folder.mockReturnValue(null);
    rater.mockResolvedValue('Ann');
    const { notes, notebook, say, texts } = await open({ folder, rater });
    folder.mockReturnValue(notes);
    await notebook.refresh();
    await say('here');
    folder.mockReturnValue(elsewhere);
    rater.mockResolvedValue('Bob');
    await notebook.refresh();
    expect(texts()).toEqual([]);
    await say('there');
    expect(notebook.notesOf('id-a').map(({ by, text }) => [by, text])).toEqual([['Bob', 'there']]);
    folder.mockReturnValue(notes);
    await notebook.refresh();
    expect(texts()).toEqual(['here']);
  });
});

describe('a clip', () => {
  it('is heard once it was played long enough, and unheard again when its bytes change', async () => {
    const { notebook, windowOf, evaluation } = await open();
    const [clip] = evaluation.clips;
    if (clip === undefined) throw new Error('no clip');
    notebook.knowHash(clip, 'aaa');
    expect(notebook.heard(evaluation, clip)).toBe(false);
    await notebook.hear(evaluation, clip, [0, 9]);
    await notebook.hear(evaluation, clip, [2, 12]);
    expect(notebook.heard(evaluation, clip)).toBe(true);

    const next = windowOf('Ann');
    await next.refresh();
    expect(next.heard(evaluation, clip)).toBe(true);
    next.knowHash(clip, 'bbb');
    expect(next.heard(evaluation, clip)).toBe(false);

    // Somebody else's ears.
    const other = windowOf('Bob');
    await other.refresh();
    expect(other.heard(evaluation, clip)).toBe(false);
  });

  it('is written down once, however often it is heard', async () => {
    const { notes, notebook, evaluation } = await open();
    for (const clip of evaluation.clips) {
      await notebook.hear(evaluation, clip, [0, 9]);
      await notebook.hear(evaluation, clip, [0, 9]);
    }
    const lines = await readFile(join(notes, 'output', 'Ann-laptop.jsonl'), 'utf8');
    expect(lines.trim().split('\n')).toHaveLength(evaluation.clips.length);
  });

  it('tells those who listen when its hash becomes known', async () => {
    const { notebook, evaluation } = await open();
    const [clip] = evaluation.clips;
    if (clip === undefined) throw new Error('no clip');
    const told = vi.fn();
    notebook.onDidChange(told);
    notebook.knowHash(clip, 'aaa');
    expect(notebook.hashOf(clip)).toBe('aaa');
    await vi.waitFor(() => expect(told).toHaveBeenCalled());
  });
});

describe('a run that moved', () => {
  it('brings its notes along when its clips are recognised', async () => {
    const { folder, library, notebook, evaluation } = await open();
    const draftOn = (text: string) =>
      rowDraft(
        evaluation,
        { prompt: evaluation.prompts[0] ?? null, take: 'best', text },
        { library, notebook },
      );
    const best = evaluation.clips.find(({ take }) => take === 'best');
    if (best === undefined) throw new Error('no clip');
    notebook.knowHash(best, 'bytes of best');
    await notebook.save(draftOn('keeps the bass line'));

    // The same folder under another name; its run.json, and with it the id, is gone.
    await rename(join(folder, 'output', 'run.json'), join(folder, 'run.json.old'));
    await rename(join(folder, 'output'), join(folder, 'renamed'));
    await library.refresh();
    const [moved] = library.runs;
    const clip = library.evaluationsOf(moved?.id ?? '')[0]?.clips.find(({ take }) => take === 'best');
    if (moved === undefined || clip === undefined) throw new Error('The run was not found again');
    expect(moved.id).not.toBe('id-a');
    notebook.knowHash(clip, 'bytes of best');
    await notebook.refresh();
    expect(notebook.notesOf(moved.id).map(({ text }) => text)).toEqual(['keeps the bass line']);
  });
});

describe('the page of a run', () => {
  it('is named from the workspace where it lies in it, else in full', async () => {
    const { notebook, notes } = await open();
    expect(notebook.pathOf('id-a', 'output')).toBe('listening-notes/output.md');
    const elsewhere = await open({ base: () => '/another/place' });
    expect(elsewhere.notebook.pathOf('id-a', 'output')).toBe(`${elsewhere.notes}/output.md`);
    expect((await open({ folder: () => null })).notebook.pathOf('id-a', 'output')).toBe('');
    expect(notes).not.toBe(elsewhere.notes);
  });

  it('is not made where there is nothing to say', async () => {
    const { notebook } = await open();
    expect(await notebook.render('id-a')).toBeNull();
    expect(await notebook.render('no such run')).toBeNull();
  });
});
