import { findBrowser } from '../../vscode/browser';

/** Has the browser before the tests' clocks run: the system's, or one from the npm registry. */
export default async function globalSetup(): Promise<void> {
  process.env['EARMARK_BROWSER'] = await findBrowser();
}
