import { existsSync } from 'node:fs';
import { findBrowser } from '../../vscode/browser';
import { installServer } from '../../vscode/install';
import { root, vsix } from '../../vscode/paths';
import { run } from '../../vscode/processes';

/** Has what the tests need, before their clocks run: the browser, VS Code, the packaged extension, the example audio. */
export default async function globalSetup(): Promise<void> {
  process.env['EARMARK_BROWSER'] = await findBrowser();
  await installServer('1.139');
  await installServer('1.100');
  // `npm test` has packaged it just before.
  if (process.env['EARMARK_PACKAGED'] === undefined || !existsSync(vsix)) {
    await run('npm', ['run', '--silent', 'package'], { cwd: root });
    await run('npm', ['run', '--silent', 'examples'], { cwd: root });
  }
}
