import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installChromium } from './install';
import { which } from './processes';

/** What a browser under test is started with: no sandbox as it may run as root, and nothing in the background. */
export const browserArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
] as const;

const programs = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const applications = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** A Chromium or Chrome: the system's, else one from the npm registry. */
export async function findBrowser(): Promise<string> {
  return systemBrowser() ?? (await packagedChromium());
}

export function systemBrowser(): string | undefined {
  return (
    programs.map(which).find((path) => path !== undefined) ?? applications.find((path) => existsSync(path))
  );
}

interface ChromiumPackage {
  default: { executablePath(): Promise<string> };
}

async function packagedChromium(): Promise<string> {
  const folder = await installChromium();
  const entry = join(folder, 'node_modules', '@sparticuz', 'chromium', 'build', 'esm', 'index.js');
  const { default: chromium } = (await import(pathToFileURL(entry).href)) as ChromiumPackage;
  return chromium.executablePath();
}
