/**
 * A window: starts a chain of two jobs and looks at them for ever. Arguments: work folder, tools of the host (as JSON; with `env`
 * where there is a cluster), what `sshTransport` is given (as JSON; empty for this machine), ids.
 */
import { localTransport } from '../../src/hosts/localTransport';
import { sshTransport, type SshOptions } from '../../src/hosts/sshTransport';
import { JobsStore } from '../../src/jobs/jobsStore';
import { directEngine } from '../../src/jobs/launchers/direct';
import type { SlurmTools } from '../../src/jobs/launchers/slurm';
import { prepare } from '../../src/jobs/prepare';
import { chainOf } from '../../src/jobs/spec';
import { engineOn } from '../slurm/engine';

export interface Tools extends SlurmTools {
  /** What Slurm's programs need in their environment; null where jobs have a supervisor alone. */
  readonly env: Readonly<Record<string, string>> | null;
}

const [folder = '', given = '', ssh = '', ...ids] = process.argv.slice(2);
const { env, ...tools } = JSON.parse(given) as Tools;
const engine = env === null ? directEngine(tools) : engineOn(env, tools);
const transport = ssh === '' ? localTransport('here') : sshTransport(JSON.parse(ssh) as SshOptions);
const store = new JobsStore({
  workFolders: () => [folder],
  host: () => Promise.resolve({ transport, engine }),
  now: () => Date.now() / 1000,
});

void main();

async function main(): Promise<void> {
  const drafts = ['while [ ! -e go ]; do sleep 0.05; done; echo first >> ran', 'echo second >> ran'].map(
    (script) => ({
      kind: 'command' as const,
      title: 'of the window',
      argv: ['sh', '-c', script],
      cwd: folder,
    }),
  );
  const specs = chainOf(drafts, { newId: () => ids.shift() ?? '', now: () => new Date(0) });
  await store.start(prepare(specs, folder, engine));
  console.log('started');
  for (;;) await store.refresh();
}
