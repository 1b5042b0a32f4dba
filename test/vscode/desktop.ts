import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { which } from './processes';

/** Whether a window can be shown. Windows and macOS always have somewhere; on Linux there may be nothing. */
export function hasDisplay(): boolean {
  return process.platform !== 'linux' || Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']);
}

/**
 * Whether `code` here is the one of a remote window or of Windows outside WSL: another program, which opens files in a
 * window elsewhere and cannot be given an extension of this disk.
 */
export function isRemoteTerminal(): boolean {
  return process.env['VSCODE_IPC_HOOK_CLI'] !== undefined || process.env['WSL_DISTRO_NAME'] !== undefined;
}

const programs = ['code', 'code-insiders', 'codium', 'cursor'];
const macPrograms = [
  '/Applications/Visual Studio Code.app/Contents/Resources/app/bin/code',
  '/Applications/VSCodium.app/Contents/Resources/app/bin/codium',
  '/Applications/Cursor.app/Contents/Resources/app/bin/cursor',
];

export interface Desktop {
  program: string;
  version: string;
}

/** An installed VS Code, or fork of it, that is new enough, with the version that it says it is. */
export async function findDesktop(oldest: string): Promise<Desktop | undefined> {
  if (!hasDisplay() || isRemoteTerminal()) {
    return undefined;
  }
  const suffix = process.platform === 'win32' ? '.cmd' : '';
  const found = programs.map((name) => which(name + suffix)).filter((path) => path !== undefined);
  for (const program of [...found, ...(process.platform === 'darwin' ? macPrograms : [])]) {
    const version = await versionOf(program);
    if (version !== undefined && atLeast(version, oldest)) {
      return { program, version };
    }
  }
  return undefined;
}

async function versionOf(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--version', ...rootArgs()], {
      timeout: 20_000,
      shell: process.platform === 'win32',
    });
    return /^\d+\.\d+\.\d+/m.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
}

/** VS Code does not start as root without a profile of its own and with the sandbox. */
export function rootArgs(profile?: string): string[] {
  if (process.getuid?.() !== 0) {
    return [];
  }
  return ['--no-sandbox', '--user-data-dir', profile ?? join(tmpdir(), 'earmark-vscode-root')];
}

function atLeast(version: string, oldest: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = oldest.split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
