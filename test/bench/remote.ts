/**
 * Jobs on a host that is reached by ssh, on loopback and 140 ms away: starting one, asking about 200, stopping one, hearing of a step,
 * noticing a cut, watching twenty, and 500 clips coming home. The plain way: a connection of its own for every call, and `sftp -r`.
 */
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ulid } from 'ulid';
import { exec } from '../../src/hosts/exec';
import { localTransport } from '../../src/hosts/localTransport';
import { LOOK_ELSEWHERE_MS } from '../../src/hosts/pace';
import { shellCommand } from '../../src/hosts/quote';
import { sshTransport } from '../../src/hosts/sshTransport';
import type { Transport } from '../../src/hosts/transport';
import { ask } from '../../src/jobs/answer';
import { directEngine } from '../../src/jobs/launchers/direct';
import { chainOf, jobsRoot, type JobSpec } from '../../src/jobs/spec';
import { startDelayProxy } from '../ssh/delayProxy';
import { hasSshd, startSshServer, type SshServer } from '../ssh/server';
import { eventsSeen } from './support/events';
import { median, rounded } from './support/measure';
import { pull500, sftp500 } from './support/pull';
import type { BenchResult } from './support/result';

const ROUND_TRIP_MS = 140;
const TIMES = 7;
const STATES = 200;
const WATCHED = 20;
const WATCH_S = 20;

interface Figures {
  readonly start: number;
  readonly startFar: number;
  readonly states: number;
  readonly stop: number;
  readonly idle: number;
}

export async function run(): Promise<BenchResult> {
  if (!hasSshd) throw new Error('This benchmark needs sshd: apt-get install openssh-server.');
  const server = await startSshServer();
  const proxy = await startDelayProxy(server.port, ROUND_TRIP_MS / 2);
  const folder = await mkdtemp(join(tmpdir(), 'earmark-bench-'));
  try {
    const python = (
      await exec(['python3', '-c', 'import sys; print(sys.executable)'], { cwd: '/', timeoutMs: 20_000 })
    ).stdout;
    const bench = new Bench(folder, python);
    const far = { ...server, ssh: [...server.ssh, '-o', `Port=${proxy.port}`] as const };
    const [near, away] = [shared(server, 'n'), shared(far, 'f')];
    const metrics = await bench.measure(near, away);
    const baseline = await bench.measure(plain(server), plain(far));
    const results = { python, results: join(process.cwd(), 'python', 'results.py') };
    const pulled = await pull500(away, results);
    const events = await eventsSeen(server, python);
    const sftp = await sftp500([
      'sftp',
      '-F',
      join(server.folder, 'config'),
      '-o',
      `Port=${proxy.port}`,
      'box',
    ]);
    proxy.cut(true);
    const cut = await bench.untilNoticed(away);
    await near.close();
    const told = (figures: Figures, eventMs: number, cutS: number | null, pull: number) => ({
      start_ms: rounded(figures.start, 0),
      start_far_ms: rounded(figures.startFar, 0),
      states200_far_ms: rounded(figures.states, 0),
      stop_s: rounded(figures.stop, 2),
      event_seen_ms: rounded(eventMs, 0),
      idle_cpu_percent: rounded(figures.idle, 1),
      cut_noticed_s: cutS === null ? null : rounded(cutS, 1),
      pull500_far_s: rounded(pull, 1),
    });
    // ssh left to itself waits for as long as TCP does.
    return {
      metrics: told(metrics, events.ours, cut, pulled),
      baseline: told(baseline, events.plain, null, sftp),
    };
  } finally {
    await proxy.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function shared({ address, ssh, folder }: SshServer, name: string) {
  return sshTransport({ label: 'box', address, ssh, controlFolder: join(folder, name), share: true });
}

/** A connection for every call, and the command in it. */
function plain({ ssh }: Pick<SshServer, 'ssh'>): Transport {
  return {
    ...localTransport('box'),
    run: ({ argv, input, timeoutMs }) =>
      exec([...ssh, '-o', 'BatchMode=yes', '--', 'box', shellCommand(argv)], {
        cwd: '/',
        input,
        timeoutMs,
        maxBytes: 32_000_000,
      }),
  };
}

class Bench {
  readonly #root: string;
  readonly #engine;
  #last = 0;

  constructor(
    folder: string,
    private readonly python: string,
  ) {
    this.#root = jobsRoot(folder);
    this.#engine = directEngine({ python, supervisor: join(process.cwd(), 'python', 'supervisor.py') });
  }

  async measure(near: Transport, far: Transport): Promise<Figures> {
    const stops: number[] = [];
    const starts = async (transport: Transport): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < TIMES; i += 1) {
        const { ms, id } = await this.#start(transport);
        times.push(ms);
        stops.push(await this.#stop(near, id));
      }
      return median(times);
    };
    // The first call makes the connection.
    for (const transport of [near, far]) await this.#ask(transport);
    const [start, startFar] = [await starts(near), await starts(far)];
    await this.#fill();
    const states: number[] = [];
    for (let i = 0; i < TIMES; i += 1) states.push(await this.#ask(far));
    await rm(this.#root, { recursive: true });
    return {
      start,
      startFar,
      states: median(states),
      stop: median(stops) / 1000,
      idle: await this.#idle(near),
    };
  }

  /** Seconds until one who looks as the window does is told that there is no answer. */
  async untilNoticed(transport: Transport): Promise<number> {
    const start = performance.now();
    for (;;) {
      const { code } = await transport.run(this.#engine.probe([this.#root], []));
      if (code === null) return (performance.now() - start) / 1000;
      await pause(LOOK_ELSEWHERE_MS);
    }
  }

  #spec(): JobSpec {
    const draft = {
      kind: 'command' as const,
      title: 'A command',
      argv: [this.python, '-c', 'import time; time.sleep(1000)'],
      cwd: '/',
    };
    const newId = (): string => ulid((this.#last = Math.max(this.#last + 1, Date.now())));
    return chainOf([draft], { newId, now: () => new Date() })[0] as JobSpec;
  }

  /** Until the command runs. */
  async #start(transport: Transport): Promise<{ ms: number; id: string }> {
    const spec = this.#spec();
    const start = performance.now();
    await ask(transport, this.#engine.start(this.#root, [spec]));
    await appeared(join(this.#root, spec.id, 'started.json'));
    return { ms: performance.now() - start, id: spec.id };
  }

  /** Until it has ended. */
  async #stop(transport: Transport, id: string): Promise<number> {
    const start = performance.now();
    await ask(transport, this.#engine.stop(join(this.#root, id)));
    await appeared(join(this.#root, id, 'exit.json'));
    return performance.now() - start;
  }

  async #ask(transport: Transport): Promise<number> {
    const start = performance.now();
    await ask(transport, this.#engine.probe([this.#root], []));
    return performance.now() - start;
  }

  /** The job that is there, 200 times over. */
  async #fill(): Promise<void> {
    const { jobs } = await ask(localTransport('here'), this.#engine.probe([this.#root], []));
    const [first] = jobs;
    if (first === undefined) throw new Error('No job was started.');
    for (let count = jobs.length; count < STATES; count += 1) {
      await cp(join(this.#root, first.id), join(this.#root, this.#spec().id), { recursive: true });
    }
  }

  /** Share of one processor that this process and the programs it starts take while they watch. */
  async #idle(transport: Transport): Promise<number> {
    const ids: string[] = [];
    for (let i = 0; i < WATCHED; i += 1) ids.push((await this.#start(transport)).id);
    const before = await processorSeconds();
    const start = performance.now();
    while (performance.now() - start < WATCH_S * 1000) {
      await this.#ask(transport);
      await pause(LOOK_ELSEWHERE_MS);
    }
    const share = ((await processorSeconds()) - before) / ((performance.now() - start) / 1000);
    for (const id of ids) await this.#stop(transport, id);
    await rm(this.#root, { recursive: true });
    return share * 100;
  }
}

async function appeared(file: string): Promise<void> {
  while (!existsSync(file)) await pause(2);
}

/** Of this process and of its children that have ended, by the kernel's count of hundredths. */
async function processorSeconds(): Promise<number> {
  const fields = (await readFile('/proc/self/stat', 'utf8')).replace(/^.*\) /, '').split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100;
}
