// `npm start`: builds Earmark, makes the example audio, and opens VS Code on `examples/`. Which VS Code: an installed
// desktop one, else one that is downloaded, else (Linux) the server, in a browser.
//   npm start [-- --server] [--port 8000]
import { downloadAndUnzipVSCode } from '@vscode/test-electron';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findDesktop, hasDisplay, isRemoteTerminal, rootArgs, type Desktop } from './desktop';
import { installServer, versions } from './install';
import { cache, root, vsix } from './paths';
import { run } from './processes';
import { installVsix, startServer } from './server';

const [newest, oldest] = versions;
const examples = join(root, 'examples');
const welcome = join(__dirname, 'welcome');
/** Settings and state of a VS Code that is not the person's own. */
const profile = join(cache, 'start-data');

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { server: { type: 'boolean' }, port: { type: 'string' } } });
  const port = Number(values.port ?? 0);
  if (!(Number.isInteger(port) && port >= 0 && port < 65_536)) {
    throw new Error('--port is a number from 1 to 65535');
  }
  const desktop = values.server === true ? undefined : await findWindow();
  console.log('Making the example audio (half a minute the first time) …');
  await run(process.execPath, [join('examples', 'make-audio.mjs')], { cwd: root });
  await (desktop === undefined ? openInBrowser(port) : openOnDesktop(desktop));
}

/** A VS Code that can show a window here: installed, or downloaded into the cache. */
async function findWindow(): Promise<(Desktop & { own: boolean }) | undefined> {
  const installed = await findDesktop(oldest);
  if (installed !== undefined) {
    return { ...installed, own: false };
  }
  if (!hasDisplay() || isRemoteTerminal()) {
    return undefined;
  }
  console.log(
    `No VS Code ${oldest} or newer here: downloading ${newest} into .vscode-test/ (about 150 MB; once).`,
  );
  try {
    const options = { version: `${newest}.0`, cachePath: cache, timeout: 15_000 };
    return { program: await downloadAndUnzipVSCode(options), version: newest, own: true };
  } catch (error) {
    console.log(`It could not be downloaded: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** Runs Earmark from this folder. Settles when the program ends: `code` does so at once, having told the application. */
async function openOnDesktop({ program, version, own }: Desktop & { own: boolean }): Promise<void> {
  console.log('Building Earmark …');
  await run(process.execPath, ['esbuild.mjs'], { cwd: root });
  console.log(`Opening ${examples} in VS Code ${version} (${program}). Close its window to end.`);
  const args = [
    `--extensionDevelopmentPath=${root}`,
    `--extensionDevelopmentPath=${welcome}`,
    '--new-window',
    ...(own ? ['--user-data-dir', profile] : []),
    ...rootArgs(profile),
    examples,
  ];
  // On Windows `code` is a script, which only a shell can start.
  const shell = /\.cmd$/i.test(program);
  const quoted = (text: string) => (shell ? `"${text}"` : text);
  await new Promise<void>((done, fail) => {
    const child = spawn(quoted(program), args.map(quoted), { shell, stdio: 'ignore' });
    child.once('error', fail);
    child.once('exit', (code, signal) =>
      code === 0 || signal !== null ? done() : fail(new Error(`${program} ended with ${code}`)),
    );
  });
}

/** Runs Earmark as it is packaged, until Ctrl-C. */
async function openInBrowser(port: number): Promise<void> {
  const stopped = new Promise<'stopped'>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      // For good: npm and tsx may pass the same Ctrl-C on once more, and that must not cut the ending short.
      process.on(signal, () => done('stopped'));
    }
  });
  const starting = startPackaged(port);
  const server = await Promise.race([starting, stopped]);
  if (server === 'stopped') {
    // Whatever it has come to, also half an installation, is taken down first.
    await starting.then(
      (started) => started.stop(),
      () => undefined,
    );
    return;
  }
  console.log(
    `\nVS Code ${newest} is running on this machine. Open it in a browser:\n\n  ${server.url(examples)}\n`,
  );
  console.log('The address holds the key to this server: whoever has it can use it as you. Ctrl-C ends it.');
  if (process.env['SSH_CONNECTION'] !== undefined) {
    const number = server.authority.split(':')[1];
    const tunnel = `ssh -L ${number}:127.0.0.1:${number} ${hostname()}`;
    console.log(`You are here over SSH. On the machine that has the browser, run first:  ${tunnel}`);
  }
  if ((await Promise.race([stopped, server.ended])) !== 'stopped') {
    throw new Error(`The VS Code server ended by itself. What it said last:\n${server.logs().slice(-2000)}`);
  }
  await server.stop();
}

async function startPackaged(port: number): ReturnType<typeof startServer> {
  await installServer(newest);
  console.log('Packaging Earmark and starting VS Code …');
  await run('npm', ['run', '--silent', 'package'], { cwd: root });
  await mkdir(cache, { recursive: true });
  const packagePath = join(cache, 'welcome.vsix');
  const vsce = join(root, 'node_modules', '@vscode', 'vsce', 'vsce');
  const options = ['--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', packagePath];
  await run(process.execPath, [vsce, 'package', ...options], { cwd: welcome });
  const extensionsDir = join(cache, 'start-extensions');
  await installVsix(newest, extensionsDir, vsix);
  await installVsix(newest, extensionsDir, packagePath);
  const token = randomBytes(16).toString('hex');
  return startServer({ version: newest, userDataDir: profile, extensionsDir, token, port });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
