/** The link itself: each test has a server of its own. */
import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, vi, type TestContext } from 'vitest';
import { HumanError } from '../../src/errors';
import { exec } from '../../src/hosts/exec';
import { parseSshAddress } from '../../src/hosts/sshAddress';
import type { SshOptions, SshTransport } from '../../src/hosts/sshTransport';
import type { JobHost } from '../../src/jobs/jobsStore';
import { connect } from '../ssh/host';
import { makeNetwork } from '../ssh/network';
import { hasSshd, startSshServer, writeProgram, type ServerOptions, type SshServer } from '../ssh/server';
import { makeFolder } from '../unit/files/folders';
import { shell, storeOf } from '../unit/jobs/support';
import { bySlurm, fault, faultIn, run, type Rig } from './support';

const FOREVER = 'while [ ! -e go ]; do sleep 0.05; done; exit 3';
const call = (script: string, input = '') => ({
  argv: ['sh', '-c', script] as const,
  input,
  timeoutMs: 30_000,
});

async function serve({ skip }: TestContext, options: ServerOptions = {}): Promise<SshServer> {
  if (!hasSshd) skip('sshd is not installed');
  const server = await startSshServer(options);
  onTestFinished(() => server.close());
  return server;
}

function reach(server: SshServer, more: Partial<SshOptions> = {}): SshTransport {
  const transport = connect(server, more);
  onTestFinished(() => transport.close());
  return transport;
}

/** A job that is known to run, its window, and the link to it. */
async function running(rig: Rig, transport: SshTransport) {
  const host: JobHost = { transport, engine: rig.host.engine };
  const store = storeOf(rig.folder, host);
  const [job] = await store.start(rig.prepare(shell(rig.folder, FOREVER)));
  const look = async (): Promise<string | undefined> => {
    await store.refresh();
    return store.job(job!.id)?.state.kind;
  };
  await vi.waitFor(async () => expect(await look()).toBe('running'), { timeout: 20_000, interval: 50 });
  const end = async (): Promise<void> => {
    await writeFile(join(rig.folder, 'go'), '');
    expect((await rig.ended(job!.id)).state).toMatchObject({ why: 'exited', code: 3 });
    await store.refresh();
    expect(store.job(job!.id)?.state).toMatchObject({ why: 'exited', code: 3 });
  };
  const reason = (): string | undefined => store.contact?.reason;
  return { look, end, reason };
}

fault('F2', 'full', async (rig, context) => {
  const network = makeNetwork();
  if (network === null) return context.skip('no network namespace can be made here: needs root, ip and iptables');
  onTestFinished(() => network.remove());
  // The window is on the other machine, so that the host still has its cluster.
  const server = await serve(context, { listen: network.address });
  const [program, ...args] = [...network.inside, ...server.ssh];
  for (const share of bySlurm(rig) ? [true] : [true, false]) {
    const transport = reach(server, { share, ssh: [program ?? '', ...args] });
    const { look, end, reason } = await running(rig, transport);
    network.cut(true);
    const start = performance.now();
    expect(await look()).toBe('unverifiable');
    console.log(`${share ? 'shared' : 'staying'} connection cut: noticed after ${((performance.now() - start) / 1000).toFixed(1)} s`);
    expect(reason()).toMatch(/does not answer|was lost|took too long/);
    network.cut(false);
    expect(await look()).toBe('running');
    await end();
    await run('rm', join(rig.folder, 'go'));
  }
}); // prettier-ignore

fault('F27', 'full', async (rig, context) => {
  const server = await serve(context);
  const transport = reach(server);
  const { look, end } = await running(rig, transport);
  for (const kill of [true, false]) {
    const folder = join(server.folder, 'c');
    const [socket = ''] = await readdir(folder);
    const { stderr, stdout } = await exec([...server.ssh, '-S', join(folder, socket), '-O', 'check', 'box'], { cwd: '/', timeoutMs: 10_000 });
    const pid = Number(/pid=(\d+)/.exec(stderr + stdout)?.[1]);
    // The first leaves its socket behind, the second hangs up in the middle of nothing.
    process.kill(pid, kill ? 'SIGKILL' : 'SIGTERM');
    expect(await look()).toBe('running');
  }
  await end();
}); // prettier-ignore

fault('F28', 'full', async (_, context) => {
  const answersOf = async (transport: SshTransport): Promise<void> => {
    const numbers = Array.from({ length: 12 }, (__, i) => i);
    const answers = await Promise.all(numbers.map((i) => transport.run(call('cat; sleep 0.1', String(i)))));
    expect(answers.map(({ stdout }) => stdout)).toEqual(numbers.map(String));
  };
  await answersOf(reach(await serve(context, { lines: ['MaxSessions 3'] })));
  // Three windows that share nothing, at a door for one at a time.
  const narrow = await serve(context, { lines: ['MaxStartups 1', 'MaxSessions 1'] });
  const windows = Array.from({ length: 3 }, (__, i) => reach(narrow, { controlFolder: join(narrow.folder, `c${i}`) }));
  await Promise.all(windows.map(answersOf));
}); // prettier-ignore

fault('F29', 'full', async (rig, context) => {
  const server = await serve(context);
  for (const share of [true, false]) {
    const transport = reach(server, { share });
    const { look, end, reason } = await running(rig, transport);
    await server.stop(true);
    expect(await look()).toBe('unverifiable');
    expect(await look()).toBe('unverifiable');
    expect(reason()).toMatch(/refuses the connection/);
    await server.start();
    expect(await look()).toBe('running');
    await end();
    await run('rm', join(rig.folder, 'go'));
  }
});

fault('F30', 'full', async (rig, context) => {
  const server = await serve(context);
  const transport = reach(server);
  const { look, end, reason } = await running(rig, transport);
  await server.stop(true);
  await server.changeKey();
  await server.start();
  await look();
  expect(await look()).toBe('unverifiable');
  expect(reason()).toMatch(/another key than before.* run ssh-keygen -R .*box-key/);
  // Somebody else may be at the other end: nothing was said to them.
  const log = await readFile(join(server.folder, 'log'), 'utf8');
  expect(log.slice(log.lastIndexOf('Server listening'))).not.toMatch(/Accepted/);
  await exec(['ssh-keygen', '-f', join(server.folder, 'known_hosts'), '-R', 'box-key'], { cwd: '/', timeoutMs: 10_000 });
  expect(await look()).toBe('unverifiable');
  expect(reason()).toMatch(/key of box is not known/);
  await writeFile(join(server.folder, 'known_hosts'), `box-key ${await readFile(join(server.folder, 'host_key.pub'), 'utf8')}`);
  expect(await look()).toBe('running');
  await end();
}); // prettier-ignore

fault('F31', 'full', async (rig, context) => {
  const server = await serve(context);
  const transport = reach(server);
  const { look, end, reason } = await running(rig, transport);
  await server.allow(false);
  expect(await look()).toBe('running'); // the connection was let in before
  await transport.close();
  expect(await look()).toBe('unverifiable');
  expect(reason()).toMatch(/Sign in in a terminal/);
  await server.allow(true);
  expect(await look()).toBe('running');
  await end();
}); // prettier-ignore

faultIn(['ssh × direct', 'ssh × slurm'], 'F43', 'full', async (rig, context) => {
  for (const name of bySlurm(rig) ? ['sh'] : ['sh', 'bash', 'zsh', 'fish', 'tcsh']) {
    if (spawnSync(name, ['-c', 'exit 0']).status !== 0) continue;
    const folder = await makeFolder();
    const login = `#!/bin/sh\necho noise; echo 'BEGIN-0000 noise' >&2; echo 'END-0000 0'\nexec ${name} -c "$SSH_ORIGINAL_COMMAND"\n`;
    const server = await serve(context, { lines: [`ForceCommand ${await writeProgram(join(folder, 'login'), login)}`] });
    for (const share of [true, false]) {
      const transport = reach(server, { share });
      expect(await transport.run(call('cat; echo err >&2; exit 5', 'a\\b!! $x'))).toEqual({ code: 5, stdout: 'a\\b!! $x', stderr: 'err' });
      if (name !== 'sh') continue;
      const { end } = await running(rig, transport);
      await end();
      await run('rm', join(rig.folder, 'go'));
    }
  }
}); // prettier-ignore

/** Refused in words before anything runs. */
function refused(texts: readonly string[], words: RegExp): void {
  for (const text of texts) {
    expect(() => parseSshAddress(text), text).toThrow(HumanError);
    expect(() => parseSshAddress(text), text).toThrow(words);
  }
}

fault('B1', 'full', async (_, context) => {
  const evil = '-oProxyCommand=touch x';
  refused([evil, `ssh ${evil} box`, `ssh -- ${evil}`, `ssh -J ${evil} box`, `ssh -l ${evil} box`, `ssh://${evil}:22`], /“|has no value/);
  // And were it not refused: it comes after `--`.
  const server = await serve(context);
  const folder = await makeFolder();
  const transport = reach(server, { address: { ...server.address, host: `-oProxyCommand=touch ${folder}/ran` } });
  expect((await transport.run(call('true'))).code).toBeNull();
  expect(await readdir(folder)).toEqual([]);
}); // prettier-ignore

fault('B2', 'full', () => {
  refused(['$(id)', 'a;id', 'a|id', '`id`', 'a b', '$(id)@box', 'a;b@box', "it's", 'a&b', 'a>b', '\u202ebox', 'box\u200b'], /can’t be the name/);
  refused(['box\nHost x', 'a\rb', 'a\u0000b', 'a\u001b[0m'], /control character/);
  return Promise.resolve();
}); // prettier-ignore

fault('B3', 'full', () => {
  refused(['box:2222'], /ssh:\/\/box:2222/);
  refused(['me@box:22'], /ssh:\/\/me@box:22/);
  expect(parseSshAddress('ssh://me@box:2222')).toMatchObject({ host: 'box', port: 2222, user: 'me' });
  return Promise.resolve();
});

fault('B4', 'full', () => {
  refused(['ssh -o ProxyCommand=x box', 'ssh -L 1:a:2 box', 'ssh -F evil box', 'ssh -tt box'], /option “-\w” is not taken over/);
  refused(['ssh box touch x', 'ssh box -- touch'], /is a command/);
  expect(parseSshAddress('ssh -p 7 -l me -i ~/k -J gate box')).toEqual({ host: 'box', user: 'me', port: 7, identity: '~/k', jump: 'gate' });
  return Promise.resolve();
}); // prettier-ignore

fault('B32', 'full', async (_, context) => {
  const server = await serve(context);
  const folder = join(server.folder, 'c');
  await mkdir(folder);
  await chmod(folder, 0o777);
  expect(await reach(server).run(call('echo in'))).toMatchObject({ stdout: 'in' });
  expect((await run('stat', '-c', '%a', folder)).trim()).toBe('700');
  await rename(folder, `${folder}2`);
  await symlink(`${folder}2`, folder);
  expect(await reach(server).run(call('true'))).toMatchObject({ code: null, stderr: expect.stringMatching(/belongs to somebody else/) as string });
  if (process.getuid?.() !== 0) return context.skip('only root can give a folder away');
  await run('rm', folder);
  await mkdir(folder);
  await chown(folder, 12_345, 12_345);
  const transport = reach(server);
  expect(await transport.run(call('true'))).toMatchObject({ code: null, stderr: expect.stringMatching(/Remove it/) as string });
  expect(() => transport.viewer(['true'])).toThrow(/belongs to somebody else/);
  expect(await readdir(folder)).toEqual([]);
}); // prettier-ignore

fault('B33', 'full', async (_, context) => {
  const server = await serve(context);
  const ran = join(server.folder, 'ran');
  await server.configure('ForwardAgent yes', 'ForwardX11 yes', 'ForwardX11Trusted yes', `LocalForward ${server.folder}/forward localhost:1`, 'PermitLocalCommand yes', `LocalCommand touch ${ran}`, 'StrictHostKeyChecking no', 'ControlPath none');
  const agent = await run('ssh-agent', '-s');
  onTestFinished(() => void process.kill(Number(/AGENT_PID=(\d+)/.exec(agent)?.[1])));
  const socket = /SSH_AUTH_SOCK=([^;]+)/.exec(agent)?.[1] ?? '';
  for (const share of [true, false]) {
    const transport = reach(server, { share, ssh: ['env', `SSH_AUTH_SOCK=${socket}`, 'DISPLAY=:9', ...server.ssh] });
    expect(await transport.run(call('echo "<$SSH_AUTH_SOCK$DISPLAY>"'))).toMatchObject({ code: 0, stdout: '<>' });
    const { file, args } = transport.viewer(['sh', '-c', 'echo "<$SSH_AUTH_SOCK$DISPLAY>"']);
    expect((await exec([file, ...args], { cwd: '/', timeoutMs: 20_000 })).stdout).toContain('<>');
  }
  const names = await readdir(server.folder);
  expect(names).not.toContain('ran');
  expect(names).not.toContain('forward');
}); // prettier-ignore

fault('B34', 'full', async (_, context) => {
  const server = await serve(context);
  await server.configure('RemoteCommand touch ran', 'RequestTTY force');
  for (const share of [true, false]) {
    const transport = reach(server, { share });
    expect(await transport.run(call('test -t 0 || echo none; cat', 'a\n\nb'))).toEqual({ code: 0, stdout: 'none\na\n\nb', stderr: '' });
    const { file, args } = transport.viewer(['sh', '-c', 'test -t 0 && echo seen']);
    expect((await exec([file, ...args], { cwd: '/', timeoutMs: 20_000 })).stdout).toContain('seen');
  }
  expect(await readdir(join(server.folder, 'home'))).toEqual([]);
}); // prettier-ignore
