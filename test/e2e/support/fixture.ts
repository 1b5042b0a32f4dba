// What the end-to-end tests import instead of '@playwright/test': a `workbench` with the packaged extension in it.
import { test as base } from '@playwright/test';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Version } from '../../vscode/install';
import { root, vsix } from '../../vscode/paths';
import { installVsix, startServer } from '../../vscode/server';
import { giveEars } from './ears';
import { Workbench } from './workbench';

export { expect } from '@playwright/test';
export { Workbench } from './workbench';

export const themes = {
  dark: 'Default Dark Modern',
  light: 'Default Light Modern',
  highContrast: 'Default High Contrast',
  highContrastLight: 'Default High Contrast Light',
} as const;

/** A workspace that a test writes itself. */
export interface MadeWorkspace {
  fill(folder: string): Promise<void>;
}

/** Set with `test.use({ … })`. */
export interface Options {
  version: Version;
  /** The folder that a copy of is opened: absolute, or from the repository's root. '' is an empty one. */
  workspace: string | MadeWorkspace;
  theme: keyof typeof themes;
  settings: Record<string, unknown>;
  language: 'en' | 'zh-cn';
  /** Ask whether the folder is trusted. */
  trust: boolean;
  /** Added to the environment of VS Code. */
  env: Record<string, string>;
}

interface Fixtures extends Options {
  workbench: Workbench;
}

interface WorkerFixtures {
  /** Installs the packaged extension once for each version, and says where to. */
  extensions: (version: Version) => Promise<string>;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  version: ['1.139', { option: true }],
  workspace: ['examples', { option: true }],
  theme: ['dark', { option: true }],
  settings: [{}, { option: true }],
  language: ['en', { option: true }],
  trust: [false, { option: true }],
  env: [{}, { option: true }],

  extensions: [
    async ({}, use) => {
      const made = new Map<Version, string>();
      await use(async (version) => {
        const known = made.get(version);
        if (known !== undefined) {
          return known;
        }
        const folder = await mkdtemp(join(tmpdir(), 'earmark-extensions-'));
        made.set(version, folder);
        await installVsix(version, folder, vsix);
        return folder;
      });
      await Promise.all([...made.values()].map((folder) => rm(folder, { recursive: true, force: true })));
    },
    { scope: 'worker' },
  ],

  workbench: async (
    { page, extensions, version, workspace, theme, settings, language, trust, env },
    use,
    testInfo,
  ) => {
    const scratch = await mkdtemp(join(tmpdir(), 'earmark-e2e-'));
    const folder = join(scratch, 'workspace');
    await mkdir(folder);
    if (typeof workspace === 'object') {
      await workspace.fill(folder);
    } else if (workspace !== '') {
      await cp(isAbsolute(workspace) ? workspace : join(root, workspace), folder, {
        recursive: true,
        filter: (source) => !source.endsWith('listening-notes'),
      });
    }
    const server = await startServer({
      version,
      extensionsDir: await extensions(version),
      trust,
      // A queue of its own: jobs of other tests on this machine have no say.
      env: { XDG_STATE_HOME: join(scratch, 'state'), ...env },
      settings: {
        'workbench.colorTheme': themes[theme],
        // Rows that stick to the top would lie over the ones to click.
        'workbench.tree.enableStickyScroll': false,
        ...settings,
      },
    });
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await giveEars(page);
    if (language !== 'en') {
      await page.addInitScript(setLanguage, language);
    }
    const opened = new Workbench(page, server, folder);
    try {
      await opened.open();
      await use(opened);
    } finally {
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach('server.log', { body: server.logs() });
      }
      await page.close();
      await server.stop();
      await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
    }
  },
});

/**
 * The display language is what the language pack's script would set; the packs come from the marketplace only. VS Code's
 * own words stay English, extensions see the language and speak it.
 */
function setLanguage(language: string): void {
  Object.defineProperty(window, '_VSCODE_NLS_LANGUAGE', { value: language, writable: true });
}
