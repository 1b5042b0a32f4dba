import { build } from 'esbuild';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, type TestContext } from 'vitest';
import type { HostCall } from '../../src/hosts/transport';
import { freeBytesFor } from '../../src/results/room';
import { makeFolder, type Files } from '../unit/files/folders';
import { contents, makePair, runFiles, settle, tools, wav, write, type Pair } from '../unit/results/support';
import { beforeSending, cutAt, fakeHost, killedAt } from './badLinks';
import { fault, randomNumbers, run, untilText, watch } from './support';

fault('F39', 'full', async (rig) => {
  const pair = await makePair(evaluation(12, 200_000), { transport: rig.host.transport });
  const there = await contents(pair.remote);
  const random = randomNumbers(39);
  // The sender is killed, or what it says is cut, at any byte.
  for (let turn = 0; turn < 12; turn++) {
    const end = Math.floor(random() * 1_500_000);
    const link = turn % 2 === 0 ? killedAt(rig.host.transport, end) : cutAt(rig.host.transport, end);
    const { state } = await pair.window({ transport: link }).sync();
    for (const { code } of state.problems) expect(code).toBe('mirror-no-answer');
    await expectWhole(pair, there);
  }
  // The window is killed at any moment; the next one goes on at once.
  await rm(pair.folder, { recursive: true });
  const outfile = join(rig.folder, 'puller.cjs');
  const entryPoints = [join(process.cwd(), 'test/faults/puller.ts')];
  await build({
    entryPoints,
    outfile,
    bundle: true,
    platform: 'node',
    mainFields: ['module', 'main'],
    logLevel: 'error',
  });
  for (let turn = 0; turn < 8; turn++) {
    const window = watch([process.execPath, outfile, pair.folder, pair.remote, tools.python, tools.results]);
    const wanted = Math.floor(random() * 30);
    await untilCount(pair.folder, Math.max(turn, wanted));
    window.process.kill('SIGKILL');
    await window.end;
    await expectWhole(pair, there);
  }
  const { state } = await pair.mirror.sync();
  expect([state.problems, state.clips]).toEqual([[], { here: 36, total: 36 }]);
  expect(await contents(pair.folder)).toMatchObject(there);
  expect(await readdir(join(pair.folder, '.incoming'))).toEqual([]);
});

fault('F40', 'full', async (rig) => {
  const pair = await makePair({ 'output/run.json': { v: 1, id: 'a' } }, { transport: rig.host.transport });
  const writer = `
import sys, os
state, log = open(sys.argv[1], "wb", buffering=0), open(sys.argv[2], "ab", buffering=0)
print("writes", flush=True)
n = 0
while not os.path.exists(sys.argv[3]):
    state.seek(0); state.write(bytes([65 + n % 26]) * 4000000)
    log.write(b'{"n": %d}\\n' % n)
    n += 1
`;
  const [state, log, stop] = ['output/state.json', 'output/events.jsonl', 'stop'].map((name) =>
    join(pair.remote, name),
  );
  const writing = watch([tools.python, '-c', writer, state!, log!, stop!], '');
  await untilText(writing.output, 'writes');
  for (let turn = 0; turn < 10; turn++) {
    const { problems } = (await pair.mirror.sync()).state;
    for (const { code } of problems) expect(code).toBe('mirror-changed');
    const here = await readFile(join(pair.folder, 'output/state.json')).catch(() => Buffer.alloc(0));
    expect(new Set(here).size, 'a state of one moment').toBeLessThan(2);
    const lines = await readFile(join(pair.folder, 'output/events.jsonl'), 'utf8').catch(() => '');
    expect((await readFile(log!, 'utf8')).startsWith(lines)).toBe(true);
  }
  await writeFile(stop!, '');
  expect(await writing.end).toEqual([0, null]);
  expect((await pair.mirror.sync()).state.problems).toEqual([]);
  await rm(stop!);
  expect(await contents(pair.folder)).toEqual(await contents(pair.remote));
});

fault('F41', 'full', async (rig, context) => {
  const disk = await mountTmpfs(context, 'size=3m');
  const pair = await makePair(evaluation(8, 200_000), { transport: rig.host.transport });
  const folder = join(disk, 'mirror');
  const there = await contents(pair.remote);
  // Told beforehand: nothing is begun that has no room.
  const careful = pair.window({ folder, freeBytes: () => freeBytesFor(folder) });
  expect((await careful.sync()).state.problems.map(({ code }) => code)).toEqual(['mirror-disk-full']);
  // Filled by somebody else meanwhile: it is met when a write fails.
  const surprised = pair.window({ folder });
  for (let turn = 0; turn < 3; turn++) {
    const { state } = await surprised.sync();
    expect(state.problems.map(({ code }) => code)).toEqual(['mirror-disk-full']);
    expect(state.clips.here).toBeGreaterThan(5);
    await expectWhole({ ...pair, folder }, there);
    expect((await readdir(join(folder, '.incoming'))).length).toBeLessThan(2);
  }
  await run('mount', '-o', 'remount,size=200m', disk);
  const { state } = await careful.sync();
  expect([state.problems, state.clips]).toEqual([[], { here: 24, total: 24 }]);
  expect(await contents(folder)).toMatchObject(there);
});

fault('F42', 'smoke', async (rig) => {
  const pair = await makePair(runFiles('output'));
  const gone = 'output/evaluation/best_model/002_a.wav';
  const link = beforeSending(rig.host.transport, () => rm(join(pair.remote, gone), { force: true }));
  const { state } = await pair.window({ transport: link }).sync();
  expect(state.clips.here).toBe(11);
  expect(state.problems.map(({ code, message }) => [code, message])).toEqual([
    ['mirror-gone', `${gone} was removed on the host before it could be fetched.`],
  ]);
  expect((await pair.mirror.sync()).state).toMatchObject({ problems: [], clips: { here: 11, total: 11 } });
});

fault('B12', 'smoke', async (rig) => {
  const secret = await makeFolder({ 'run.json': { secret: 1 }, '001_a.wav': 'secret' });
  const pair = await makePair(runFiles('output'));
  await symlink(secret, join(pair.remote, 'linked'));
  await symlink(join(secret, 'run.json'), join(pair.remote, 'output/evaluation/secret.json'));
  // Links are put in place of what was listed, before it is sent.
  const swap = async (path: string, target: string): Promise<void> => {
    await rename(join(pair.remote, path), join(pair.remote, `.${path.replaceAll('/', '-')}`)).catch(
      () => undefined,
    );
    await symlink(target, join(pair.remote, path)).catch(() => undefined);
  };
  const link = beforeSending(rig.host.transport, async () => {
    await swap('output/evaluation/final_model', secret);
    await swap('output/run.json', join(secret, 'run.json'));
  });
  const { state } = await pair.window({ transport: link }).sync();
  expect(new Set(state.problems.map(({ code }) => code))).toEqual(new Set(['mirror-link']));
  const here = await contents(pair.folder);
  const hidden = Object.values(await contents(secret));
  expect(Object.values(here).filter((sha256) => hidden.includes(sha256))).toEqual([]);
  expect(Object.keys(here).filter((path) => path.endsWith('.wav'))).toHaveLength(8);
});

fault('B16', 'smoke', async (rig) => {
  const pair = await makePair({ 'outside.json': {}, 'inside/run.json': { v: 1 } });
  const remote = join(pair.remote, 'inside');
  const rows = [
    '../outside.json',
    '..',
    '/etc/passwd',
    'a/../../outside.json',
    '.incoming/lock',
    '.mirror.json',
  ];
  const liar = await fakeHost(`
say({"folder": "", "files": [[name, 2, "1", 1, "data"] for name in ${JSON.stringify(rows)}]})
say({"folder": "../..", "files": [["outside.json", 2, "1", 1, "data"]]})
say({"ok": True, "same": False, "digest": "d", "now": "1", "host": "liar", "folder": "/..", "left_out": {"files": 0, "names": 0, "folders": 0}})
`);
  const options = {
    transport: rig.host.transport,
    remote,
    tools: () => Promise.resolve({ ...tools, results: liar }),
  };
  const { arrived, state } = await pair.window(options).sync();
  expect([arrived, state.filesToCome, state.problems]).toEqual([0, 0, []]);
  expect(await contents(pair.folder)).toEqual({});
  // Nor does the real one send what it is asked for like that.
  const asked = { path: '../outside.json', offset: 0, size: 2, mtime: '1', inode: 1, grows: false };
  const input = JSON.stringify({ folder: remote, files: [asked] });
  const argv: HostCall['argv'] = [tools.python, tools.results, 'send', '--frame', 'f'];
  const { stdout } = await rig.host.transport.run({ argv, input, timeoutMs: 20_000 });
  expect(stdout).toContain('"error": "outside"');
});

fault('B17', 'full', async (rig, context) => {
  const remote = await mountTmpfs(context, 'size=100m,nr_inodes=0');
  const pair = await makePair({}, { transport: rig.host.transport, remote });
  await write(remote, runFiles('output'));
  const places = join(remote, 'output/evaluation/base_model');
  await run('mkfifo', join(places, '100_pipe.wav'));
  await run('mknod', join(places, '101_zero.wav'), 'c', '1', '5');
  await mkdir(join(places, '102_folder.wav'));
  await run('truncate', '-s', '4T', join(places, '103_huge.wav'));
  await mkdir(join(remote, 'data'));
  // Links to one file: as many names as a large data set has, at no cost.
  const many = `
import os, sys
os.chdir(sys.argv[1])
open("0.wav", "w").close()
for n in range(1, 1000000): os.link("0.wav", "%d.wav" % n)
`;
  await run(tools.python, '-c', many, join(remote, 'data'));
  await settle(join(remote, 'output'));
  const { state } = await pair.mirror.sync();
  expect(state.clips).toEqual({ here: 12, total: 13 });
  expect(state.problems.map(({ code }) => code)).toEqual(['mirror-limit', 'mirror-left-out']);
  expect(Object.keys(await contents(pair.folder)).filter((path) => /10\d_/.test(path))).toEqual([]);
});

fault('B18', 'full', async (rig) => {
  const sha256 = '"0" * 64';
  const lies: Readonly<Record<string, readonly [script: string, code: string]>> = {
    'a larger file': ['say({"file": 0, "size": 9, "offset": 0})', 'mirror-unbelievable'],
    'more bytes': ['begin(); raw(b"x" * 5)', 'mirror-unbelievable'],
    'a hundred million bytes': ['begin()\nwhile True: raw(b"x" * 1000000)', 'mirror-unbelievable'],
    'a line without end': ['begin()\nwhile True: out.write(b"x" * 65536)', 'mirror-unbelievable'],
    'another file': ['say({"file": 1, "size": 4, "offset": 0})', 'mirror-unbelievable'],
    'a file twice': ['begin(); begin()', 'mirror-unbelievable'],
    'an extra file': [
      `begin(); raw(b"abcd"); say({"end": 0, "sha256": ${sha256}}); begin()`,
      'mirror-unbelievable',
    ],
    'another hash': [
      `begin(); raw(b"abcd"); say({"end": 0, "sha256": ${sha256}}); say({"ok": True})`,
      'mirror-damaged',
    ],
    'no end': ['begin(); raw(b"abcd"); sys.exit()', 'mirror-no-answer'],
    nothing: ['pass', 'mirror-unbelievable'],
    'another frame': ['frame = "0"', 'mirror-unbelievable'],
  };
  for (const [name, [script, code]] of Object.entries(lies)) {
    const pair = await makePair({}, { transport: rig.host.transport });
    const results = await fakeHost(`
if sys.argv[1] == "list":
    say({"folder": "run", "files": [["run.json", 4, "1", 1, "data"]]})
    say({"ok": True, "same": False, "digest": "d", "now": "9", "host": "liar", "folder": "/", "left_out": {"files": 0, "names": 0, "folders": 0}})
else:
    begin = lambda: say({"file": 0, "size": 4, "offset": 0})
    ${script.replaceAll('\n', '\n    ')}
`);
    const { arrived, state } = await pair
      .window({ tools: () => Promise.resolve({ ...tools, results }) })
      .sync();
    expect([arrived, state.problems.map((problem) => problem.code)], name).toEqual([0, [code]]);
    expect(await contents(pair.folder), name).toEqual({});
  }
});

/** A run with an evaluation of `prompts` × 3 clips, each of its own content. */
function evaluation(prompts: number, bytes: number): Files {
  const files = Object.entries(runFiles('output', 0));
  for (let prompt = 1; prompt <= prompts; prompt++)
    for (const model of ['base_model', 'best_model', 'final_model'])
      files.push([`output/evaluation/${model}/${100 + prompt}.wav`, wav(files.length, bytes)]);
  return Object.fromEntries(files.filter(([path]) => !path.endsWith('.safetensors')));
}

/** Whatever is in place is what the host has. */
async function expectWhole(
  { folder }: Pick<Pair, 'folder'>,
  there: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [path, sha256] of Object.entries(await contents(folder))) expect(sha256, path).toBe(there[path]);
}

async function untilCount(folder: string, count: number): Promise<void> {
  for (let names = 0; names < count;)
    names = (await readdir(folder, { recursive: true }).catch(() => [])).filter((name) =>
      name.endsWith('.wav'),
    ).length;
}

async function mountTmpfs({ skip }: TestContext, options: string): Promise<string> {
  if (process.getuid?.() !== 0) skip('needs root');
  const folder = await makeFolder();
  await run('mount', '-t', 'tmpfs', '-o', options, 'tmpfs', folder);
  onTestFinished(async () => {
    await run('umount', '-l', folder);
  });
  return folder;
}
