// Puts what the tests and `npm start` run in into the cache, on demand and once: VS Code as a server, a browser.
// Everything comes from the package registry that npm is set up with. Pins: the folders beside this file.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cache } from './paths';
import { run, which } from './processes';

/** The newest VS Code that is tested, and the oldest that is supported. */
export const versions = ['1.139', '1.100'] as const;
export type Version = (typeof versions)[number];

export function isVersion(text: string): text is Version {
  return (versions as readonly string[]).includes(text);
}

export interface Server {
  /** VS Code's own folder in the code-server package. */
  folder: string;
  /** The Node that this version is made for. */
  node: string;
}

type Say = (line: string) => void;

export async function installServer(version: Version, say: Say = console.log): Promise<Server> {
  const folder = await installed(version, `vscode-server-${version}`, buildServer, () => {
    if (process.platform !== 'linux') {
      throw new Error(
        'The VS Code server runs on Linux only. Here, install VS Code with its `code` command, or let it be downloaded.',
      );
    }
    const missing = [
      (which('c++') ?? which('g++') ?? which('clang++')) ? undefined : 'a C++ compiler',
      which('make') ? undefined : 'make',
      which('python3') ? undefined : 'python3',
    ].filter((name) => name !== undefined);
    if (missing.length > 0) {
      throw new Error(
        `Building the VS Code server needs ${missing.join(', ')}. On Debian or Ubuntu: apt-get install build-essential python3`,
      );
    }
    say(
      `VS Code ${version} as a server is not here yet: fetching it from the npm registry and building it into .vscode-test/` +
        ' (about 250 MB to fetch, 1 GB on disk, a minute; once).',
    );
  });
  return { folder: vscodeFolder(folder), node: join(nodeHome(folder), 'bin', 'node') };
}

/** The folder that holds @sparticuz/chromium, for machines without a browser of their own. */
export function installChromium(say: Say = console.log): Promise<string> {
  return installed('chromium', 'chromium', fetchPackages, () =>
    say(
      'No Chromium or Chrome here: fetching one from the npm registry into .vscode-test/ (about 70 MB; once).',
    ),
  );
}

const vscodeFolder = (folder: string) => join(folder, 'node_modules', 'code-server', 'lib', 'vscode');
const nodeHome = (folder: string) => join(folder, 'node_modules', `node-linux-${process.arch}`);

async function fetchPackages(folder: string): Promise<void> {
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder });
}

/**
 * code-server's own install script asks for Kerberos headers and downloads from outside the registry. Only four native
 * modules matter for running, so those are built here, against the headers that come with the Node package.
 */
async function buildServer(folder: string): Promise<void> {
  await fetchPackages(folder);
  const home = nodeHome(folder);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${join(home, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`,
    npm_config_nodedir: home,
    npm_config_yes: 'true',
  };
  const cwd = vscodeFolder(folder);
  // Not `npm ci`: this shrinkwrap does not agree with its package.json.
  await run('npm', ['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd, env });
  const native = [
    'node-pty',
    '@vscode/spdlog',
    '@parcel/watcher',
    '@vscode/native-watchdog',
    'native-watchdog',
  ];
  const present = native.filter((name) => existsSync(join(cwd, 'node_modules', name)));
  await run('npm', ['rebuild', ...present], { cwd, env });
}

/** Fills `.vscode-test/<name>-<hash of its pins>` once: made aside and renamed, so that a half one is never used. */
async function installed(
  pins: string,
  name: string,
  fill: (folder: string) => Promise<void>,
  before: () => void,
): Promise<string> {
  const source = join(__dirname, pins);
  const lockFile = await readFile(join(source, 'package-lock.json'));
  const folder = join(cache, `${name}-${createHash('sha256').update(lockFile).digest('hex').slice(0, 8)}`);
  if (existsSync(folder)) {
    return folder;
  }
  await mkdir(cache, { recursive: true });
  return withLock(`${folder}.lock`, async () => {
    if (existsSync(folder)) {
      return folder;
    }
    before();
    const aside = `${folder}.${process.pid}.tmp`;
    try {
      await cp(source, aside, { recursive: true });
      await fill(aside);
      await rename(aside, folder);
    } catch (error) {
      await rm(aside, { recursive: true, force: true });
      throw error;
    }
    return folder;
  });
}

/** Two runs on one checkout must not fill the same folder; the lock of a process that is gone does not count. */
async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      break;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
        throw error;
      }
    }
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (owner > 0 && !alive(owner)) {
      // Renamed first: of two that find it stale, only one gets it.
      await rename(file, `${file}.${process.pid}`).then(
        () => rm(`${file}.${process.pid}`, { force: true }),
        () => undefined,
      );
    } else {
      await delay(500);
    }
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
