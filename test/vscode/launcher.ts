// Stands in for a desktop VS Code in `runTests`: takes the same arguments, and runs the tests in the real VS Code server
// with a real browser before it. Its exit code is the one that VS Code gives.
import { chromium } from '@playwright/test';
import { parseArgs } from 'node:util';
import { browserArgs, findBrowser } from './browser';
import { isVersion } from './install';
import { startServer } from './server';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      'server-version': { type: 'string' },
      extensionDevelopmentPath: { type: 'string' },
      extensionTestsPath: { type: 'string' },
      untrusted: { type: 'boolean' },
    },
    // runTests passes much that only matters to a desktop
    strict: false,
    allowPositionals: true,
  });
  const version = String(values['server-version']);
  const [folder] = positionals;
  if (!isVersion(version) || folder === undefined) {
    throw new Error(
      'Usage: launcher.mjs --server-version=1.139 FOLDER --extensionDevelopmentPath=… --extensionTestsPath=…',
    );
  }

  const server = await startServer({
    version,
    testDriver: true,
    // Without the question, a folder that is not known stays untrusted.
    ...(values.untrusted === true && {
      trust: true,
      settings: { 'security.workspace.trust.startupPrompt': 'never' },
    }),
  });
  const browser = await chromium.launch({ executablePath: await findBrowser(), args: [...browserArgs] });
  const said: string[] = [];
  try {
    const page = await browser.newPage();
    page.on('console', (message) => said.push(message.text()));
    const asked = new Promise<number>((done) => {
      process.once('SIGINT', () => done(130));
      process.once('SIGTERM', () => done(143));
      page.once('crash', () => done(2));
      void server.ended.then(() => done(2));
      // VS Code in a browser calls this at the end of extension tests, where a desktop one would exit.
      void page.exposeFunction('codeAutomationExit', done).then(() => {
        const remote = (path: string) => `vscode-remote://${server.authority}${path}`;
        return page.goto(
          server.url(folder, [
            ['extensionDevelopmentPath', remote(String(values.extensionDevelopmentPath))],
            ['extensionTestsPath', remote(String(values.extensionTestsPath))],
            ['skipWelcome', 'true'],
          ]),
        );
      });
    });
    const code = await asked;
    if (code > 1) {
      console.error(
        `VS Code did not run the tests to their end.\nServer:\n${server.logs()}\nWindow:\n${said.join('\n')}`,
      );
    }
    return code;
  } finally {
    await browser.close();
    await server.stop();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(2);
  },
);
