/** A GPU host of a person with a laptop: an sshd on this machine, with a work folder that holds the example runs. */
import { spawnSync } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { venv } from '../../python/environment';
import { startSshServer, type SshServer } from '../../ssh/server';
import { root } from '../../vscode/paths';

export interface Box {
  readonly server: SshServer;
  /** Work folder on the host. */
  readonly folder: string;
  /** As a person is given it. */
  readonly command: string;
  /** The person has said yes to its key, in the file where ssh looks whoever starts it. */
  know(): Promise<void>;
  close(): Promise<void>;
}

/** `env` is added to the environment of all that runs there. */
export async function startBox(env: Readonly<Record<string, string>> = {}): Promise<Box> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'box-')));
  const variables = Object.entries({ HOME: folder, ...env }).map(([name, value]) => `${name}=${value}`);
  const server = await startSshServer({ lines: [`SetEnv ${variables.join(' ')}`] });
  await cp(join(root, 'examples', 'finetune'), join(folder, 'finetune'), { recursive: true });
  await symlink(venv, join(folder, '.venv'));
  const name = `[127.0.0.1]:${server.port}`;
  return {
    server,
    folder,
    command: `ssh -p ${server.port} -i ${join(server.folder, 'client_key')} ${userInfo().username}@127.0.0.1`,
    know: async () => {
      const key = await readFile(join(server.folder, 'host_key.pub'), 'utf8');
      await mkdir(join(homedir(), '.ssh'), { recursive: true, mode: 0o700 });
      await appendFile(join(homedir(), '.ssh', 'known_hosts'), `${name} ${key}`);
    },
    close: async () => {
      spawnSync('ssh-keygen', ['-R', name]);
      await server.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
