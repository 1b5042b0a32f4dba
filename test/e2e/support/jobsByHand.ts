/** As another window or a person would start them: jobs of a shell, without VS Code. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { root } from '../../vscode/paths';

export interface JobByHand {
  readonly title: string;
  /** For sh, which has the title as `$0`. */
  readonly script: string;
  /** How many GPUs it waits for; it starts at once when left out. */
  readonly gpus?: number;
}

/** `env` is added to the environment that they are started in. */
export function startByHand(
  folder: string,
  env: Readonly<Record<string, string>>,
  jobs: readonly JobByHand[],
): void {
  const supervisor = join(root, 'python', 'supervisor.py');
  for (const [at, { title, script, ...more }] of jobs.entries()) {
    const argv = ['sh', '-c', script, title];
    const spec = { v: 1, id: ulid(Date.now() + at), kind: 'command', title, argv, cwd: folder, ...more };
    const input = JSON.stringify({ jobs: [spec] });
    const sha256 = createHash('sha256').update(input).digest('hex');
    execFileSync('python3', [supervisor, 'start', join(folder, '.earmark', 'jobs'), '--sha256', sha256], {
      input,
      env: { ...process.env, ...env },
    });
  }
}
