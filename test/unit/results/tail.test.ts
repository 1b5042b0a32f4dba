import { appendFile, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contents, makePair, runFiles } from './support';

describe('Mirror.append', () => {
  const events = 'output/events.jsonl';
  const line = (n: number): string => `{"n":${n}}\n`;

  it('adds in order, once, and the next sync agrees', async () => {
    const { remote, folder, mirror, window } = await makePair(runFiles('output'));
    await mirror.sync();
    const path = join(remote, events);
    const { inode, offset } = await mirror.tailFrom(path);
    expect(inode).toBe((await stat(path)).ino);
    expect(offset).toBe((await stat(path)).size);
    await appendFile(path, line(1) + line(2));
    const { size, ino } = await stat(path);
    const tail = { path, inode: ino, size, offset, bytes: Buffer.from(line(1)) };
    await mirror.append(tail);
    await mirror.append(tail);
    await window().append({ ...tail, bytes: Buffer.from(line(1) + line(2)) });
    await mirror.append({ ...tail, offset: size + 7, bytes: Buffer.from(line(9)) });
    expect(await readFile(join(folder, events), 'utf8')).toBe(await readFile(path, 'utf8'));
    const before = await stat(join(folder, events));
    expect((await mirror.sync()).arrived).toBe(0);
    expect((await stat(join(folder, events))).ino).toBe(before.ino);
  });

  it('begins anew with a file that was replaced or cut', async () => {
    const { remote, folder, mirror } = await makePair(runFiles('output'));
    await mirror.sync();
    const path = join(remote, events);
    const { ino, size } = await stat(path);
    await mirror.append({ path, inode: ino + 1, size: 99, offset: 50, bytes: Buffer.from(line(8)) });
    expect((await stat(join(folder, events))).size).toBe(size);
    await mirror.append({ path, inode: ino + 1, size: 8, offset: 0, bytes: Buffer.from(line(1)) });
    expect(await readFile(join(folder, events), 'utf8')).toBe(line(1));
    expect(await mirror.tailFrom(path)).toEqual({ path, inode: ino + 1, offset: 8 });
    await mirror.append({ path, inode: ino + 1, size: 4, offset: 0, bytes: Buffer.from('{}\n') });
    expect(await readFile(join(folder, events), 'utf8')).toBe('{}\n');
  });

  it('makes the file of a run that is new, and touches nothing else', async () => {
    const { remote, folder, mirror } = await makePair({});
    const tail = { inode: 5, size: 8, offset: 0, bytes: Buffer.from(line(1)) };
    await mirror.append({ ...tail, path: join(remote, 'new', 'events.jsonl') });
    await mirror.append({ ...tail, path: join(remote, '..', 'events.jsonl') });
    await mirror.append({ ...tail, path: join(remote, '.mirror.json') });
    await mirror.append({ ...tail, path: join(remote, 'a.wav') });
    await mirror.append({ ...tail, path: '/etc/events.jsonl' });
    expect(Object.keys(await contents(folder))).toEqual(['new/events.jsonl']);
  });
});
