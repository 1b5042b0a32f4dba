import * as l10n from '@vscode/l10n';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import chinese from '../../../l10n/bundle.l10n.zh-cn.json';
import { exec } from '../../../src/hosts/exec';
import type { JobHost } from '../../../src/jobs/jobsStore';
import type { PreparedLaunch } from '../../../src/jobs/prepare';
import { viewerWords } from '../../../src/jobs/viewerWords';
import { host, logOf, makeBench, names, shell, storeOf } from './support';

// Real processes on a machine that may be busy with other things.
vi.setConfig({ testTimeout: 60_000 });

test('a job runs to its end and is told as it was', async () => {
  const bench = await makeBench();
  const script = 'printf "[%s] %s\\n" "$WORD" "$EARMARK_JOB"; echo err >&2; exit 3';
  const launch = bench.prepare(
    shell(bench.folder, script, { env: { WORD: "it's $HOME" }, title: 'Try\nit' }),
  );
  const [job] = await bench.store.start(launch);
  const ended = await bench.ended(job!.id);
  expect(ended.state).toMatchObject({ kind: 'ended', why: 'exited', code: 3, signal: null });
  expect(ended.title).toBe('Try it');
  expect(await logOf(ended)).toBe(`[it's $HOME] ${ended.id}\nerr\n`);
  expect(await names(ended.directory)).toEqual([
    'cmd.sh', 'exit.json', 'heartbeat', 'lock', 'out.log', 'spec.json', 'started.json', 'supervisor.log',
  ]); // prettier-ignore
});

test('the shown command and cmd.sh do the same as the job', async () => {
  const bench = await makeBench();
  const draft = shell(bench.folder, 'printf %s "$0 $WORD $PWD" ', { env: { WORD: 'ä "b" \\' } });
  const launch = bench.prepare({ ...draft, argv: [...draft.argv, "it's\n🎸"] });
  const [job] = await bench.store.start(launch);
  const log = await logOf(await bench.ended(job!.id));
  expect(log).toBe(`it's\n🎸 ä "b" \\ ${bench.folder}`);
  const pasted = await exec(['sh', '-c', launch.jobs[0]!.shown], { cwd: '/', timeoutMs: 5000 });
  const script = await exec(['sh', join(job!.directory, 'cmd.sh')], { cwd: '/', timeoutMs: 5000 });
  expect([pasted.stdout, script.stdout]).toEqual([log, log]);
});

test('the view of a job speaks the language of the display', async () => {
  onTestFinished(() => l10n.config({ contents: {} }));
  const bench = await makeBench();
  const [job] = await bench.store.start(bench.prepare(shell(bench.folder, 'echo "it\'s {title}"')));
  await bench.ended(job!.id);
  const view = async (): Promise<string> => {
    const { file, args } = await bench.store.viewer(job!.id, viewerWords());
    return (await exec([file, ...args], { cwd: '/', timeoutMs: 20_000 })).stdout.replaceAll('\u001b[0m', '');
  };
  expect(await view()).toBe(
    `[earmark] ${job!.title}. Ctrl-C or closing this terminal ends only the view.\nit's {title}\n[earmark] ${job!.title} is complete.`,
  );
  l10n.config({ contents: chinese });
  expect(await view()).toBe(
    `[earmark] ${job!.title}。按 Ctrl-C 或关闭此终端只会结束此视图。\nit's {title}\n[earmark] ${job!.title} 已完成。`,
  );
});

test('what runs is stopped on request; the latest request decides how long it may take', async () => {
  const bench = await makeBench();
  const script = 'trap "" TERM; echo ready; while :; do sleep 0.1; done';
  const [job] = await bench.store.start(bench.prepare(shell(bench.folder, script)));
  const running = await bench.until(job!.id, ({ state }) => state.kind === 'running');
  await bench.until(job!.id, () => true);
  await waitForLog(bench, running.id, 'ready');
  await bench.store.stop(job!.id, 3600);
  expect(bench.store.job(job!.id)).toMatchObject({ stopping: true, state: { kind: 'running' } });
  await bench.store.stop(job!.id, 0);
  const ended = await bench.ended(job!.id);
  expect(ended).toMatchObject({ stopping: false, state: { why: 'stopped', signal: 'SIGKILL' } });
});

test('a chain goes on by itself, and what follows a failure is not started', async () => {
  const bench = await makeBench();
  const launch = bench.prepare(
    shell(bench.folder, 'while [ ! -e go ]; do sleep 0.05; done; echo first > trace'),
    shell(bench.folder, 'echo second >> trace; exit 1'),
    shell(bench.folder, 'echo third >> trace'),
  );
  const [first, second, third] = launch.jobs.map(({ spec }) => spec.id);
  await bench.store.start(launch);
  await bench.until(second!, ({ state }) => state.kind === 'queued');
  expect(bench.store.job(third!)?.state.kind).toBe('queued');
  // Another window, that knows nothing, finds the same.
  const other = storeOf(bench.folder);
  await other.refresh();
  expect(other.jobs.map(({ id }) => id)).toEqual([third, second, first]);
  await writeFile(join(bench.folder, 'go'), '');
  expect((await bench.ended(first!)).state).toMatchObject({ code: 0 });
  expect((await bench.ended(second!)).state).toMatchObject({ code: 1 });
  expect((await bench.ended(third!)).state).toMatchObject({ kind: 'ended', why: 'skipped', code: null });
});

test('progress is that of this job, not of those before it on the same run', async () => {
  const bench = await makeBench();
  const run = join(bench.folder, 'run');
  const events = join(run, 'events.jsonl');
  await mkdir(run);
  await writeFile(events, '{"v":1,"t":1000,"type":"status","state":"completed"}\n');
  const [job] = await bench.store.start(
    bench.prepare(shell(bench.folder, 'while [ ! -e go ]; do sleep 0.05; done', { run })),
  );
  const fresh = await bench.until(job!.id, ({ progress }) => progress !== null);
  expect(fresh.progress).toMatchObject({ status: null, step: null });
  const t = Date.now() / 1000 + 60;
  await appendFile(
    events,
    `{"v":1,"t":${t},"type":"train","step":10,"loss":3.5,"epoch":0.1,"eta_s":60}\n{"v":1,"t":`,
  );
  const moved = await bench.until(job!.id, ({ progress }) => progress?.step === 10);
  expect(moved.progress).toMatchObject({ loss: 3.5, etaS: 60 });
  expect(moved.progress?.fraction).toBeCloseTo(0.5, 1);
  await appendFile(events, `${t},"type":"error","text":"CUDA out of memory"}\n`);
  await writeFile(join(bench.folder, 'go'), '');
  expect((await bench.ended(job!.id)).progress).toMatchObject({ step: 10, error: 'CUDA out of memory' });
});

test('listeners hear news only, and what did not change stays the same object', async () => {
  const bench = await makeBench();
  const [job] = await bench.store.start(bench.prepare(shell(bench.folder, 'exit 0')));
  const ended = await bench.ended(job!.id);
  let heard = 0;
  const listening = bench.store.onDidChange(() => (heard += 1));
  await bench.store.refresh();
  await bench.store.refresh();
  expect([heard, bench.store.job(job!.id)]).toEqual([0, ended]);
  expect(bench.store.job(job!.id)).toBe(ended);
  await rm(ended.directory, { recursive: true });
  await bench.store.refresh();
  expect([heard, bench.store.jobs]).toEqual([1, []]);
  listening.dispose();
});

test('without an answer, live jobs are unverifiable with what was known; contact brings the truth back', async () => {
  const bench = await makeBench();
  let reachable = true;
  const flaky: JobHost = {
    ...host,
    transport: {
      ...host.transport,
      run: (call) =>
        reachable
          ? host.transport.run(call)
          : Promise.resolve({ code: null, stdout: '', stderr: 'unplugged' }),
    },
  };
  const store = storeOf(bench.folder, flaky);
  const launch = bench.prepare(shell(bench.folder, 'while [ ! -e go ]; do sleep 0.05; done'));
  const [job] = await store.start(launch);
  await store.refresh();
  reachable = false;
  await store.refresh();
  expect(store.job(job!.id)?.state).toMatchObject({
    kind: 'unverifiable',
    last: { kind: 'running' },
    reason: 'unplugged',
  });
  expect(store.contact).toEqual({ ok: false, reason: 'unplugged' });
  await expect(store.stop(job!.id)).rejects.toThrow(/gave no answer \(unplugged\)/);
  await expect(store.start(launch)).rejects.toThrow(/never runs twice/);
  await writeFile(join(bench.folder, 'go'), '');
  reachable = true;
  await bench.ended(job!.id);
  await store.refresh();
  expect(store.job(job!.id)?.state).toMatchObject({ kind: 'ended', code: 0 });
});

test('a start whose answers are lost is asked for again, and runs once', async () => {
  const bench = await makeBench();
  let calls = 0;
  const deaf: JobHost = {
    ...host,
    transport: {
      ...host.transport,
      run: async (call) => {
        const result = await host.transport.run(call);
        return (calls += 1) < 3 ? { code: null, stdout: '', stderr: 'cut' } : result;
      },
    },
  };
  const launch = bench.prepare(shell(bench.folder, 'echo run >> ran'));
  const [job] = await storeOf(bench.folder, deaf).start(launch);
  await bench.ended(job!.id);
  expect([calls, await readFile(join(bench.folder, 'ran'), 'utf8')]).toEqual([3, 'run\n']);
});

test('a start that got no answer at all is the same start when it is asked for again', async () => {
  const bench = await makeBench();
  let deaf = true;
  const cut: JobHost = {
    ...host,
    transport: {
      ...host.transport,
      run: async (call) => {
        const result = await host.transport.run(call);
        return deaf ? { code: null, stdout: '', stderr: 'cut' } : result;
      },
    },
  };
  const store = storeOf(bench.folder, cut);
  const script = 'echo run >> ran; while [ ! -e go ]; do sleep 0.05; done';
  const wish = (): PreparedLaunch => bench.prepare(shell(bench.folder, script), shell(bench.folder, 'true'));
  await expect(store.start(wish())).rejects.toThrow(/never runs twice/);
  deaf = false;
  const [again] = await store.start(wish());
  await bench.until(again!.id, ({ state }) => state.kind === 'running');
  expect(bench.store.jobs).toHaveLength(2);
  await writeFile(join(bench.folder, 'go'), '');
  await bench.ended(again!.id);
  // What became of the first is known: now the same wish is another job.
  const [anew] = await store.start(wish());
  await bench.ended(anew!.id);
  expect(anew!.id).not.toBe(again!.id);
  expect(await readFile(join(bench.folder, 'ran'), 'utf8')).toBe('run\nrun\n');
});

test('where nothing may be run, nothing is run and nothing claimed', async () => {
  const bench = await makeBench();
  const store = storeOf(bench.folder, null);
  await store.refresh();
  expect([store.jobs, store.contact]).toEqual([[], null]);
  await expect(store.start(bench.prepare(shell(bench.folder, 'touch ran')))).rejects.toThrow(/not trusted/);
  expect(await names(bench.folder)).toEqual([]);
});

async function waitForLog(
  bench: Awaited<ReturnType<typeof makeBench>>,
  id: string,
  text: string,
): Promise<void> {
  while (!(await logOf(bench.store.job(id)!)).includes(text)) await bench.store.refresh();
}
