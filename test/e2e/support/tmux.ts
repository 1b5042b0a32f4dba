/** A tmux of a test's own: its sockets lie in a folder that nobody else has. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface OwnTmux {
  readonly env: { readonly TMUX_TMPDIR: string };
  /** Empty where there is no such server or session. */
  (...args: readonly string[]): string;
  close(): void;
}

export function ownTmux(): OwnTmux {
  // Short, as sockets must be.
  const sockets = mkdtempSync(join(tmpdir(), 'tmux-'));
  const env = { TMUX_TMPDIR: sockets };
  const run = (...args: readonly string[]): string => {
    try {
      const options = { env: { ...process.env, ...env }, encoding: 'utf8', stdio: 'pipe' } as const;
      return execFileSync('tmux', ['-L', 'default', ...args], options);
    } catch {
      return '';
    }
  };
  const close = (): void => {
    run('kill-server');
    rmSync(sockets, { recursive: true, force: true });
  };
  return Object.assign(run, { env, close });
}
