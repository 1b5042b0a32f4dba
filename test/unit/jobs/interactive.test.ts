import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { localTransport } from '../../../src/hosts/localTransport';
import type { TerminalCommand, Transport } from '../../../src/hosts/transport';
import { listSessions, openSession, sessionOf } from '../../../src/jobs/interactive';
import { prepare, type PreparedLaunch } from '../../../src/jobs/prepare';
import type { JobDraft } from '../../../src/jobs/spec';
import { connect } from '../../ssh/host';
import { hasSshd, startSshServer } from '../../ssh/server';
import { makeFolder } from '../files/folders';
import { engine, shell, specsOf } from './support';

vi.setConfig({ testTimeout: 60_000 });

const here = localTransport('this machine');
const launchOf = (folder: string, ...drafts: readonly JobDraft[]): PreparedLaunch =>
  prepare(specsOf(drafts), folder, engine);

test('the same commands are one session, others another; its name means nothing to tmux', () => {
  const name = (run: string, script: string): string =>
    sessionOf(launchOf('/w', shell('/w', script, { run })), '/w').name;
  expect(name('/w/output 4.1:#{pid};', 'a')).toMatch(/^earmark-output_4_1_pid_-[0-9a-f]{6}$/);
  expect(name('/w/次', 'a')).toMatch(/^earmark-_-[0-9a-f]{6}$/);
  expect(name('/w/x', 'a')).toBe(name('/w/x', 'a'));
  expect(name('/w/x', 'a')).not.toBe(name('/w/x', 'b'));
});

describe.skipIf(!has('tmux'))('with tmux', () => {
  let folder = '';
  let sockets = '';
  beforeEach(async () => {
    folder = await makeFolder();
    // Short, as sockets must be; servers of their own, so that nothing of a person's is touched.
    sockets = await mkdtemp(join(tmpdir(), 'tmux-'));
    vi.stubEnv('TMUX_TMPDIR', sockets);
    vi.stubEnv('SHELL', '/bin/sh');
  });
  afterEach(async () => {
    for (const server of ['default', 'screen']) tmux(server, 'kill-server');
    vi.unstubAllEnvs();
    await rm(sockets, { recursive: true });
  });

  test.each(hasSshd ? ['here', 'by ssh'] : ['here'])(
    '%s one types into it; closed and opened again it is the same',
    async (way) => {
      const host = way === 'here' ? here : await bySsh();
      const ask = `read word; echo "heard $word"; trap 'echo "interrupted"; exit 7' INT; echo ready; while :; do sleep 0.1; done`;
      const odd = join(folder, `it's $HOME \\ !x`);
      await mkdir(odd);
      const launch = launchOf(odd, shell(odd, ask, { run: join(odd, 'out') }));
      const { name, terminal } = await openSession(host, launch, odd);
      onTestFinished(() => end(host, name));
      const first = openTerminal(terminal);
      await first.until('');
      first.type('hello ; world', 'Enter');
      await first.until('heard hello ; world');
      first.close();
      const again = (await listSessions(host)).find((session) => session.name === name);
      const second = openTerminal(again!.terminal);
      await second.until('heard hello ; world');
      await second.until('ready');
      second.type('C-c');
      await second.until('interrupted');
      await second.until('Ended with code 7');
      second.close();
      // The same start shows it and runs nothing anew.
      const third = openTerminal((await openSession(host, launch, odd)).terminal);
      await third.until('Ended with code 7');
    },
  );

  test('words of a person reach the command exactly, and nothing of them is run', async () => {
    const odd = join(folder, `a b;'"$(touch pwned)`);
    await mkdir(odd);
    const words = [
      '',
      'x;',
      ';',
      "it's",
      '$(touch pwned)',
      '`touch pwned`',
      '#{pid}',
      'a\nb',
      '%s %n',
      '次🎵',
    ];
    const show = `import json, os, sys; json.dump([sys.argv[1:], os.environ['A']], open('seen', 'w'))`;
    const argv = ['python3', '-c', show, ...words] as const;
    const draft = { ...shell(odd, ''), argv, env: { A: `it's $HOME;` }, run: join(odd, `r;'$(touch pwned)`) };
    const { terminal } = await openSession(here, launchOf(odd, draft), odd);
    const screen = openTerminal(terminal);
    await screen.until('Ended with code 0');
    expect(JSON.parse(await readFile(join(odd, 'seen'), 'utf8'))).toEqual([words, `it's $HOME;`]);
    for (const place of [odd, folder]) await expect(stat(join(place, 'pwned'))).rejects.toThrow('ENOENT');
  });

  test('what follows runs as it would as jobs', async () => {
    const drafts: JobDraft[] = [
      shell(folder, 'echo one >> ran; exit 3'),
      shell(folder, 'echo two >> ran'),
      shell(folder, 'echo three >> ran', { when: 'ended' }),
    ];
    const { terminal } = await openSession(here, launchOf(folder, ...drafts), folder);
    await openTerminal(terminal).until('Ended with code 0');
    expect(await readFile(join(folder, 'ran'), 'utf8')).toBe('one\nthree\n');
  });

  test('its script is for this user alone, and git leaves it out; a folder that is a link is not used', async () => {
    const launch = launchOf(folder, shell(folder, 'true'));
    await openSession(here, launch, folder);
    const { file } = sessionOf(launch, folder);
    expect((await stat(file)).mode & 0o077).toBe(0);
    expect(await readFile(join(folder, '.earmark', 'tmux', '.gitignore'), 'utf8')).toBe('*\n');
    const other = await makeFolder();
    await mkdir(join(other, '.earmark'));
    await symlink(folder, join(other, '.earmark', 'tmux'));
    await expect(openSession(here, launch, other)).rejects.toThrow(/it is a link/);
  });

  test('sessions of others are not offered', async () => {
    tmux('default', 'new-session', '-d', '-s', 'mine', 'sleep 60');
    expect(await listSessions(here)).toEqual([]);
  });
});

test('where tmux lacks, one sentence names what to do', async () => {
  const folder = await makeFolder();
  const bin = await makeFolder();
  for (const program of ['sh', 'mkdir', 'cat']) await symlink(pathOf(program), join(bin, program));
  vi.stubEnv('PATH', bin);
  try {
    const launch = launchOf(folder, shell(folder, 'true'));
    await expect(openSession(here, launch, folder)).rejects.toThrow(/no tmux on this machine. Install it/);
    await expect(listSessions(here)).rejects.toThrow(/no tmux/);
  } finally {
    vi.unstubAllEnvs();
  }
});

/** There its server of sessions is the usual one: other sessions of it are left alone. */
async function bySsh(): Promise<Transport> {
  const server = await startSshServer();
  const transport = connect(server);
  onTestFinished(async () => {
    await transport.close();
    await server.close();
  });
  return transport;
}

async function end(host: Transport, name: string): Promise<void> {
  await host.run({ argv: ['tmux', 'kill-session', '-t', `=${name}`], input: '', timeoutMs: 20_000 });
}

interface Terminal {
  until(text: string): Promise<void>;
  /** Words as they are, or the names of keys. */
  type(text: string, ...keys: readonly string[]): void;
  close(): void;
}

let terminals = 0;

/** A real terminal: another tmux, which is closed as an editor closes one. */
function openTerminal({ file, args }: TerminalCommand): Terminal {
  const name = `t${(terminals += 1)}`;
  tmux('screen', 'new-session', '-d', '-x', '150', '-y', '40', '-s', name, file, ...args);
  return {
    until: (text) =>
      vi.waitFor(() => expect(tmux('screen', 'capture-pane', '-p', '-J', '-t', name)).toContain(text), {
        timeout: 30_000,
      }),
    type: (text, ...keys) => {
      if (/^C-.$/.test(text)) tmux('screen', 'send-keys', '-t', name, text);
      else tmux('screen', 'send-keys', '-t', name, '-l', '--', text);
      for (const key of keys) tmux('screen', 'send-keys', '-t', name, key);
    },
    close: () => void tmux('screen', 'kill-session', '-t', name),
  };
}

/** Empty where it fails: a server that has ended is no harm. */
function tmux(server: string, ...args: readonly string[]): string {
  try {
    return execFileSync('tmux', ['-u', '-L', server, ...args], { encoding: 'utf8', stdio: 'pipe' });
  } catch {
    return '';
  }
}

function has(program: string): boolean {
  return pathOf(program) !== '';
}

function pathOf(program: string): string {
  try {
    return execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}
