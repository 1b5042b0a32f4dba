import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { exec } from '../../../src/hosts/exec';
import { sshTransport, type SshOptions, type SshTransport } from '../../../src/hosts/sshTransport';
import { hasSshd, startSshServer, type SshServer } from '../../ssh/server';

/** What shells have been seen to trip over, every character of the basic plane, and a payload of scripts. */
const hard = [
  '', ' ', '-n', '-rf', "'", "it's", '"', '\\', 'end\\', '$HOME', '$(touch pwned)', '`id`', '!!', '*', ';', '\n', 'a\n\n', 'a\r\n', '%s', 'EOF',
  characters(0x0001, 0x6bff), characters(0x6c00, 0xd7ff), '🎸', 'x'.repeat(4_000_000),
]; // prettier-ignore

function characters(first: number, last: number): string {
  return Array.from({ length: last - first + 1 }, (_, at) => String.fromCharCode(first + at)).join('');
}

let server: SshServer;
beforeAll(async () => {
  if (hasSshd) server = await startSshServer({ lines: ['MaxSessions 10', 'MaxStartups 10:30:100'] });
});
afterAll(() => server.close());

function connect(more: Partial<SshOptions> = {}): SshTransport {
  const { address, ssh, folder } = server;
  const transport = sshTransport({
    label: 'the box',
    address,
    ssh,
    controlFolder: join(folder, 'c'),
    share: true,
    ...more,
  });
  onTestFinished(() => transport.close());
  return transport;
}

const call = (argv: readonly [string, ...string[]], input = '', timeoutMs = 20_000) => ({
  argv,
  input,
  timeoutMs,
});
const sh = (script: string, input = '', timeoutMs = 20_000) => call(['sh', '-c', script], input, timeoutMs);

describe.skipIf(!hasSshd).each([
  ['a shared connection', true],
  ['one that stays', false],
])('a host over %s', (_, share) => {
  it('runs a program as argv, with its input, and tells both outputs and the code', async () => {
    const host = connect({ share });
    expect(await host.run(sh('cat; echo err >&2; exit 3', 'words'))).toEqual({ code: 3, stdout: 'words', stderr: 'err' });
    expect(await host.run(sh('echo; printf "a\\n\\n"; exit 255'))).toEqual({ code: 255, stdout: '\na\n', stderr: '' });
  });

  it('hands over every argument and every input byte for byte', async () => {
    const host = connect({ share });
    for (const text of hard) {
      const { stdout } = await host.run(call(['cat'], text));
      expect(stdout === text.replace(/\r?\n$/, '')).toBe(true);
    }
    const words = hard.filter((text) => text.length < 100_000);
    const { stdout } = await host.run(call(['printf', '%s\\n|', ...words]));
    expect(stdout.split('\n|').slice(0, -1)).toEqual(words);
  });

  it('answers many calls at once, each its own', async () => {
    const host = connect({ share });
    const answers = await Promise.all(Array.from({ length: 24 }, (__, i) => host.run(sh('cat; exit 7', String(i)))));
    expect(answers).toEqual(Array.from({ length: 24 }, (__, i) => ({ code: 7, stdout: String(i), stderr: '' })));
  });

  it('ends there what nobody waits for any more, and all that it started but what went away', async () => {
    const host = connect({ share });
    const pids = join(server.folder, `pids-${share}`);
    const script = `sleep 300 & echo $! >"$1"; setsid sleep 301 & echo $! >>"$1"; wait`;
    // Signed in before the time counts: a busy machine takes a second for that.
    await host.run(sh('true'));
    const { code } = await host.run(call(['sh', '-c', script, 'sh', pids], '', 2000));
    expect(code).toBeNull();
    const [stays, away] = (await readFile(pids, 'utf8')).trim().split('\n').map(Number) as [number, number];
    await vi.waitFor(() => expect(() => process.kill(stays, 0)).toThrow(/ESRCH/), { timeout: 15_000, interval: 50 });
    process.kill(away, 'SIGKILL');
  });

  it('tells each of two calls at once why it failed', async () => {
    const host = connect({ share });
    const [late, done] = await Promise.all([host.run(sh('exec sleep 30', '', 500)), host.run(sh('sleep 0.6; echo done'))]);
    expect(late).toMatchObject({ code: null, trouble: { kind: 'timeout' } });
    expect(done).toEqual({ code: 0, stdout: 'done', stderr: '' });
  });

  it('ends what takes too long or says too much, and goes on afterwards', async () => {
    const host = connect({ share });
    expect(await host.run(sh('exec sleep 30', '', 500))).toMatchObject({ code: null, stdout: '', trouble: { kind: 'timeout' } });
    expect(await host.run(sh('yes | head -c 40000000'))).toMatchObject({ code: null, stderr: expect.stringMatching(/more than is believed/) as string });
    expect(await host.run(sh('echo on'))).toMatchObject({ code: 0, stdout: 'on' });
  });

  it('refuses NUL, which no argument can hold', async () => {
    expect(await connect({ share }).run(call(['echo', 'a\0b']))).toMatchObject({ code: null, stderr: expect.stringMatching(/NUL/) as string });
  });

  it('hands out what is long as it comes, and ends with its reader', async () => {
    const host = connect({ share });
    const chunks: Uint8Array[] = [];
    const result = await host.stream(sh('head -c 3000000 /dev/zero; exit 4'), (chunk) => void chunks.push(chunk));
    expect(result).toEqual({ code: 4, stdout: '', stderr: '' });
    expect(Buffer.concat(chunks).equals(Buffer.alloc(3_000_000))).toBe(true);
    const full = host.stream(sh('yes'), () => {
      throw new Error('disk full');
    });
    await expect(full).rejects.toThrow('disk full');
    const stop = new AbortController();
    const ended = await host.stream(sh('yes'), () => stop.abort(), stop.signal);
    expect(ended.code).toBeNull();
  });
}); // prettier-ignore

describe.skipIf(!hasSshd)('a host by ssh', () => {
  it('shares one connection, and makes another when that one died', async () => {
    const host = connect();
    const connection = async (): Promise<string> => (await host.run(sh('echo $SSH_CONNECTION'))).stdout;
    const first = await connection();
    expect(await connection()).toBe(first);
    expect(await readdir(join(server.folder, 'c'))).toHaveLength(1);
    await server.stop(true);
    await host.run(sh('true'));
    const { code, trouble } = await host.run(sh('true'));
    expect([code, trouble]).toEqual([null, { kind: 'refused', text: expect.stringMatching(/box refuses the connection/) as string, command: null }]);
    await server.start();
    expect(await connection()).not.toBe(first);
  });

  it('shows in a terminal what runs there, whatever the words and the login shell', async () => {
    const host = connect();
    const words = hard.filter((text) => text.length < 100 && !/[\n\r]/.test(text));
    const { file, args } = host.viewer(['printf', '%s|', ...words]);
    const seen = await exec([file, ...args], { cwd: '/', timeoutMs: 20_000 });
    expect(seen.stdout.split('|').slice(0, -1)).toEqual(words);
    expect(() => host.viewer(['echo', 'a\nb'])).toThrow(/Rename it/);
  });

  it('leaves the connection to another one that rides on it', async () => {
    const [first, second] = [connect(), connect()];
    const connection = (host: SshTransport): Promise<{ stdout: string }> => host.run(sh('echo $SSH_CONNECTION'));
    const { stdout } = await connection(first);
    const running = second.run(sh('sleep 0.5; echo $SSH_CONNECTION'));
    await first.close(true);
    expect((await running).stdout).toBe(stdout);
    expect((await connection(second)).stdout).toBe(stdout);
    await second.close();
    expect((await connection(first)).stdout).not.toBe(stdout);
  });

  it('opens a shell in a folder, after the lines of set-up', async () => {
    const host = connect();
    const type = async ({ file, args }: { file: string; args: readonly string[] }): Promise<string> =>
      (await exec([file, ...args], { cwd: '/', timeoutMs: 20_000, input: 'echo "<$PWD $COLOUR>"; exit\n' })).stdout;
    expect(await type(host.shell('/usr/bin', []))).toContain('</usr/bin >');
    expect(await type(host.shell('/usr', ['colour() { echo "$1 !"; }', "export COLOUR=\"$(colour 'b\\l')\""]))).toContain('</usr b\\l !>');
  });

  it('keeps the connection of a sign-in', async () => {
    const host = connect();
    const { file, args } = host.signIn();
    expect(await exec([file, ...args], { cwd: '/', timeoutMs: 20_000 })).toMatchObject({ code: 0 });
    await server.allow(false);
    onTestFinished(() => server.allow(true));
    expect(await host.run(sh('echo in'))).toMatchObject({ stdout: 'in' });
    await host.close();
    expect(await host.run(sh('true'))).toMatchObject({ code: null, trouble: { kind: 'auth' } });
    expect(() => connect({ share: false }).signIn()).toThrow(/Set up a key/);
  });

  it('verifies a key where somebody can answer, and nowhere else', async () => {
    const unknown = await startSshServer({ known: false });
    onTestFinished(() => unknown.close());
    const host = connect({ address: unknown.address, ssh: unknown.ssh });
    expect(await host.run(sh('true'))).toMatchObject({ code: null, trouble: { kind: 'host-key-unknown' } });
    const { args } = host.verify();
    expect(args).toContain('StrictHostKeyChecking=ask');
    expect(await readFile(join(unknown.folder, 'known_hosts'), 'utf8').catch(() => '')).toBe('');
  });

  it('tells that there is no ssh, or no such host', async () => {
    const without = connect({ ssh: ['/nonexistent/ssh'] });
    expect(await without.run(sh('true'))).toMatchObject({ code: null, trouble: { kind: 'no-ssh' } });
    const nowhere = connect({ address: { ...server.address, host: 'nowhere.invalid' }, share: false });
    expect(await nowhere.run(sh('true'))).toMatchObject({ stderr: expect.stringMatching(/No host is called nowhere\.invalid/) as string });
  });
}); // prettier-ignore
