// Runs inside the extension host: mocha over the test files that run.ts built beside this one.
import Mocha from 'mocha';
import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestEvent } from './report';

export function run(): Promise<void> {
  const report = process.env['EARMARK_TEST_REPORT'];
  const only = process.env['EARMARK_TEST_ONLY'];
  const tests = process.env['EARMARK_TEST_FOLDER'];
  if (report === undefined || tests === undefined) {
    throw new Error('EARMARK_TEST_REPORT names no file, or EARMARK_TEST_FOLDER no folder');
  }
  // One line an event, written at once: should this hang, the runner still knows where.
  const tell = (event: TestEvent) => appendFileSync(report, `${JSON.stringify(event)}\n`);

  const onCi = process.env['CI'] === 'true';
  const mocha = new Mocha({ ui: 'bdd', timeout: 30_000, forbidOnly: onCi, retries: onCi ? 1 : 0 });
  if (only !== undefined) {
    mocha.grep(only);
  }
  const folder = join(__dirname, tests);
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (file.endsWith('.test.js')) {
      mocha.addFile(join(folder, file));
    }
  }
  return new Promise((done, fail) => {
    try {
      follow(mocha, tell, (failures) => (failures === 0 ? done() : fail(new Error(`${failures} failed`))));
    } catch (error) {
      tell({
        kind: 'failed',
        title: 'loading the test files',
        why: String(error instanceof Error ? error.stack : error),
      });
      tell({ kind: 'end' });
      throw error;
    }
  });
}

function follow(mocha: Mocha, tell: (event: TestEvent) => void, done: (failures: number) => void): void {
  mocha
    .run((failures) => {
      tell({ kind: 'end' });
      done(failures);
    })
    .on('test', (test) => tell({ kind: 'start', title: test.fullTitle() }))
    .on('pass', (test) => {
      // Mocha's own types do not know it.
      const { currentRetry } = test as unknown as { currentRetry: () => number };
      const again = currentRetry.call(test) > 0;
      tell({ kind: 'passed', title: test.fullTitle(), ms: test.duration ?? 0, again });
    })
    .on('pending', (test) => tell({ kind: 'skipped', title: test.fullTitle() }))
    .on('fail', (test, error: Error) =>
      tell({ kind: 'failed', title: test.fullTitle(), why: error.stack ?? error.message }),
    );
}
