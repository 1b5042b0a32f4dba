import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendLine, openToAppend, type AppendFile } from '../../../src/notes/appendLine';
import { parseRecord } from '../../../src/notes/record';

let folder = '';
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), 'earmark-append-'));
});
afterEach(() => fs.rm(folder, { recursive: true, force: true }));

/** A disk that takes only `room` bytes in all. */
function nearlyFull(room: number): (file: string) => Promise<AppendFile> {
  let left = room;
  return async (file) => {
    const real = await openToAppend(file);
    return {
      stat: () => real.stat(),
      read: (...args) => real.read(...args),
      write: async (bytes) => {
        if (left === 0) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        const part = bytes.subarray(0, left);
        left -= part.length;
        return real.write(part);
      },
      sync: () => real.sync(),
      close: () => real.close(),
    };
  };
}

describe('appendLine', () => {
  it('makes the folders, and makes them again when they were deleted', async () => {
    const file = join(folder, 'notes', 'run', 'a.jsonl');
    await appendLine(file, '1');
    await fs.rm(join(folder, 'notes'), { recursive: true });
    await appendLine(file, '2');
    expect(await fs.readFile(file, 'utf8')).toBe('2\n');
  });

  it('ends a line that was left torn before it writes', async () => {
    const file = join(folder, 'a.jsonl');
    await fs.writeFile(file, '1\n{"to');
    await appendLine(file, '2');
    expect(await fs.readFile(file, 'utf8')).toBe('1\n{"to\n2\n');
  });

  it.each([0, 1, 5, 9])(
    'says that a disk with room for %i bytes is full, and the next line is whole',
    async (room) => {
      const file = join(folder, 'a.jsonl');
      await appendLine(file, '1');
      const before = await fs.readFile(file, 'utf8');
      await expect(appendLine(file, '"123456789"', nearlyFull(room))).rejects.toMatchObject({
        code: 'ENOSPC',
      });
      expect(await fs.readFile(file, 'utf8')).toBe(before + '"123456789"'.slice(0, room));
      await appendLine(file, '3');
      const lines = (await fs.readFile(file, 'utf8')).trim().split('\n');
      expect([lines[0], lines.at(-1)]).toEqual(['1', '3']);
    },
  );

  it('ends the piece itself where there is room for that again', async () => {
    const file = join(folder, 'a.jsonl');
    let writes = 0;
    const once = async (path: string): Promise<AppendFile> => {
      const real = await openToAppend(path);
      const short = (bytes: Buffer) => real.write(writes++ === 0 ? bytes.subarray(0, 2) : bytes);
      return {
        stat: () => real.stat(),
        read: (...args) => real.read(...args),
        write: short,
        sync: () => real.sync(),
        close: () => real.close(),
      };
    };
    await expect(appendLine(file, '12345', once)).rejects.toThrow();
    expect(await fs.readFile(file, 'utf8')).toBe('12\n');
  });

  it('goes through no link and waits for no pipe', async () => {
    await fs.writeFile(join(folder, 'victim'), 'dear\n');
    await fs.symlink(join(folder, 'victim'), join(folder, 'a.jsonl'));
    await expect(appendLine(join(folder, 'a.jsonl'), '1')).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await fs.readFile(join(folder, 'victim'), 'utf8')).toBe('dear\n');
  });

  it('lets two windows append at once: nothing lost, torn or doubled', async () => {
    const file = join(folder, 'a.jsonl');
    const start = async (name: string): Promise<ChildProcess> => {
      const child = fork(join(__dirname, 'appendProcess.ts'), [file, name, '500'], {
        execArgv: ['--import', 'tsx'],
      });
      await once(child, 'message');
      return child;
    };
    const windows = await Promise.all([start('Ann'), start('Bob')]);
    const ends = windows.map((window) => once(window, 'exit'));
    for (const window of windows) window.send('go');
    expect((await Promise.all(ends)).map(([code]) => code as number)).toEqual([0, 0]);

    const lines = (await fs.readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
    const records = lines.map((line) => parseRecord(line));
    expect(records.every(({ fault }) => fault === null)).toBe(true);
    expect(records).toHaveLength(1000);
    for (const name of ['Ann', 'Bob']) {
      const ids = records.flatMap(({ record }) => (record?.by === name ? [record.id] : []));
      expect(ids).toEqual(Array.from({ length: 500 }, (_, index) => `${name}-${index}`));
    }
  });
});
