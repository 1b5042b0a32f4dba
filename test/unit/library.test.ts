import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { Library } from '../../src/library';
import { makeFolder, makeOld, write } from './files/folders';
import { below, earmarkRun } from './runs/samples';

function open(...paths: readonly string[]): Library {
  return new Library({
    roots: () => paths.map((path) => ({ path, label: 'workspace' })),
    depth: () => 6,
    exclude: () => [],
  });
}

describe('Library', () => {
  it('knows nothing until it has looked, and then runs and their evaluations by id', async () => {
    const folder = await makeFolder(below('output', earmarkRun('id-a', 'output')));
    const library = open(folder);
    expect([library.looked, library.runs]).toEqual([false, []]);
    await library.refresh();
    expect(library.looked).toBe(true);
    expect(library.run('id-a')?.name).toBe('output');
    expect(library.evaluationsOf('id-a').map(({ name }) => name)).toEqual(['evaluation']);
    expect(library.evaluation('id-a:evaluation')?.run).toBe('id-a');
    expect(library.run('id-b')).toBeUndefined();
    expect(library.evaluation('id-b:evaluation')).toBeUndefined();
    expect(library.evaluationsOf('id-b')).toEqual([]);
  });

  it('tells at the first look even that there is nothing, and then only of changes', async () => {
    const folder = await makeFolder();
    const library = open(folder);
    const told = vi.fn();
    library.onDidChange(told);
    await library.refresh();
    expect(told).toHaveBeenCalled();
    told.mockClear();
    await library.refresh();
    expect(told).not.toHaveBeenCalled();

    await write(folder, below('output', earmarkRun('id-a', 'output')));
    await library.refresh();
    expect(told).toHaveBeenCalled();
  });

  it('tells of runs before their evaluations are read', async () => {
    const library = open(await makeFolder(below('output', earmarkRun('id-a', 'output'))));
    const told: [runs: number, evaluations: number][] = [];
    library.onDidChange(() => told.push([library.runs.length, library.evaluationsOf('id-a').length]));
    await library.refresh();
    expect(told).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });

  it('keeps the very objects while nothing changes', async () => {
    const folder = await makeFolder(below('output', earmarkRun('id-a', 'output')));
    const library = open(folder);
    await library.refresh();
    const [runs, evaluations] = [library.runs, library.evaluationsOf('id-a')];
    await library.refresh();
    expect(library.runs).toBe(runs);
    expect(library.evaluationsOf('id-a')).toBe(evaluations);
  });

  it('sees what grew and what went', async () => {
    const folder = await makeFolder({
      ...below('output', earmarkRun('id-a', 'output')),
      ...below('other', earmarkRun('id-b', 'other')),
    });
    const library = open(folder);
    await library.refresh();
    const untouched = library.run('id-b');
    await appendFile(
      join(folder, 'output', 'events.jsonl'),
      '{"v":1,"t":1800000000,"type":"valid","step":400,"loss":7.5}\n',
    );
    await makeOld(join(folder, 'output', 'events.jsonl'));
    await write(folder, { 'output/evaluation/best_model/002_b.wav': 'RIFF' });
    await library.refresh();
    expect(library.run('id-a')?.valid.at(-1)?.loss).toBe(7.5);
    expect(library.evaluationsOf('id-a')[0]?.prompts).toHaveLength(2);
    expect(library.run('id-b')).toStrictEqual(untouched);

    await rm(join(folder, 'output'), { recursive: true });
    await library.refresh();
    expect(library.runs.map(({ id }) => id)).toEqual(['id-b']);
    expect(library.evaluationsOf('id-a')).toEqual([]);
  });

  it('tells nobody who stopped listening', async () => {
    const library = open(await makeFolder());
    const told = vi.fn();
    library.onDidChange(told).dispose();
    await library.refresh();
    expect(told).not.toHaveBeenCalled();
  });

  it('says that a folder it was sent to is not there', async () => {
    const folder = await makeFolder();
    const library = open(folder, join(folder, 'nowhere'));
    await library.refresh();
    expect(library.problems.map(({ file }) => file)).toEqual([join(folder, 'nowhere')]);
  });
});
