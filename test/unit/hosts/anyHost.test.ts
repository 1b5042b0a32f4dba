import { chmod, mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { remoteFiles } from '../../../src/hosts/hostFiles';
import type { HostScript } from '../../../src/hosts/hostScript';
import { findInterpreters } from '../../../src/hosts/interpreters';
import { localTransport } from '../../../src/hosts/localTransport';
import { bringScripts, bringScriptsTo, scriptsFolder } from '../../../src/hosts/scripts';
import { sshTransport } from '../../../src/hosts/sshTransport';
import { survey } from '../../../src/hosts/survey';
import type { HostCall, Transport } from '../../../src/hosts/transport';
import { hasSshd, startSshServer, type SshServer } from '../../ssh/server';
import { makeFolder, write } from '../files/folders';
import { python } from '../jobs/support';

let server: SshServer | null = null;
beforeAll(async () => {
  if (hasSshd) server = await startSshServer();
});
afterAll(() => server?.close());

/** As `transport`, and how often it was asked. */
function counted(transport: Transport): Transport & { readonly calls: HostCall[] } {
  const calls: HostCall[] = [];
  return { ...transport, calls, run: (call) => (calls.push(call), transport.run(call)) };
}

function byWay(way: string): Transport & { readonly calls: HostCall[] } {
  if (way === 'here' || server === null) return counted(localTransport('this machine'));
  const { address, ssh, folder } = server;
  const host = sshTransport({ label: 'box', address, ssh, controlFolder: join(folder, 'c'), share: true });
  onTestFinished(() => host.close());
  return counted(host);
}

const scriptOf = (transport: Transport): HostScript => ({
  transport,
  python,
  script: join(process.cwd(), 'python/host.py'),
});

describe.each(['here', ...(hasSshd ? ['by ssh'] : [])])('a host %s', (way) => {
  it('tells its files in one answer to all that was asked at once', async () => {
    const folder = await makeFolder({ 'a b/it’s.json': '{}', "a b/q'\n": '', plain: '' });
    const host = byWay(way);
    const files = remoteFiles(() => Promise.resolve(scriptOf(host)));
    const codeOf = (error: unknown): unknown => (error as { code: unknown }).code;
    expect(
      await Promise.all([
        files.list(join(folder, 'a b')),
        files.exists(join(folder, 'plain')),
        files.exists(join(folder, 'nope')),
        files.list(join(folder, 'nope')).catch(codeOf),
        files.list(join(folder, 'plain')).catch(codeOf),
      ]),
    ).toEqual([['it’s.json', "q'\n"], true, false, 'ENOENT', 'ENOTDIR']);
    expect(host.calls).toHaveLength(1);
    expect(await files.list(folder)).toEqual(['a b', 'plain']);
  });

  it('tells what it has, also of a GPU that tells little', async () => {
    const folder = await makeFolder();
    await write(folder, {
      'nvidia-smi': '#!/bin/sh\necho "0, NVIDIA H100, 81559, 1024, 37"\necho "1, Some, [N/A], [N/A], [N/A]"\necho trouble\n',
    });
    await chmod(join(folder, 'nvidia-smi'), 0o755);
    const host = byWay(way);
    const withGpus: Transport = { ...host, run: (call) => host.run({ ...call, argv: ['env', `PATH=${folder}`, ...call.argv] }) };
    const seen = await survey(scriptOf(withGpus), join(folder, 'not/yet/there'));
    expect(seen.gpus).toEqual([
      { index: 0, name: 'NVIDIA H100', total: 81_559, used: 1024, percent: 37 },
      { index: 1, name: 'Some', total: null, used: null, percent: null },
    ]);
    expect(seen).toMatchObject({ tools: [], free: expect.any(Number) as number, memory: expect.any(Number) as number });
    const plain = await survey(scriptOf(host), '/');
    expect(plain.gpus.length).toBeGreaterThanOrEqual(0);
    expect(plain.cpus).toBeGreaterThan(0);
  });

  it('says so when it can’t be asked', async () => {
    const absent = { ...scriptOf(byWay(way)), python: '/nonexistent/python' };
    await expect(survey(absent, '/')).rejects.toThrow(way === 'here' ? /ENOENT/ : /Check Environment/);
    await expect(remoteFiles(() => Promise.resolve(absent)).exists('/')).rejects.toThrow();
  });

  it('is brought the scripts once, whole, in the folder that they would have here', async () => {
    const source = await makeFolder({ 'train_lora.py': 'print("歌")\n', 'requirements.txt': 'torch\n', 'notes.md': '' });
    const workdir = join(await makeFolder(), 'not yet');
    const host = byWay(way);
    const folders = await Promise.all(Array.from({ length: 6 }, () => bringScriptsTo({ transport: host, python }, source, workdir)));
    expect(new Set(folders)).toEqual(new Set([await scriptsFolder(source, workdir)]));
    expect((await readdir(folders[0]!)).sort()).toEqual(['__pycache__', 'requirements.txt', 'train_lora.py']);
    expect(await readFile(join(folders[0]!, 'train_lora.py'), 'utf8')).toBe('print("歌")\n');
    expect(await readdir(join(workdir, '.earmark/python'))).toHaveLength(1);
    expect(await readFile(join(workdir, '.earmark/.gitignore'), 'utf8')).toBe('jobs/\npython/\n');
    host.calls.length = 0;
    await bringScriptsTo({ transport: host, python }, source, workdir);
    expect(host.calls).toHaveLength(1);
    expect(await bringScripts(source, workdir)).toBe(folders[0]);
  });

  it('takes no scripts that were cut, and tells why none can be brought', async () => {
    const source = await makeFolder({ 'a.py': 'a'.repeat(1000), 'b.py': 'b' });
    const workdir = await makeFolder();
    const host = byWay(way);
    // As if a file had been lost between this machine and the unpacking there.
    const folder = await scriptsFolder(source, workdir);
    await write(source, { 'c.py': 'c' });
    const liar: Transport = {
      ...host,
      run: (call) => host.run({ ...call, argv: call.argv.map((word) => (word.includes('/.earmark/python/') ? folder : word)) as [string, ...string[]] }),
    };
    await expect(bringScriptsTo({ transport: liar, python }, source, workdir)).rejects.toThrow(/did not arrive whole/);
    expect(await readdir(workdir)).toEqual([]);
    await expect(bringScriptsTo({ transport: host, python }, source, '/proc/none')).rejects.toThrow(/could not be brought to .*: .*See whether “\/proc\/none”/);
  });

  it('has its Pythons found as they are found here', async () => {
    const folder = await makeFolder();
    await mkdir(join(folder, 'a b/.venv/bin'), { recursive: true });
    const fake = `#!/bin/sh\necho noise; echo 'EARMARK{"path":"/torch","version":"3.11.2","torch":"2.4.0"}'\n`;
    await write(folder, { 'conda/python': fake });
    await chmod(join(folder, 'conda/python'), 0o755);
    await symlink(join(folder, 'conda/python'), join(folder, 'a b/.venv/bin/python'));
    const host = byWay(way);
    const found = await findInterpreters({ setting: '~/no such python', folders: [join(folder, 'a b')], host });
    expect(found[0]).toMatchObject({ source: 'setting', version: null, problem: expect.stringMatching(/does not run: .*no such python/) as string });
    expect(found[1]).toEqual({ path: '/torch', source: 'workspace', version: '3.11.2', torch: '2.4.0', environment: null, problem: null });
    expect(found.some(({ source, version }) => source === 'path' && version !== null)).toBe(true);
    const gone: Transport = { ...host, run: () => Promise.resolve({ code: null, stdout: '', stderr: 'box does not answer.' }) };
    await expect(findInterpreters({ setting: '', folders: [], host: gone })).rejects.toThrow('box does not answer.');
  });
}); // prettier-ignore
