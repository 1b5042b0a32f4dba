import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Host } from '../../src/host';
import { readHostEntries, type HostEntry } from '../../src/hosts/hostEntry';
import { isLive } from '../../src/jobs/state';
import { Workshop, type WorkshopOptions } from '../../src/workshop';
import { makeFolder, write } from './files/folders';
import { endAll, python, shell } from './jobs/support';
import { contents, runFiles, settle } from './results/support';

// Real processes on a machine that may be busy with other things.
vi.setConfig({ testTimeout: 60_000 });

describe('the hosts of a window', () => {
  it('are this machine and those of the settings; one whose entry stays as it was stays the same', async () => {
    const { workshop, entries, told } = await makeWorkshop();
    const [here, box, lab] = workshop.hosts;
    expect(workshop.hosts.map(({ name }) => name)).toEqual(['this machine', 'box', 'lab']);
    expect(workshop.here).toBe(here);

    workshop.reload();
    expect(workshop.hosts).toEqual([here, box, lab]);
    expect(told).toEqual({ hosts: 0, jobs: 0 });

    entries.set([entries.get()[0]!, { ...entries.get()[1]!, folder: '/elsewhere' }]);
    workshop.reload();
    expect(workshop.hosts[1]).toBe(box);
    expect(workshop.hosts[2]).not.toBe(lab);
    expect(workshop.hosts[2]?.folders).toEqual(['/elsewhere']);
    expect(told).toEqual({ hosts: 1, jobs: 1 });
  });

  it('let go of the connection of one that is removed', async () => {
    const { workshop, entries, link } = await makeWorkshop();
    const [, box] = workshop.hosts;
    await box!.files.exists('/');
    // One whose entry changes goes on over the connection that there is.
    entries.set(entries.get().map((entry) => ({ ...entry, python: `${entry.python} ` })));
    workshop.reload();
    await workshop.named('box')!.check();
    expect(await link.calls()).not.toContainEqual(expect.stringMatching(/-O exit/));
    entries.set(entries.get().slice(1));
    workshop.reload();
    await vi.waitFor(async () => expect(await link.calls()).toContainEqual(expect.stringMatching(/-O exit/)));
    expect(workshop.named('box')).toBeUndefined();
  });

  it('have their jobs in one list, the newest first, each with its host', async () => {
    const { workshop, places, told } = await makeWorkshop();
    const ids: string[] = [];
    for (const [index, host] of [1, 0, 2].map((at) => [at, workshop.hosts[at]!] as const)) {
      const launch = await host.prepare([shell(places[index]!, 'echo done')], places[index]!);
      ids.unshift((await host.start(launch, places[index]!))[0]!.id);
    }
    expect(workshop.jobs.map(({ id }) => id)).toEqual(ids);
    expect(workshop.jobs.map(({ host }) => host)).toEqual(['lab', 'this machine', 'box']);
    expect(workshop.jobs.map((job) => workshop.hostOf(job).name)).toEqual(['lab', 'this machine', 'box']);
    expect(workshop.job(ids[2]!)?.directory).toBe(join(places[1]!, '.earmark/jobs', ids[2]!));
    expect(told.jobs).toBeGreaterThanOrEqual(3);
    await vi.waitFor(
      async () => {
        await workshop.refresh();
        expect(workshop.jobs.filter(({ state }) => isLive(state))).toEqual([]);
      },
      { timeout: 50_000, interval: 50 },
    );
    expect(workshop.jobs.map(({ state }) => state)).toMatchObject(
      ids.map(() => ({ kind: 'ended', code: 0 })),
    );
    expect(() => workshop.hostOf({ id: 'none' })).toThrow(/Refresh the list/);
  });

  it('run nothing and are spoken to by nobody in a workspace that is not trusted', async () => {
    const { workshop, places, mirrors, link } = await makeWorkshop({ mayRun: () => false });
    await workshop.refresh();
    for (const [index, host] of workshop.hosts.entries()) {
      const place = places[index]!;
      await host.check();
      expect(host.state).toEqual({ kind: 'unknown' });
      expect(host.jobs.contact).toBeNull();
      expect(await host.interpreters()).toEqual([]);
      const report = await host.sync();
      expect(report?.state.problems.map(({ code }) => code) ?? []).toEqual(
        host.isHere ? [] : ['mirror-refused'],
      );
      for (const refused of [
        () => host.scripts(place, place),
        () => host.prepare([shell(place, 'touch ran')], place),
        () =>
          host.start({ root: place, jobs: [], start: { argv: ['touch'], input: '', timeoutMs: 1 } }, place),
        () => host.run('doctor.py', [], place, 1000),
        () => host.survey(),
      ])
        await expect(refused()).rejects.toThrow(/not trusted/);
      if (!host.isHere) await expect(host.files.list(place)).rejects.toThrow();
      expect(await readdir(place)).toEqual([]);
      await host.close();
    }
    // Closing alone speaks to ssh, and only to what is open on this machine.
    expect((await link.calls()).filter((call) => !call.includes('-O exit'))).toEqual([]);
    expect(Object.keys(await contents(mirrors))).toEqual([]);
  });
});

describe('a host that is elsewhere', () => {
  it('has its paths here through the mirror, and those of this machine are none of its', async () => {
    const { workshop, places, mirrors } = await makeWorkshop();
    const [here, box] = workshop.hosts as [Host, Host];
    const run = join(places[1]!, 'output_epoch1');
    const copy = join(mirrors, 'box/output_epoch1');
    expect([box.here(run), box.there(copy)]).toEqual([copy, run]);
    expect([box.here('/root/other'), box.there(run)]).toEqual([null, null]);
    expect([here.here(run), here.there(run)]).toEqual([run, run]);
    expect(workshop.hostOfFolder(copy)).toBe(box);
    expect(workshop.hostOfFolder(run)).toBe(here);
    // Before anything has come there is no folder, and nothing to be read in it.
    expect(workshop.mirrors).toEqual([]);
    await mkdir(copy, { recursive: true });
    expect(workshop.mirrors).toMatchObject([{ path: join(mirrors, 'box'), label: 'box' }]);
  });

  it('leaves its runs here when it is removed, and is named where only it could do more', async () => {
    const { workshop, places, mirrors, entries } = await makeWorkshop();
    const copy = join(mirrors, 'box/output_epoch1');
    await mkdir(copy, { recursive: true });
    await mkdir(join(mirrors, 'old~1f2e3d/output_epoch9'), { recursive: true });
    await write(mirrors, { '.gitignore': '*' });
    const labels = (): string[] => workshop.mirrors.map(({ label }) => label);
    expect(labels()).toEqual(['box', 'old']);
    expect(workshop.hostThatMade(copy).name).toBe('box');
    entries.set(entries.get().slice(1));
    workshop.reload();
    expect(labels()).toEqual(['box', 'old']);
    expect(() => workshop.hostThatMade(copy)).toThrow(/“box”, where this run came from.*Add it again/);
    expect(workshop.hostThatMade(join(places[0]!, 'output_epoch1'))).toBe(workshop.here);
  });

  it('has what is here of it under its new name when it gets one', async () => {
    const { workshop, mirrors } = await makeWorkshop();
    const box = workshop.named('box')!;
    await workshop.keepMirror(box, 'no folder yet');
    await mkdir(join(mirrors, 'box/output_epoch1'), { recursive: true });
    await mkdir(join(mirrors, 'taken/output_epoch2'), { recursive: true });
    await workshop.keepMirror(box, 'taken');
    await workshop.keepMirror(workshop.here, 'desk');
    await workshop.keepMirror(box, 'BOX');
    expect(await readdir(mirrors)).toEqual(['BOX', 'taken']);
    expect(await readdir(join(mirrors, 'BOX'))).toEqual(['output_epoch1']);
  });

  it('has its runs brought here, weights apart, out of the sight of git', async () => {
    const { workshop, places, mirrors } = await makeWorkshop();
    const [here, box] = workshop.hosts as [Host, Host];
    await write(places[1]!, runFiles('output_epoch1', 2));
    await settle(places[1]!);
    const report = await box.sync();
    expect(report?.state).toMatchObject({ problems: [], filesToCome: 0, clips: { here: 6, total: 6 } });
    const there = await contents(join(places[1]!, 'output_epoch1'));
    const copies = await contents(join(mirrors, 'box/output_epoch1'));
    const { 'best_model/adapter_model.safetensors': weights, ...rest } = there;
    expect(weights).toBeDefined();
    expect(copies).toMatchObject(rest);
    expect(Object.keys(copies)).not.toContain('best_model/adapter_model.safetensors');
    expect(await readFile(join(mirrors, '.gitignore'), 'utf8')).toBe('*\n');
    expect(await here.sync()).toBeNull();
  });

  it('is brought the scripts under their hash, and runs them with its own Python', async () => {
    const { workshop, places } = await makeWorkshop();
    const box = workshop.hosts[1]!;
    const { python: path, folder } = await box.scripts(places[1]!, places[1]!);
    expect(path).toBe(python);
    expect(await readdir(places[1]!)).toEqual([]);
    const told = await box.run('host.py', ['survey', places[1]!], places[1]!, 30_000);
    expect(JSON.parse(told.stdout)).toMatchObject({ cpus: expect.any(Number) as number });
    expect(await readdir(folder)).toContain('supervisor.py');
  });

  it('with a Python that does not run names itself, and the step that mends it', async () => {
    const { workshop, entries } = await makeWorkshop();
    entries.set(entries.get().map((entry) => ({ ...entry, python: '/nowhere/python' })));
    workshop.reload();
    const box = workshop.named('box')!;
    const told = {
      message: expect.stringMatching(/set for box does not run: \/nowhere\/python/) as string,
      next: { command: 'earmark.choosePython', args: [{ kind: 'host', host: box }] },
    };
    await expect(box.interpreter()).rejects.toMatchObject(told);
    await expect(box.scripts('/', '/')).rejects.toMatchObject(told);
    await expect(box.run('doctor.py', [], '/', 1000)).rejects.toMatchObject(told);
    expect(await workshop.here.interpreter()).toMatchObject({ problem: null });
  });

  it('is told as not reachable since it stopped answering, and why; its jobs as not known', async () => {
    const { workshop, places, link } = await makeWorkshop();
    const box = workshop.hosts[1]!;
    const launch = await box.prepare(
      [shell(places[1]!, 'while [ ! -e go ]; do sleep 0.05; done')],
      places[1]!,
    );
    const [job] = await box.start(launch, places[1]!);
    await box.check();
    expect(box.state).toMatchObject({ kind: 'reachable', survey: { cpus: expect.any(Number) as number } });

    await link.cut('root@box: Permission denied (publickey,password).');
    await box.check();
    const first = box.state;
    expect(first).toMatchObject({
      kind: 'unreachable',
      trouble: { kind: 'auth' },
      reason: expect.stringMatching(/Sign in in a terminal/) as string,
    });
    await box.check();
    expect(box.state).toEqual(first);
    await workshop.refresh();
    expect(box.jobs.contact).toMatchObject({ ok: false });
    expect(workshop.job(job!.id)?.state).toMatchObject({ kind: 'unverifiable', last: { kind: 'running' } });

    await link.mend();
    await box.check();
    expect(box.state.kind).toBe('reachable');
    await workshop.refresh();
    expect(workshop.job(job!.id)?.state).toMatchObject({ kind: 'running' });
  });
});

describe('the work folder', () => {
  it('of something is the one around it, else the first; without any one is to be opened', async () => {
    const [one, two] = [await makeFolder(), await makeFolder()];
    const folders = [one, two];
    const { workshop } = await makeWorkshop({ folders: () => folders });
    const { here } = workshop;
    expect(here.workFolderOf(join(two, 'output'))).toBe(two);
    expect(here.workFolderOf(two)).toBe(two);
    expect([here.workFolderOf(`${two}x/output`), here.workFolderOf(null)]).toEqual([one, one]);
    folders.length = 0;
    expect(() => here.workFolderOf(null)).toThrow(/Open a folder first/);
  });
});

interface Made {
  readonly workshop: Workshop;
  readonly entries: { get(): HostEntry[]; set(entries: HostEntry[]): void };
  /** Work folders of this machine, box and lab. */
  readonly places: readonly string[];
  readonly mirrors: string;
  /** How often listeners heard of news. */
  readonly told: { hosts: number; jobs: number };
  readonly link: Link;
}

/** This machine and two hosts behind a link. */
async function makeWorkshop(more: Partial<WorkshopOptions> = {}): Promise<Made> {
  const link = await makeLink();
  const places = [await makeFolder(), await makeFolder(), await makeFolder()];
  const mirrors = join(await makeFolder(), '.earmark/hosts');
  let current = [
    ...readHostEntries([
      { name: 'box', ssh: 'box', folder: places[1], python },
      { name: 'lab', ssh: 'me@lab', folder: places[2], python },
    ]).entries,
  ];
  const workshop = new Workshop({
    source: join(process.cwd(), 'python'),
    mayRun: () => true,
    folders: () => [places[0]!],
    python: () => python,
    entries: () => current,
    mirrors: () => mirrors,
    mirrorLimitBytes: () => 1e9,
    depth: () => 6,
    exclude: () => [],
    ...more,
  });
  onTestFinished(async () => {
    for (const place of places) await endAll(place);
    for (const host of workshop.hosts) await host.close();
  });
  const told = { hosts: 0, jobs: 0 };
  workshop.onDidChangeHosts(() => (told.hosts += 1));
  workshop.onDidChangeJobs(() => (told.jobs += 1));
  const entries = { get: () => current, set: (next: HostEntry[]) => void (current = next) };
  return { workshop, entries, places, mirrors, told, link };
}

interface Link {
  /** The arguments of each ssh that was started. */
  calls(): Promise<string[]>;
  /** What is open ends, and from now on ssh says this and ends too. */
  cut(words: string): Promise<void>;
  mend(): Promise<void>;
}

/** A program in place of ssh that does here what a host would do there: the link alone is not real (test/ssh has a real one). */
async function makeLink(): Promise<Link> {
  const folder = await makeFolder({ 'bin/ssh': SSH });
  await chmod(join(folder, 'bin/ssh'), 0o755);
  await mkdir(join(folder, 'run'), { mode: 0o700 });
  vi.stubEnv('LINK', folder);
  vi.stubEnv('PATH', `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`);
  vi.stubEnv('XDG_RUNTIME_DIR', join(folder, 'run'));
  onTestFinished(() => void vi.unstubAllEnvs());
  const down = join(folder, 'down');
  const lines = async (name: string): Promise<string[]> => {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  };
  return {
    calls: () => lines('calls'),
    cut: async (words) => {
      await writeFile(down, `${words}\n`);
      for (const pid of await lines('open')) end(Number(pid));
    },
    mend: () => rm(down),
  };
}

function end(pid: number): void {
  try {
    process.kill(pid);
  } catch {
    // It has ended already.
  }
}

const SSH = `#!/bin/sh
echo "$*" >>"$LINK/calls"
case "$*" in *'-O exit'*) exit 0 ;; esac
if [ -e "$LINK/down" ]; then cat "$LINK/down" >&2; exit 255; fi
echo $$ >>"$LINK/open"
exec /bin/sh -s
`;
