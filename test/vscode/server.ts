// VS Code as a server on this machine, for a browser to open.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installServer, type Server, type Version } from './install';
import { endGroup, killGroup, run } from './processes';

export interface ServerOptions {
  version: Version;
  /** Added to the quiet settings below, as a person's own. Settings that are there already stay as they are. */
  settings?: Record<string, unknown>;
  /** Where extensions lie; left out, a folder that goes with the server. */
  extensionsDir?: string;
  /** Where settings and state lie; left out, a folder that goes with the server. */
  userDataDir?: string;
  /** A packaged extension to install before the start. */
  install?: string;
  /** Required of whoever connects. Only a server that lives for seconds under test may do without. */
  token?: string;
  /** Ask whether the folder is trusted, as VS Code does for people. */
  trust?: boolean;
  /**
   * Lets extension tests report their end (`codeAutomationExit`). VS Code then shows no notification on screen, so it is not for
   * people, nor for tests that act as one.
   */
  testDriver?: boolean;
  /** Added to the environment of the server and with it of the extension host. */
  env?: NodeJS.ProcessEnv;
  port?: number;
}

export interface RunningServer {
  /** `127.0.0.1:<port>`, which is also the authority of vscode-remote addresses. */
  authority: string;
  /** The address that opens `folder`; `payload` is what VS Code's web workbench takes as extra options. */
  url(folder: string, payload?: readonly (readonly [string, string])[]): string;
  /** All that the server printed so far. */
  logs(): string;
  /** Settles when the server ends, however that comes. */
  ended: Promise<void>;
  stop(): Promise<void>;
}

/** No first-run pages, no updates, no telemetry, nothing of AI, nothing that asks: what is on screen is ours. */
export const quietSettings: Readonly<Record<string, unknown>> = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'git.openRepositoryInParentFolders': 'never',
  'git.autofetch': false,
  'npm.fetchOnlinePackageInfo': false,
  'json.schemaDownload.enable': false,
  'remote.autoForwardPorts': false,
};

/** Starts the server and settles when it listens. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const server = await installServer(options.version);
  const scratch = await mkdtemp(join(tmpdir(), 'earmark-vscode-'));
  const userData = options.userDataDir ?? join(scratch, 'data');
  const extensions = options.extensionsDir ?? join(scratch, 'extensions');
  await writeSettings(userData, {
    ...quietSettings,
    'security.workspace.trust.enabled': options.trust === true,
    ...options.settings,
  });
  const where = ['--user-data-dir', userData, '--server-data-dir', userData, '--extensions-dir', extensions];
  if (options.install !== undefined) {
    await installExtension(server, where, options.install);
  }

  // A file, since a token among the arguments would show in the list of processes.
  const tokenFile = join(scratch, 'token');
  if (options.token !== undefined) {
    await writeFile(tokenFile, options.token, { mode: 0o600 });
  }
  const child = spawn(
    server.node,
    [
      join(server.folder, 'out', 'server-main.js'),
      '--host=127.0.0.1',
      `--port=${options.port ?? 0}`,
      ...(options.token === undefined
        ? ['--without-connection-token']
        : ['--connection-token-file', tokenFile]),
      ...(options.testDriver === true ? ['--enable-smoke-test-driver'] : []),
      '--accept-server-license-terms',
      '--telemetry-level=off',
      ...where,
    ],
    { env: serverEnvironment(options.env), stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  // Its own process group, so that terminals and extension hosts end with it; and it ends with us.
  const onExit = () => killGroup(child, 'SIGKILL');
  process.once('exit', onExit);

  let logs = '';
  const ended = new Promise<void>((done) => {
    child.once('error', (error) => {
      logs += String(error);
      done();
    });
    child.once('exit', () => {
      process.off('exit', onExit);
      done();
    });
  });
  const listening = new Promise<number>((done) => {
    const read = (chunk: Buffer) => {
      logs += chunk.toString();
      const port = /Extension host agent listening on (\d+)/.exec(logs)?.[1];
      if (port !== undefined) {
        done(Number(port));
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
  const stop = async () => {
    await endGroup(child);
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  };

  const port = await Promise.race([listening, ended.then(() => undefined)]);
  if (port === undefined) {
    await stop();
    throw new Error(`The VS Code server ended before it listened:\n${logs}`);
  }
  const authority = `127.0.0.1:${port}`;
  return {
    authority,
    url: (folder, payload) => {
      const address = new URL(`http://${authority}/`);
      if (options.token !== undefined) {
        address.searchParams.set('tkn', options.token);
      }
      address.searchParams.set('folder', folder);
      if (payload !== undefined) {
        address.searchParams.set('payload', JSON.stringify(payload));
      }
      return address.href;
    },
    logs: () => logs,
    ended,
    stop,
  };
}

/** Installs a .vsix into an extensions folder, for servers that will use that folder. */
export async function installVsix(version: Version, extensionsDir: string, file: string): Promise<void> {
  const server = await installServer(version);
  const scratch = await mkdtemp(join(tmpdir(), 'earmark-install-'));
  try {
    const where = [
      '--user-data-dir',
      scratch,
      '--server-data-dir',
      scratch,
      '--extensions-dir',
      extensionsDir,
    ];
    await installExtension(server, where, file);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function installExtension(server: Server, where: readonly string[], file: string): Promise<void> {
  const main = join(server.folder, 'out', 'server-main.js');
  const output = await run(
    server.node,
    [
      main,
      '--accept-server-license-terms',
      '--telemetry-level=off',
      ...where,
      '--install-extension',
      file,
      '--force',
    ],
    { env: serverEnvironment() },
  );
  // It exits with 0 whatever happens.
  if (!/was successfully installed/.test(output)) {
    throw new Error(`VS Code did not install ${file}:\n${output}`);
  }
}

/** Settings go where either version of the server looks for a person's own, and those of a machine where it looks for these. */
async function writeSettings(userData: string, settings: Record<string, unknown>): Promise<void> {
  const ofMachine = Object.entries(settings).filter(([name]) => machineSettings.has(name));
  for (const base of [userData, join(userData, 'data')]) {
    await writeOnce(join(base, 'User'), settings);
    if (ofMachine.length > 0) await writeOnce(join(base, 'Machine'), Object.fromEntries(ofMachine));
  }
}

async function writeOnce(folder: string, settings: Record<string, unknown>): Promise<void> {
  const file = join(folder, 'settings.json');
  if (existsSync(file)) return;
  await mkdir(folder, { recursive: true });
  await writeFile(file, JSON.stringify(settings, undefined, 2));
}

/** A person's own values of these do not count where VS Code runs on a server. */
const machineSettings = new Set(['earmark.hosts', 'earmark.python.path']);

function serverEnvironment(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  // A VS Code that runs us (a terminal in it, say) leaves variables that would confuse the one we start.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(VSCODE_|ELECTRON_)/.test(name));
  // No marketplace: code-server would ask one over the network.
  return { ...Object.fromEntries(inherited), EXTENSIONS_GALLERY: '{"serviceUrl":""}', ...extra };
}
