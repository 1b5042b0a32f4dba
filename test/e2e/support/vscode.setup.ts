/** What the tests in the workbench need: VS Code, the packaged extension, the example audio. */
import { expect, test as setup } from '@playwright/test';
import { existsSync } from 'node:fs';
import { installServer, versions } from '../../vscode/install';
import { makeEnvironment } from '../../python/environment';
import { root, vsix } from '../../vscode/paths';
import { run } from '../../vscode/processes';

for (const version of versions) {
  setup(`VS Code ${version} is here`, async () => {
    await installServer(version);
  });
}

setup('a Python with torch is here', async () => {
  expect(await makeEnvironment()).toBe(0);
});

setup('the extension is packaged and the examples have their audio', async () => {
  // `npm test` has packaged it just before.
  if (process.env['EARMARK_PACKAGED'] !== undefined && existsSync(vsix)) return;
  await run('npm', ['run', '--silent', 'package'], { cwd: root });
  await run('npm', ['run', '--silent', 'examples'], { cwd: root });
});
