import { defineConfig } from '@playwright/test';
import { browserArgs, systemBrowser } from '../vscode/browser';

// Worker processes read this again, after globalSetup has named the browser that it had to fetch.
const executablePath = process.env['EARMARK_BROWSER'] ?? systemBrowser();

export default defineConfig({
  testDir: '.',
  globalSetup: './support/globalSetup.ts',
  outputDir: 'out/results',
  timeout: 120_000,
  // Nothing waits this long on a machine of its own; CI's may be busy.
  expect: { timeout: 40_000 },
  // Each test has a server and a browser of its own, and audio that must not stutter.
  workers: 1,
  forbidOnly: process.env['CI'] === 'true',
  // Sound and windows on a shared machine: what passes the second time is told as flaky.
  retries: process.env['CI'] === 'true' ? 1 : 0,
  reporter: 'list',
  use: {
    viewport: { width: 1360, height: 820 },
    actionTimeout: 30_000,
    launchOptions: { args: [...browserArgs], ...(executablePath === undefined ? {} : { executablePath }) },
    screenshot: 'only-on-failure',
  },
  projects: [
    // Single pages in a browser, their host played by the test: no VS Code.
    { name: 'pages', testDir: 'pages' },
    // Fetches and builds the VS Code servers and packages the extension, only when a workbench test is to run.
    { name: 'setup', testDir: 'support', testMatch: 'vscode.setup.ts', timeout: 900_000 },
    { name: 'workbench', testIgnore: ['pages/**', 'support/**'], dependencies: ['setup'] },
  ],
});
