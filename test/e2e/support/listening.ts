/** What a person sees and hears of the takes on the comparison page. */
import { expect, type Page } from '@playwright/test';
import { hear } from './ears';
import { toneOf } from './scenario';

/** dBFS. */
const silence = -80;

/** The take in the ear; 0 in silence. */
export async function takeHeard(page: Page): Promise<number> {
  const { hertz, level } = await hear(page.mainFrame());
  return level < silence ? 0 : ([1, 2, 3, 4, 5, 6].find((take) => Math.abs(toneOf(take) - hertz) < 5) ?? -1);
}

export const hearsTake = (page: Page, take: number) => expect.poll(() => takeHeard(page)).toBe(take);
/** The radio that chooses a take. */
export const lane = (page: Page, name: string) => page.getByRole('radio', { name: new RegExp(`^${name}`) });

/** Seconds on the clock. */
export const time = async (page: Page): Promise<number> => {
  const [minutes = 0, seconds = 0] = (await page.locator('.time-now').innerText()).split(':').map(Number);
  return minutes * 60 + seconds;
};
