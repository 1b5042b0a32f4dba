import { expect, type Frame, type Locator, type Page } from '@playwright/test';
import axe from 'axe-core';
import { join } from 'node:path';
import { root } from '../../vscode/paths';
import type { RunningServer } from '../../vscode/server';
import { giveEars, hear, type Heard } from './ears';
import { Tree } from './tree';

/** A window of VS Code, used as a person would. */
export class Workbench {
  constructor(
    readonly page: Page,
    readonly server: RunningServer,
    /** The workspace on disk: a copy, to change at will. */
    readonly folder: string,
  ) {}

  async open(): Promise<void> {
    await this.page.goto(this.server.url(this.folder));
    await this.ready();
  }

  /** The same, with no folder open. */
  async openWithoutFolder(): Promise<void> {
    const address = new URL(this.server.url(''));
    address.searchParams.delete('folder');
    address.searchParams.set('ew', 'true');
    await this.page.goto(address.href);
    await this.ready();
  }

  /** One more window on the same workspace. */
  async anotherWindow(): Promise<Workbench> {
    const page = await this.page.context().newPage();
    await giveEars(page);
    const window = new Workbench(page, this.server, this.folder);
    await window.open();
    return window;
  }

  /**
   * Settles when VS Code has stored `words` in its state, which a reload starts from. In a browser it does so every five
   * seconds; what is younger, a reload loses.
   */
  async remembers(words: string): Promise<void> {
    await expect.poll(() => this.page.evaluate(isStored, words), { timeout: 30_000 }).toBe(true);
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.ready();
  }

  /** Runs a command from the palette by its whole title, `Earmark: Refresh`. */
  async command(title: string): Promise<void> {
    const row = this.choice(title);
    // Just after the start the palette may not know the extension's commands yet: asked again until it does.
    await expect(async () => {
      await this.page.keyboard.press('Escape');
      await this.page.keyboard.press('F1');
      await this.input.fill(`>${title}`, { timeout: 2000 });
      await row.waitFor({ timeout: 2000 });
    }).toPass({ timeout: 30_000 });
    await row.click();
  }

  /** The line that the palette and questions of extensions write into. */
  get input(): Locator {
    return this.page.locator('.quick-input-widget:not([style*="display: none"]) input.input');
  }

  /** Types into the input box that asks so; what it proposes is left where nothing is to be typed. */
  async answer(asked: string, typed: string): Promise<void> {
    await this.page.locator('.quick-input-title', { hasText: asked }).waitFor();
    // The box itself: at first the focus may still be elsewhere.
    if (typed !== '') await this.input.fill(typed);
    await this.input.press('Enter');
  }

  /** An entry of the open pick list, by the whole of its label. */
  choice(label: string | RegExp): Locator {
    return this.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ has: this.page.locator('.label-name').getByText(label, { exact: true }) })
      .first();
  }

  /** Labels of the open pick list, as far as they are in sight. */
  choices(): Promise<string[]> {
    return this.page
      .locator('.quick-input-list .monaco-list-row .quick-input-list-row:first-child .label-name')
      .allTextContents();
  }

  /** Opens a side bar by its icon in the activity bar. */
  async sideBar(title: string): Promise<void> {
    const tab = this.page.getByRole('tab', { name: title }).first();
    await tab.waitFor({ timeout: 30_000 });
    if ((await tab.getAttribute('aria-selected')) !== 'true') {
      await tab.click();
    }
  }

  tree(name: string): Tree {
    return new Tree(this.page, name);
  }

  /** The comparison's own document, once it has drawn. */
  comparison(): Promise<Frame> {
    return this.webview('comparison');
  }

  runPage(): Promise<Frame> {
    return this.webview('run');
  }

  /**
   * The document inside the webview in sight whose script is `<name>.js`. A frame does not outlive a reload, nor its
   * tab being hidden and shown again: ask anew then.
   */
  async webview(name: string): Promise<Frame> {
    let found: Frame | undefined;
    await expect(async () => {
      found = await this.findWebview(name);
      expect(found, `no page of ${name}.js in sight`).toBeDefined();
    }).toPass({ timeout: 30_000 });
    if (found === undefined) {
      throw new Error('unreachable');
    }
    return found;
  }

  /** The frame of any webview, VS Code's own too, that shows these words. */
  async frameWith(words: RegExp): Promise<Frame> {
    let found: Frame | undefined;
    await expect(async () => {
      for (const frame of this.page.frames()) {
        const text = await frame
          .locator('body')
          .innerText({ timeout: 1000 })
          .catch(() => '');
        if (frame.parentFrame() !== null && words.test(text)) found = frame;
      }
      expect(found, `no page that shows ${String(words)}`).toBeDefined();
    }).toPass({ timeout: 120_000 });
    if (found === undefined) throw new Error('unreachable');
    return found;
  }

  private async findWebview(name: string): Promise<Frame | undefined> {
    for (const frame of this.page.frames()) {
      // VS Code's frame, and within it the one that the extension's HTML is written to.
      const outer = frame.parentFrame();
      if (outer === null || !/\/pre\/fake\.html/.test(frame.url())) {
        continue;
      }
      const isIt = await frame
        .locator(`script[src$="${name}.js"]`)
        .count()
        .catch(() => 0);
      const element = await outer.frameElement().catch(() => undefined);
      if (isIt > 0 && (await element?.isVisible()) === true) {
        return frame;
      }
    }
    return undefined;
  }

  async closeTab(title: string): Promise<void> {
    const tab = this.page.locator('.tabs-container .tab').filter({ hasText: title });
    await tab.hover();
    await tab.locator('.tab-actions .action-label').first().click();
    await expect(tab).toHaveCount(0);
  }

  /** Titles of the open editors. */
  tabs(): Promise<string[]> {
    return this.page
      .locator('.tabs-container .tab')
      .evaluateAll((tabs) => tabs.map((tab) => tab.getAttribute('data-resource-name') ?? ''));
  }

  /** The notifications on screen. */
  get notifications(): Locator {
    return this.page.locator('.notification-toast');
  }

  notification(words: string): Locator {
    return this.notifications.filter({ hasText: words });
  }

  async closeNotifications(): Promise<void> {
    await this.command('Notifications: Clear All Notifications');
    await expect(this.notifications).toHaveCount(0);
  }

  hear(frame: Frame): Promise<Heard> {
    return hear(frame);
  }

  /** A picture in `test/e2e/out/screens/`. */
  async shot(name: string): Promise<void> {
    await this.page.screenshot({ path: join(root, 'test', 'e2e', 'out', 'screens', `${name}.png`) });
  }

  /** What axe finds wrong with a page of ours, at least `serious`, as lines that say what and where. */
  async accessibilityProblems(frame: Frame): Promise<string[]> {
    // Not @axe-core/playwright: it would look at all of VS Code, of which our page is one frame.
    await frame.evaluate(axe.source);
    const { violations } = await frame.evaluate(() =>
      (window as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ['violations'] }),
    );
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html}`));
  }

  private async ready(): Promise<void> {
    await this.page
      .locator('.monaco-workbench .activitybar .action-item')
      .first()
      .waitFor({ timeout: 60_000 });
  }
}

/** Whether any value of VS Code's own databases in this browser holds `words`. */
async function isStored(words: string): Promise<boolean> {
  const answer = <T>(request: IDBRequest<T>) =>
    new Promise<T>((done, fail) => {
      request.onsuccess = () => done(request.result);
      request.onerror = () => fail(request.error ?? new Error('IndexedDB'));
    });
  for (const { name = '' } of await indexedDB.databases()) {
    if (!name.startsWith('vscode-web-state-db')) continue;
    const database = await answer(indexedDB.open(name));
    try {
      for (const table of database.objectStoreNames) {
        const values = await answer(database.transaction(table).objectStore(table).getAll());
        // Strings within strings within strings.
        if (JSON.stringify(values).replaceAll('\\', '').includes(words)) return true;
      }
    } finally {
      database.close();
    }
  }
  return false;
}
