import {
  appendFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HumanError } from '../../../src/errors';
import { localTransport } from '../../../src/hosts/localTransport';
import { readNotFetched } from '../../../src/results/notFetched';
import { makeFolder } from '../files/folders';
import { changed, contents, makePair, runFiles, settle, wav, write } from './support';

const weights = 'output/best_model/adapter_model.safetensors';

describe('Mirror.sync', () => {
  it('brings all that readers want, byte for byte, and no weights', async () => {
    const { remote, folder, mirror } = await makePair(runFiles('output'));
    const report = await mirror.sync();
    expect(report).toMatchObject({ elsewhere: false, arrived: 17, state: { problems: [], filesToCome: 0 } });
    expect(report.state.clips).toEqual({ here: 12, total: 12 });
    const note = 'output/best_model/.not-fetched.json';
    const { [weights]: left, ...there } = await contents(remote);
    const { [note]: said, ...here } = await contents(folder);
    expect(here).toEqual(there);
    expect([left, said]).not.toContain(undefined);
    expect(await readNotFetched(join(folder, 'output/best_model'))).toEqual([
      { name: 'adapter_model.safetensors', size: 50_000 },
    ]);
  });

  it('brings what is new and nothing twice, also in another window and without its index', async () => {
    const { remote, folder, mirror, window } = await makePair(runFiles('output'));
    await mirror.sync();
    expect((await mirror.sync()).arrived).toBe(0);
    expect((await window().sync()).arrived).toBe(0);
    await rm(join(folder, '.mirror.json'));
    expect((await window().sync()).arrived).toBe(0);
    await write(remote, { 'output/evaluation/base_model/005_b.wav': wav(7) });
    await settle(remote);
    expect((await mirror.sync()).arrived).toBe(1);
  });

  it('replaces what changed on the host', async () => {
    const { remote, folder, mirror } = await makePair(runFiles('output'));
    await mirror.sync();
    const clip = 'output/evaluation/base_model/001_a.wav';
    await writeFile(join(remote, clip), wav(20));
    await utimes(join(remote, clip), 1.7e9, 1.7e9 + 1);
    expect((await mirror.sync()).arrived).toBe(1);
    expect(await readFile(join(folder, clip), 'utf8')).toBe(wav(20));
  });

  it('brings again what was deleted or damaged here', async () => {
    const { remote, folder, mirror, window } = await makePair(runFiles('output'));
    await mirror.sync();
    const before = await contents(folder);
    await rm(join(folder, 'output/evaluation'), { recursive: true });
    await writeFile(join(folder, 'output/run.json'), '');
    await window().sync();
    expect(await contents(folder)).toEqual(before);
    await rm(join(folder, 'output/events.jsonl'));
    await appendFile(join(remote, 'output/events.jsonl'), '{}\n');
    await mirror.sync();
    expect(Object.keys(await contents(folder))).toEqual(Object.keys(before));
    await rm(folder, { recursive: true });
    await mirror.sync();
    expect(Object.keys(await contents(folder))).toEqual(Object.keys(before));
  });

  it('leaves a clip alone that was written to just now, and tells that it is to come', async () => {
    const { remote, mirror } = await makePair(runFiles('output'));
    const future = Date.now() / 1000;
    await utimes(join(remote, 'output/evaluation/base_model/001_a.wav'), future, future);
    const { arrived, state } = await mirror.sync();
    expect([arrived, state.filesToCome, state.clips]).toEqual([16, 1, { here: 11, total: 12 }]);
  });

  it('brings prompt by prompt, and stops at the limit and says so', async () => {
    const { folder, mirror } = await makePair(runFiles('output'), { limitBytes: () => 13_000 });
    const { state } = await mirror.sync();
    const clips = Object.keys(await contents(folder)).filter((path) => path.endsWith('.wav'));
    expect(clips).toEqual([
      'output/evaluation/base_model/001_a.wav',
      'output/evaluation/base_model/002_a.wav',
      'output/evaluation/best_model/001_a.wav',
      'output/evaluation/final_model/001_a.wav',
    ]);
    expect(state.clips).toEqual({ here: 4, total: 12 });
    expect(state.problems.map(({ code }) => code)).toEqual(['mirror-limit']);
    expect(state.problems[0]?.message).toMatch(/^8 files \(0.1 MB\) stay on the host/);
  });

  it('stops before the disk is full, and says what is lacking', async () => {
    const free = [64_010_000, 64_000_500];
    const { mirror } = await makePair(runFiles('output'), {
      freeBytes: () => Promise.resolve(free.shift() ?? 0),
    });
    const { arrived, state } = await mirror.sync();
    expect(arrived).toBeGreaterThan(0);
    expect(state.clips.here).toBe(3);
    expect(state.problems).toMatchObject([
      { code: 'mirror-disk-full', message: expect.stringContaining('0.1 MB more are needed') as string },
    ]);
  });

  it('keeps what the host no longer has, and says so until it is there again', async () => {
    const { remote, folder, mirror } = await makePair(runFiles('output'));
    await mirror.sync();
    const before = await contents(folder);
    await rename(join(remote, 'output/evaluation'), join(remote, '.aside'));
    const { problems } = (await mirror.sync()).state;
    expect(problems.map(({ code, message }) => [code, message])).toEqual([
      ['mirror-kept', '14 files are no longer on the host. What was fetched of them is kept here.'],
    ]);
    expect(await contents(folder)).toEqual(before);
    await rename(join(remote, '.aside'), join(remote, 'output/evaluation'));
    expect((await mirror.sync()).state.problems).toEqual([]);
  });

  it('forgets a run that was deleted on the host and here: it takes no room any more', async () => {
    const { remote, folder, mirror } = await makePair({ ...runFiles('old'), ...runFiles('new') });
    await mirror.sync();
    await rm(join(remote, 'old'), { recursive: true });
    expect((await mirror.sync()).state.problems.map(({ code }) => code)).toEqual(['mirror-kept']);
    await rm(join(folder, 'old'), { recursive: true });
    await appendFile(join(remote, 'new/events.jsonl'), '{"v":1,"t":2,"type":"status","state":"completed"}\n');
    expect((await mirror.sync()).state.problems).toEqual([]);
    expect(await readFile(join(folder, '.mirror.json'), 'utf8')).not.toContain('old/');
  });

  it('puts nothing in place that was damaged on the way, asks again, and tells when that does not help', async () => {
    let flips = 1;
    const link = changed(localTransport('box'), async (chunk, onBytes) => {
      // The first byte of a clip is another one.
      const at = Buffer.from(chunk).indexOf('KKK');
      if (at !== -1 && flips-- > 0) chunk[at] = 0;
      await onBytes(chunk);
    });
    const { remote, folder, window } = await makePair(
      { 'o/evaluation/a/1.wav': wav(10) },
      { transport: link },
    );
    expect(await window().sync()).toMatchObject({ arrived: 1, state: { problems: [] } });
    flips = Infinity;
    await rm(folder, { recursive: true });
    const { arrived, state } = await window().sync();
    expect([arrived, state.problems.map(({ code }) => code)]).toEqual([0, ['mirror-damaged']]);
    expect(await contents(folder)).toEqual({});
    expect(Object.keys(await contents(remote))).toHaveLength(1);
  });

  it('tells of every step', async () => {
    const { mirror } = await makePair(runFiles('output'));
    const told: (readonly [boolean, number, number])[] = [];
    mirror.onDidChange(() => {
      const { syncing, clips, bytesToCome } = mirror.state;
      told.push([syncing, clips.here, bytesToCome]);
    });
    await mirror.sync();
    expect(told[0]).toEqual([true, 0, 0]);
    expect(told).toContainEqual([true, 3, 9 * 3000]);
    expect(told.at(-1)).toEqual([false, 12, 0]);
  });

  it('tells that the host is not there, or will not', async () => {
    const { mirror } = await makePair(
      {},
      { tools: () => Promise.resolve({ python: 'earmark-no-python', results: '' }) },
    );
    const [problem] = (await mirror.sync()).state.problems;
    expect(problem?.code).toBe('mirror-no-answer');
    expect(problem?.message).toMatch(/^box did not answer.*ENOENT/);
    const { mirror: lost } = await makePair({}, { remote: '/no/such/folder' });
    expect((await lost.sync()).state.problems).toMatchObject([
      { code: 'mirror-refused', message: 'box: /no/such/folder is not there, or is no folder.' },
    ]);
  });

  it('tells in their own words why it may not begin', async () => {
    const refusal = new HumanError('This workspace is not trusted. Trust it first.');
    const { mirror } = await makePair({}, { tools: () => Promise.reject(refusal) });
    expect((await mirror.sync()).state.problems).toMatchObject([
      { code: 'mirror-refused', message: 'box: This workspace is not trusted. Trust it first.' },
    ]);
  });

  it('goes through no link that lies in the mirror', async () => {
    const { folder, mirror } = await makePair(runFiles('output'));
    const outside = await makeFolder();
    await mkdir(folder);
    await symlink(outside, join(folder, 'output'));
    expect((await mirror.sync()).state.problems.map(({ code }) => code)).toEqual(['mirror-in-the-way']);
    expect(await contents(outside)).toEqual({});
  });

  it('is stopped without a word about it', async () => {
    const stop = new AbortController();
    const { mirror } = await makePair(runFiles('output'));
    mirror.onDidChange(() => {
      if (mirror.state.clips.here === 3) stop.abort();
    });
    const { state } = await mirror.sync(stop.signal);
    expect([state.syncing, state.problems]).toEqual([false, []]);
    expect((await mirror.sync()).state.clips.here).toBe(12);
  });
});

describe('two windows', () => {
  it('share the work: one brings, the other sees', async () => {
    const { remote, folder, mirror, window } = await makePair(runFiles('output', 9));
    const reports = await Promise.all([mirror, window(), window(), window()].map((one) => one.sync()));
    expect(reports.filter(({ elsewhere }) => !elsewhere).length).toBeGreaterThan(0);
    expect(reports.reduce((sum, { arrived }) => sum + arrived, 0)).toBe(32);
    expect(Object.keys(await contents(folder))).toHaveLength(Object.keys(await contents(remote)).length);
  });

  it('take the lock of one that was killed', async () => {
    const { folder, mirror } = await makePair(runFiles('output'));
    await mirror.sync();
    const { hostname } = await import('node:os');
    const lock = join(folder, '.incoming', 'lock');
    await writeFile(lock, `${hostname()} ${process.pid} alive`);
    expect((await mirror.sync()).elsewhere).toBe(true);
    await writeFile(lock, `${hostname()} 4194999 killed`);
    expect((await mirror.sync()).elsewhere).toBe(false);
    await writeFile(lock, `another-machine 1 asleep`);
    expect((await mirror.sync()).elsewhere).toBe(true);
    await utimes(lock, 1.7e9, 1.7e9);
    expect((await mirror.sync()).elsewhere).toBe(false);
  });
});

describe('Mirror.fetch', () => {
  it('brings a checkpoint whole, whatever the limit', async () => {
    const { remote, folder, mirror } = await makePair(runFiles('output'), { limitBytes: () => 0 });
    const report = await mirror.fetch([join(remote, 'output/best_model')]);
    expect(report).toMatchObject({ arrived: 2, state: { problems: [] } });
    expect(await readFile(join(folder, weights), 'utf8')).toBe('w'.repeat(50_000));
    expect(await readNotFetched(join(folder, 'output/best_model'))).toEqual([]);
    expect((await mirror.fetch(['/etc', join(remote, '../x')])).arrived).toBe(0);
  });

  it('says of each folder what is on the host only, whatever came, went or was broken off', async () => {
    const place = 'output/best_model';
    const { remote, folder, window } = await makePair({
      ...runFiles('output'),
      [`${place}/more.safetensors`]: 'm'.repeat(50_000),
    });
    const lacking = async (): Promise<string[]> =>
      (await readNotFetched(join(folder, place))).map(({ name }) => name);
    await window().sync();
    expect(await lacking()).toEqual(['adapter_model.safetensors', 'more.safetensors']);

    let sent = 0;
    const link = changed(localTransport('box'), async (chunk, onBytes) => {
      // However it comes in chunks, no byte after these is seen.
      await onBytes(chunk.subarray(0, Math.max(0, 60_000 - sent)));
      sent += chunk.length;
      if (sent > 60_000) throw new Error('cut');
    });
    expect((await window({ transport: link }).fetch([join(remote, place)])).state.problems).toHaveLength(1);
    expect(await lacking()).toEqual(['more.safetensors']);

    // Deleted here, and something is new there.
    await rm(join(folder, weights));
    await write(remote, { 'output/evaluation/base_model/009_n.wav': wav(9) });
    await settle(remote);
    await window().sync();
    expect(await lacking()).toEqual(['adapter_model.safetensors', 'more.safetensors']);

    await rm(join(remote, place), { recursive: true });
    await window().sync();
    expect(await readdir(join(folder, place))).toEqual(['adapter_config.json']);
    await rm(join(folder, place), { recursive: true });
    await write(remote, { [`${place}/more.safetensors`]: 'm' });
    await settle(remote);
    await window().sync();
    expect(await lacking()).toEqual(['more.safetensors']);
    await rm(join(remote, place), { recursive: true });
    await window().sync();
    expect(await readdir(join(folder, 'output'))).not.toContain('best_model');
  });

  it('goes on where it was cut', async () => {
    const big = 'x'.repeat(3_000_000);
    const pair = await makePair({ 'output/best_model/model.bin': big });
    let sent = 0;
    let broken = true;
    const link = changed(localTransport('box'), async (chunk, onBytes) => {
      sent += chunk.length;
      if (broken && sent > 1_500_000) throw new Error('cut');
      await onBytes(chunk);
    });
    const mirror = pair.window({ transport: link });
    expect((await mirror.fetch([pair.remote])).state.problems).toHaveLength(1);
    [sent, broken] = [0, false];
    expect((await mirror.fetch([pair.remote])).arrived).toBe(1);
    expect(sent).toBeLessThan(2_100_000);
    expect(await readFile(join(pair.folder, 'output/best_model/model.bin'), 'utf8')).toBe(big);
  });
});

describe('paths', () => {
  it('lead from the host here and back', async () => {
    const { remote, folder, mirror } = await makePair({});
    expect(mirror.localPath(join(remote, 'output/a.wav'))).toBe(join(folder, 'output/a.wav'));
    expect(mirror.localPath(remote)).toBe(folder);
    expect(mirror.localPath(`${remote}-evil/a.wav`)).toBeNull();
    expect(mirror.localPath(join(remote, '../a.wav'))).toBeNull();
    expect(mirror.remotePath(join(folder, 'output/a.wav'))).toBe(join(remote, 'output/a.wav'));
    expect(mirror.remotePath(folder)).toBe(remote);
    expect(mirror.remotePath(join(folder, '../x'))).toBeNull();
    expect(mirror.remotePath(join(folder, '.incoming/lock'))).toBeNull();
  });

  it('are told apart where this disk could not', async () => {
    const files = {
      'o/evaluation/a/con.wav': 'device',
      'o/evaluation/a/x.wav': 'small',
      'o/evaluation/a/X.wav': 'large',
    };
    const { remote, folder, mirror, window } = await makePair(files, { platform: 'win32' });
    await mirror.sync();
    const names = Object.keys(await contents(folder));
    expect(names).toHaveLength(3);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(3);
    expect(names.some((name) => /\/con\.wav$/i.test(name))).toBe(false);
    const again = window();
    expect((await again.sync()).arrived).toBe(0);
    for (const path of Object.keys(files)) {
      const local = again.localPath(join(remote, path)) ?? '';
      expect(await readFile(local, 'utf8')).toBe(files[path as keyof typeof files]);
      expect(again.remotePath(local)).toBe(join(remote, path));
    }
  });
});
