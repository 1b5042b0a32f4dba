/** A Slurm cluster of this machine alone, with two pretended GPUs: real munged, slurmctld and slurmd in a folder of their own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { cpus, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exec } from '../../src/hosts/exec';

export const daemons = ['munged', 'slurmctld', 'slurmd'] as const;
export type Daemon = (typeof daemons)[number];

/** Of memory for a job that asks for none; more than this machine has is promised, so that no job waits for it. */
const DEFAULT_MB = 8000;

export interface Cluster {
  /** What programs need in their environment to find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs one of Slurm's programs; what it printed. Throws when it fails. */
  run(...argv: readonly [string, ...string[]]): Promise<string>;
  pid(daemon: Daemon): number;
  /** Ends a daemon by SIGKILL, as a crash does. */
  kill(daemon: Daemon): Promise<void>;
  /** Starts it again. With `forgetful`, slurmctld knows of no job any more. */
  start(daemon: Daemon, forgetful?: boolean): Promise<void>;
  /** Waits until slurmctld has the job on disk: it writes every few seconds, and loses what is younger when it crashes. */
  saved(job: string): Promise<void>;
  /** Waits until the node takes jobs. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

/** Why none can be made here; null where it can. */
export async function noCluster(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'a Slurm cluster needs root';
  for (const daemon of daemons) {
    const { code } = await exec(['sh', '-c', `PATH=$PATH:/usr/sbin command -v ${daemon}`], {
      cwd: '/',
      timeoutMs: 5000,
    });
    if (code !== 0) return `${daemon} is not installed (apt-get install slurm-wlm munge)`;
  }
  return null;
}

export async function makeCluster(): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), 'earmark-slurm-'));
  const conf = join(folder, 'slurm.conf');
  const env = { SLURM_CONF: conf };
  const running = new Map<Daemon, ChildProcess>();
  await writeFiles(folder, conf);

  const run: Cluster['run'] = async (...argv) => {
    const options = { cwd: '/', timeoutMs: 30_000 };
    const { code, stdout, stderr } = await exec(['env', `SLURM_CONF=${conf}`, ...argv], options);
    if (code !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
    return stdout;
  };
  let memories = 0;
  const start: Cluster['start'] = async (daemon, forgetful = false) => {
    // It begins to count anew, but a node takes no number twice.
    if (forgetful) {
      memories += 1;
      const text = await readFile(conf, 'utf8');
      await writeFile(conf, text.replace(/^FirstJobId=.*$/m, `FirstJobId=${memories * 10_000}`));
    }
    const argv = argvOf(daemon, folder, conf, forgetful);
    const environment = { ...process.env, ...env, PATH: `${process.env['PATH']}:/usr/sbin` };
    // Ends with the tests, also where they are killed before they can end it.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', daemon, ...argv], {
      env: environment,
      stdio: 'ignore',
      detached: true,
    });
    await once(child, 'spawn');
    running.set(daemon, child);
  };
  const kill: Cluster['kill'] = async (daemon) => {
    const child = running.get(daemon);
    running.delete(daemon);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const end = once(child, 'exit');
    child.kill('SIGKILL');
    await end;
  };
  const ready: Cluster['ready'] = async () => {
    let said = '';
    for (let tries = 0; tries < 150; tries += 1) {
      said = await run('sinfo', '-h', '-o', '%T %G').catch(String);
      if (/^(idle|mixed|allocated) gpu:2$/m.test(said)) return;
      await delay(200);
    }
    throw new Error(`The cluster does not come up: ${said}\n${await logs(folder)}`);
  };
  const saved: Cluster['saved'] = async (job) => {
    const file = join(folder, 'state', 'job_state');
    for (let tries = 0; tries < 150; tries += 1) {
      if ((await readFile(file).catch(() => Buffer.alloc(0))).includes(job)) return;
      await delay(200);
    }
    throw new Error(`slurmctld does not save ${job}`);
  };
  const stop: Cluster['stop'] = async () => {
    await run('scancel', '--user=root').catch(() => '');
    for (const daemon of [...daemons].reverse()) await kill(daemon);
    await rm(folder, { recursive: true, force: true });
  };

  try {
    for (const daemon of daemons) await start(daemon);
    await ready();
  } catch (error) {
    await stop();
    throw error;
  }
  const pid: Cluster['pid'] = (daemon) => running.get(daemon)?.pid ?? 0;
  return { env, run, pid, kill, start, saved, ready, stop };
}

function argvOf(daemon: Daemon, folder: string, conf: string, forgetful: boolean): string[] {
  switch (daemon) {
    case 'munged':
      return ['--foreground', '--force', ...munge(folder)];
    case 'slurmctld':
      return ['-D', '-f', conf, ...(forgetful ? ['-c'] : [])];
    case 'slurmd':
      return ['-D', '-f', conf];
  }
}

function munge(folder: string): string[] {
  const files = { socket: 'munge.socket', 'key-file': 'munge.key', 'pid-file': 'munge.pid', 'seed-file': 'munge.seed', 'log-file': 'munge.log' }; // prettier-ignore
  return Object.entries(files).map(([option, name]) => `--${option}=${join(folder, name)}`);
}

async function writeFiles(folder: string, conf: string): Promise<void> {
  for (const name of ['state', 'spool']) await mkdir(join(folder, name));
  await writeFile(join(folder, 'munge.key'), randomBytes(128), { mode: 0o600 });
  const gpus = [0, 1].map((number) => join(folder, `gpu${number}`));
  for (const gpu of gpus) {
    const { code, stderr } = await exec(['mknod', gpu, 'c', '1', '3'], { cwd: '/', timeoutMs: 5000 });
    if (code !== 0) throw new Error(stderr);
  }
  await writeFile(join(folder, 'gres.conf'), gpus.map((gpu) => `Name=gpu File=${gpu}\n`).join(''));
  const [controller, node] = await freePorts();
  const name = hostname();
  await writeFile(
    conf,
    `ClusterName=earmark
SlurmctldHost=${name}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${join(folder, 'munge.socket')}
StateSaveLocation=${join(folder, 'state')}
SlurmdSpoolDir=${join(folder, 'spool')}
SlurmctldPidFile=${join(folder, 'slurmctld.pid')}
SlurmdPidFile=${join(folder, 'slurmd.pid')}
SlurmctldLogFile=${join(folder, 'slurmctld.log')}
SlurmdLogFile=${join(folder, 'slurmd.log')}
SlurmctldPort=${controller}
SlurmdPort=${node}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerNode=${DEFAULT_MB}
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=30
InactiveLimit=0
KillWait=5
MinJobAge=300
FirstJobId=1
MessageTimeout=5
SchedulerParameters=sched_interval=2,batch_sched_delay=0,sched_min_interval=0
GresTypes=gpu
NodeName=${name} NodeAddr=127.0.0.1 CPUs=${cpus().length} RealMemory=${64 * DEFAULT_MB} Gres=gpu:2 State=UNKNOWN
PartitionName=gpu Nodes=${name} Default=YES MaxTime=INFINITE OverSubscribe=FORCE:64 State=UP
`,
  );
}

async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  const [first = 0, second = 0] = servers.map((server) => (server.address() as AddressInfo).port);
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  return [first, second];
}

async function logs(folder: string): Promise<string> {
  const names = ['munge.log', 'slurmctld.log', 'slurmd.log'];
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8').catch(() => '')));
  return texts.map((text) => text.split('\n').slice(-10).join('\n')).join('\n');
}
