import { appendFile, mkdir, open, readFile, rename, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { ProgressReader } from '../../src/jobs/progress';
import { logOf, python, shell, storeOf } from '../unit/jobs/support';
import { bySlurm, fault, untilText, view, watch } from './support';

const FOREVER = 'echo ready; while [ ! -e go ]; do sleep 0.05; done';

/** Where Slurm has the job. */
const ofSlurm = ['slurm.json', 'scheduler.json'];

fault('F22', 'smoke', async (rig) => {
  const file = join(rig.folder, 'events.jsonl');
  const reader = new ProgressReader(rig.folder, 0, { kind: 'train', output: null });
  const line = Buffer.from('{"v":1,"t":9,"type":"error","text":"歌 is missing"}\n');
  const cut = line.indexOf(Buffer.from('歌')) + 1;
  await writeFile(file, line.subarray(0, cut));
  expect((await reader.read()).error).toBeNull();
  await appendFile(file, line.subarray(cut));
  expect((await reader.read()).error).toBe('歌 is missing');
});

fault('F23', 'full', async (rig) => {
  const writer = `
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from runfiles import Events
events = Events(Path(sys.argv[2]))
for i in range(2000): events.write("train", step=i, loss=3.0, text=sys.argv[3] * (4000 if i % 50 == 0 else 20))
`;
  const scripts = join(process.cwd(), 'python');
  const writers = ['a', 'b'].map((name) => watch([python, '-c', writer, scripts, rig.folder, name], ''));
  const reader = new ProgressReader(rig.folder, 0, { kind: 'train', output: null });
  const ends = Promise.all(writers.map(({ end }) => end));
  let done = false;
  void ends.then(() => (done = true));
  while (!done) await reader.read();
  expect(await ends, writers.map(({ output }) => output()).join('\n')).toEqual([[0, null], [0, null]]);
  expect((await reader.read()).step).toBe(1999);
  const text = await readFile(join(rig.folder, 'events.jsonl'), 'utf8');
  // Who finds a line of the other unfinished ends it: an empty line more does no harm.
  const lines = text.split('\n').filter((line) => line !== '');
  expect(lines.map((line) => (JSON.parse(line) as { type: string }).type).filter((type) => type === 'train')).toHaveLength(4000);
}); // prettier-ignore

fault('F24', 'full', async (rig) => {
  const [job] = await rig.store.start(rig.prepare(shell(rig.folder, FOREVER)));
  const viewer = await view(rig, job!);
  await untilText(viewer.output, 'ready');
  await rename(job!.log, `${job!.log}.old`);
  await writeFile(job!.log, 'a new file\n');
  await untilText(viewer.output, 'a new file');
  await truncate(job!.log, 0);
  await appendFile(job!.log, 'cut\n');
  await untilText(viewer.output, 'cut');
  expect(viewer.output().match(/The log was replaced/g)).toHaveLength(2);
  await writeFile(join(rig.folder, 'go'), '');
  expect(await viewer.end).toEqual([0, null]);
});

fault('F25', 'full', async (rig) => {
  const [job] = await rig.store.start(rig.prepare(shell(rig.folder, FOREVER)));
  await untilText(() => logOf(job!), 'ready');
  const log = await open(job!.log, 'r+');
  await log.truncate(1_000_000_000);
  await log.close();
  await appendFile(job!.log, `${'x'.repeat(10_000_000)}\0\0the end\n`);
  const measure = join(rig.folder, 'measure.py');
  const script = `
import resource, subprocess, sys
view = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
code = view.wait()
print("PEAK", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, code, flush=True)
`;
  await writeFile(measure, script);
  const attach = (directory: string) => [python, measure, ...rig.host.engine.attach(directory)] as const;
  const measured = storeOf(rig.folder, { ...rig.host, engine: { ...rig.host.engine, attach } });
  await measured.refresh();
  const { file, args } = await measured.viewer(job!.id);
  const view = watch([file, ...args], '');
  await untilText(view.output, 'the end');
  await rig.until(job!.id, ({ state }) => state.kind === 'running');
  await writeFile(join(rig.folder, 'go'), '');
  await view.end;
  const [, peakMb, code] = /PEAK (\d+) (\d+)/.exec(view.output()) ?? [];
  expect(code).toBe('0');
  expect(Number(peakMb)).toBeLessThan(64);
  expect(view.output()).toMatch(/xxthe end\r?\n/);
});

fault('B22', 'smoke', async (rig) => {
  const draft = shell(rig.folder, 'exit 0', { run: rig.folder, env: { A: '1' } });
  const [job] = await rig.store.start(rig.prepare(draft));
  await rig.ended(job!.id);
  const spec = await readFile(join(job!.directory, 'spec.json'), 'utf8');
  const evil = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},';
  await writeFile(
    join(job!.directory, 'spec.json'),
    spec.replace('{', `{${evil}`).replace('"env": {', `"env": {${evil}`),
  );
  await writeFile(join(job!.directory, 'exit.json'), `{${evil}"code":0,"why":"exited"}`);
  for (const name of bySlurm(rig) ? ofSlurm : [])
    await writeFile(join(job!.directory, name), `{${evil}"id":"1","state":"__proto__"}`);
  await writeFile(join(rig.folder, 'events.jsonl'), `{${evil}"t":9e9,"type":"__proto__"}\n`);
  const window = (await rig.at(rig.folder)).store;
  await window.refresh();
  expect(window.job(job!.id)?.state).toMatchObject({ kind: 'ended', code: 0 });
  expect(window.job(job!.id)?.title).toBe('A command');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

fault('B23', 'smoke', async (rig) => {
  const [job] = await rig.store.start(rig.prepare(shell(rig.folder, 'exit 0', { run: rig.folder })));
  await rig.ended(job!.id);
  for (const number of ['1e999', 'NaN', '-1.5', '"1"', 'null', '[]']) {
    await writeFile(join(job!.directory, 'exit.json'), `{"code":${number},"why":"exited","at":${number}}`);
    await writeFile(
      join(rig.folder, 'events.jsonl'),
      `{"t":9e9,"type":"train","step":${number},"loss":2.5}\n`,
    );
    for (const name of bySlurm(rig) ? ofSlurm : [])
      await writeFile(join(job!.directory, name), `{"id":${number},"state":${number},"end":${number}}`);
    const window = (await rig.at(rig.folder)).store;
    await window.refresh();
    expect(window.job(job!.id)?.state).toMatchObject({ kind: 'ended', why: 'exited', code: null });
    expect(window.job(job!.id)?.progress).toMatchObject({ loss: 2.5 });
  }
});

fault('B24', 'smoke', async (rig) => {
  const [job] = await rig.store.start(rig.prepare(shell(rig.folder, FOREVER, { run: rig.folder })));
  await rig.until(job!.id, ({ state }) => state.kind === 'running');
  const deep = '['.repeat(200_000);
  await writeFile(join(rig.folder, 'events.jsonl'), `${deep}\n{"t":9e9,"type":"train","step":3,"loss":2}\n`);
  for (const name of ['started.json', 'heartbeat', 'spec.json', ...(bySlurm(rig) ? ofSlurm : [])])
    await writeFile(join(job!.directory, name), deep);
  await rig.store.refresh();
  expect(rig.store.job(job!.id)).toMatchObject({ spec: null, title: job!.id, state: { kind: 'running' } });
  await mkdir(join(rig.folder, 'unrelated'));
  await writeFile(join(rig.folder, 'go'), '');
  expect((await rig.ended(job!.id)).state).toMatchObject({ code: 0 });
});
