import { expect, type Locator, type Page } from '@playwright/test';

/** A row's words (label, then description), then the rows under it as far as they are unfolded. */
export type Branch = [text: string, ...children: Branch[]];

/** Words of a row, from the outermost inwards: `['output_epoch3', 'quick', /choir/]`. A string need only be contained. */
export type RowPath = readonly (string | RegExp)[];

interface Row {
  index: number;
  level: number;
  text: string;
  unfolded: boolean | undefined;
  last: boolean;
}

/** A tree view. VS Code draws only the rows in sight, so reading it scrolls. */
export class Tree {
  private readonly list: Locator;

  constructor(
    private readonly page: Page,
    /** As its title says. */
    name: string,
  ) {
    this.list = page.getByRole('tree', { name, exact: true });
  }

  /** All rows, nested as they are on screen. */
  async rows(): Promise<Branch[]> {
    const top: Branch[] = [];
    const path: Branch[] = [];
    for (const row of await this.read()) {
      const branch: Branch = [row.text];
      path.length = row.level - 1;
      const parent = path.at(-1);
      if (parent === undefined) {
        top.push(branch);
      } else {
        parent.push(branch);
      }
      path.push(branch);
    }
    return top;
  }

  /** The row at the end of `path`, in sight, with everything on the way unfolded. Waits for rows to come. */
  async row(...path: RowPath): Promise<Locator> {
    for (let depth = 1; depth < path.length; depth++) {
      await this.setUnfolded(path.slice(0, depth), true);
    }
    const { index } = await this.find(path);
    const locator = this.rowAt(index);
    await this.scrollTo(index);
    return locator;
  }

  async expand(...path: RowPath): Promise<void> {
    await this.row(...path);
    await this.setUnfolded(path, true);
  }

  async collapse(...path: RowPath): Promise<void> {
    await this.row(...path);
    await this.setUnfolded(path, false);
  }

  async click(...path: RowPath): Promise<void> {
    await (await this.row(...path)).click();
  }

  /** Selects several rows, the last one last. A click on a row alone would run its command, so Ctrl is held from the second on. */
  async select(...paths: readonly RowPath[]): Promise<void> {
    for (const [at, path] of paths.entries()) {
      await (await this.row(...path)).click({ modifiers: at === 0 ? [] : ['ControlOrMeta'] });
    }
  }

  /** Right click on a row, then an entry of its menu. */
  async menu(path: RowPath, entry: string): Promise<void> {
    await (await this.row(...path)).click({ button: 'right' });
    const item = this.page.getByRole('menuitem', { name: entry });
    await item.waitFor();
    // A menu that has only just opened takes no click yet; one that took it may take its time to go.
    await expect(async () => {
      if (await item.isVisible()) await item.click({ timeout: 1000 });
      await expect(item).toBeHidden({ timeout: 1000 });
    }).toPass();
  }

  /** One of the icons that show in a row under the pointer. */
  async inlineAction(path: RowPath, title: string): Promise<void> {
    const row = await this.row(...path);
    await row.hover();
    await row.getByRole('button', { name: title }).click();
  }

  private async setUnfolded(path: RowPath, unfolded: boolean): Promise<void> {
    const row = await this.find(path);
    if (row.unfolded === unfolded || row.unfolded === undefined) {
      return;
    }
    await this.scrollTo(row.index);
    const locator = this.rowAt(row.index);
    await locator.locator('.monaco-tl-twistie').click();
    await locator.and(this.page.locator(`[aria-expanded="${unfolded}"]`)).waitFor();
  }

  private async find(path: RowPath): Promise<Row> {
    const end = Date.now() + 15_000;
    for (;;) {
      const rows = await this.read();
      const found = match(rows, path);
      if (found !== undefined) {
        return found;
      }
      if (Date.now() > end) {
        const shown = rows.map((row) => '  '.repeat(row.level) + row.text).join('\n');
        throw new Error(`No row ${path.join(' › ')} in:\n${shown}`);
      }
      await this.page.waitForTimeout(100);
    }
  }

  private async read(): Promise<Row[]> {
    await this.list.waitFor();
    const rows = new Map<number, Row>();
    await this.scrollBy(-1e6);
    for (;;) {
      const before = rows.size;
      for (const row of await this.inSight()) {
        rows.set(row.index, row);
      }
      const all = [...rows.values()].sort((a, b) => a.index - b.index);
      // Rows that came or went while we scrolled leave gaps: the next look is whole.
      if (rows.size === before || all.at(-1)?.last === true) {
        return all;
      }
      const box = await this.list.boundingBox();
      await this.scrollBy(Math.max(22, (box?.height ?? 0) - 44));
    }
  }

  private inSight(): Promise<Row[]> {
    return this.list.locator('.monaco-list-rows > .monaco-list-row').evaluateAll((elements) =>
      elements.map((element) => {
        const words = (selector: string) => element.querySelector(selector)?.textContent ?? '';
        const expanded = element.getAttribute('aria-expanded');
        return {
          index: Number(element.getAttribute('data-index')),
          level: Number(element.getAttribute('aria-level')),
          text: `${words('.label-name')} ${words('.label-description')}`.trim(),
          unfolded: expanded === null ? undefined : expanded === 'true',
          last: element.getAttribute('data-last-element') === 'true',
        };
      }),
    );
  }

  private rowAt(index: number): Locator {
    return this.list.locator(`.monaco-list-rows > .monaco-list-row[data-index="${index}"]`);
  }

  /** Brings a row into sight, away from the edges. */
  private async scrollTo(index: number): Promise<void> {
    // One look at one moment: asking for row and list in turn would wait for a row that has gone meanwhile.
    const isInSight = () =>
      this.list.evaluate((list, at) => {
        const row = list.querySelector(`.monaco-list-rows > .monaco-list-row[data-index="${at}"]`);
        if (row === null) return false;
        const [inner, outer] = [row.getBoundingClientRect(), list.getBoundingClientRect()];
        return inner.top >= outer.top && inner.bottom <= outer.bottom;
      }, index);
    if (await isInSight()) {
      return;
    }
    await this.scrollBy(-1e6);
    for (let look = 0; look < 200 && !(await isInSight()); look++) {
      const box = await this.list.boundingBox();
      await this.scrollBy(Math.max(22, (box?.height ?? 0) / 2));
    }
  }

  private async scrollBy(pixels: number): Promise<void> {
    const box = await this.list.boundingBox();
    if (box === null) {
      return;
    }
    await this.page.mouse.move(box.x + box.width / 2, box.y + Math.min(box.height / 2, 60));
    await this.page.mouse.wheel(0, pixels);
    // Drawn in the next frame.
    await this.page.evaluate(
      () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
    );
  }
}

function match(rows: readonly Row[], path: RowPath): Row | undefined {
  let from = 0;
  let until = rows.length;
  let found: Row | undefined;
  for (const [depth, words] of path.entries()) {
    const at = rows.findIndex(
      (row, i) => i >= from && i < until && row.level === depth + 1 && fits(row.text, words),
    );
    found = rows[at];
    if (found === undefined) {
      return undefined;
    }
    from = at + 1;
    const next = rows.findIndex((row, i) => i > at && row.level <= depth + 1);
    until = next === -1 ? rows.length : next;
  }
  return found;
}

function fits(text: string, words: string | RegExp): boolean {
  return typeof words === 'string' ? text.includes(words) : words.test(text);
}
