/** A window: starts a chain of two jobs and looks at them for ever. Arguments: work folder, Python, supervisor, ids. */
import { localTransport } from '../../src/hosts/localTransport';
import { JobsStore } from '../../src/jobs/jobsStore';
import { directEngine } from '../../src/jobs/launchers/direct';
import { prepare } from '../../src/jobs/prepare';
import { chainOf } from '../../src/jobs/spec';

const [folder = '', python = '', supervisor = '', ...ids] = process.argv.slice(2);
const engine = directEngine({ python, supervisor });
const store = new JobsStore({
  workFolders: () => [folder],
  host: () => Promise.resolve({ transport: localTransport('here'), engine }),
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
