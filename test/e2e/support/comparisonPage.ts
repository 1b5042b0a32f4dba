/** The comparison in VS Code, seen and used as a person does. */
import { expect, type Frame, type Locator } from '@playwright/test';
import { whatSounds, type Sounding } from './toneRuns';
import type { Workbench } from './workbench';

export class ComparisonPage {
  private constructor(
    private readonly workbench: Workbench,
    readonly frame: Frame,
  ) {}

  /** The comparison in sight, once it shows a prompt, and `words` under its title: until then it may be another's page. */
  static async inSight(workbench: Workbench, words = ''): Promise<ComparisonPage> {
    let found: ComparisonPage | undefined;
    await expect(async () => {
      const page = new ComparisonPage(workbench, await workbench.comparison());
      await expect(page.title).not.toHaveText('', { timeout: 1000 });
      await expect(page.subtitle).toContainText(words, { timeout: 1000 });
      found = page;
    }).toPass({ timeout: 30_000 });
    if (found === undefined) throw new Error('unreachable');
    return found;
  }

  get title(): Locator {
    return this.frame.getByRole('heading', { level: 1 });
  }

  get words(): Locator {
    return this.frame.locator('.prompt-words');
  }

  get subtitle(): Locator {
    return this.frame.locator('.subtitle');
  }

  take(name: string): Locator {
    return this.frame.getByRole('radio', { name: new RegExp(`^${name}`) });
  }

  /** What stands over a take's waveform: why it does not play, or not wholly. */
  notice(take: number): Locator {
    return this.frame.locator('.lane-notice').nth(take);
  }

  prompt(words: string): Locator {
    return this.frame.getByRole('option', { name: words });
  }

  /** The page's own name of the prompt that is shown. */
  promptId(): Promise<string | null> {
    return this.frame.getByRole('option', { selected: true }).getAttribute('data-prompt');
  }

  get editor(): Locator {
    return this.frame.getByRole('textbox', { name: 'Note', exact: true });
  }

  /** Newest first. */
  get notes(): Locator {
    return this.frame.locator('.note-text');
  }

  note(text: string | RegExp): Locator {
    return this.frame.locator('.note').filter({ hasText: text });
  }

  /** To whatever has the keyboard in the window. */
  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.workbench.page.keyboard.press(key);
  }

  /** Seconds on the clock. */
  async time(): Promise<number> {
    const [minutes = 0, seconds = 0] = (await this.frame.locator('.time-now').innerText())
      .split(':')
      .map(Number);
    return minutes * 60 + seconds;
  }

  /** Waits until it is heard; the second too, give or take one, where it is named. */
  async hears({
    take,
    prompt,
    second,
  }: Pick<Sounding, 'take' | 'prompt'> & { second?: number }): Promise<void> {
    await expect
      .poll(
        async () => {
          const heard = await whatSounds(this.frame);
          if (heard === null) return 'silence';
          if (second !== undefined && Math.abs(heard.second - second) > 1) return `second ${heard.second}`;
          return `take ${heard.take} of prompt ${heard.prompt}`;
        },
        { intervals: [100] },
      )
      .toBe(`take ${take} of prompt ${prompt}`);
  }

  async hearsNothing(): Promise<void> {
    await expect.poll(() => whatSounds(this.frame), { intervals: [100] }).toBeNull();
  }

  whatSounds(): Promise<Sounding | null> {
    return whatSounds(this.frame);
  }

  /** Presses N, writes and saves; settles when the note stands in the list. */
  async write(text: string): Promise<void> {
    await this.press('n');
    await expect(this.editor).toBeFocused();
    await this.workbench.page.keyboard.type(text);
    await this.press('Enter');
    await expect(this.notes.first()).toHaveText(text);
  }
}
