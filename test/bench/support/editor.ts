/** A packaged extension in a real VS Code in a real browser, as the end-to-end tests have it. */
import { chromium, type Page } from '@playwright/test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Workbench } from '../../e2e/support/workbench';
import { browserArgs, findBrowser } from '../../vscode/browser';
import { versions } from '../../vscode/install';
import { root, vsix } from '../../vscode/paths';
import { run } from '../../vscode/processes';
import { startServer } from '../../vscode/server';

export interface EditorOptions {
  /** The folder to open. */
  readonly folder: string;
  readonly vsix: string;
  readonly settings?: Record<string, unknown>;
  /** CSS pixels. */
  readonly height?: number;
  /** Runs in every frame before its own scripts. */
  readonly init?: () => void;
}

export interface Editor {
  readonly workbench: Workbench;
  readonly page: Page;
  /** One more window, of a browser that was never here. */
  newWindow(): Promise<Workbench>;
  /** Where VS Code keeps what extensions know. */
  readonly userData: string;
  close(): Promise<void>;
}

/** Packages the extension as it is released and returns the file. */
export async function packageVsix(): Promise<string> {
  await run('npm', ['run', '--silent', 'package'], { cwd: root });
  return vsix;
}

export async function openEditor(options: EditorOptions): Promise<Editor> {
  const scratch = await mkdtemp(join(tmpdir(), 'earmark-bench-editor-'));
  const userData = join(scratch, 'data');
  const server = await startServer({
    version: versions[0],
    install: options.vsix,
    extensionsDir: join(scratch, 'extensions'),
    userDataDir: userData,
    settings: { 'workbench.tree.enableStickyScroll': false, ...options.settings },
  });
  const browser = await chromium.launch({
    executablePath: await findBrowser(),
    // What starts to sound by a key or click has had its gesture; the first of all may come from here.
    args: [...browserArgs, '--autoplay-policy=no-user-gesture-required', '--js-flags=--expose-gc'],
  });
  const newWindow = async (): Promise<Workbench> => {
    const page = await browser.newPage({ viewport: { width: 1360, height: options.height ?? 820 } });
    await page.addInitScript(namesForFunctions);
    if (options.init !== undefined) await page.addInitScript(options.init);
    const workbench = new Workbench(page, server, options.folder);
    await workbench.open();
    return workbench;
  };
  const close = async (): Promise<void> => {
    await browser.close();
    await server.stop();
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    const workbench = await newWindow();
    return { workbench, page: workbench.page, newWindow, userData, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** tsx gives functions their names by a helper, which goes along into pages and is not there. A script for pages. */
export const namesForFunctions = 'globalThis.__name ??= (named) => named;';
