/** The list of prompts and the overview of all clips, few and many. */
import { expect, test, type Page } from '@playwright/test';
import { openComparison } from '../support/comparisonRig';
import { clipId } from '../support/scenario';

const filter = (page: Page) => page.getByRole('textbox', { name: 'Filter prompts' });
const list = (page: Page) => page.getByRole('listbox', { name: 'Prompts' });

test('prompts are filtered by words, number and what is unheard', async ({ page }) => {
  await openComparison(page, { heard: 3 });
  await page.keyboard.press('f');
  await expect(filter(page)).toBeFocused();
  await page.keyboard.type('guitar');
  await expect(page.getByRole('option')).toHaveText([/Bossa nova guitar/, /slide guitar/]);
  await expect(page.getByText('2 of 8')).toBeVisible();
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await expect(page.getByRole('heading', { level: 2, name: /Bossa nova/ })).toBeVisible();
  await filter(page).fill('p6');
  await expect(page.getByRole('option')).toHaveText([/fanfare/]);
  await filter(page).fill('no such words');
  await expect(page.getByText('No prompt passes this filter.')).toBeVisible();
  await filter(page).fill('');
  await page.getByRole('checkbox', { name: 'Unheard only' }).click();
  await expect(page.getByRole('option').first()).toHaveText(/Solo cello/);
});

test('prompts are a list for the keyboard', async ({ page }) => {
  await openComparison(page);
  await list(page).focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByText('prompt 3 of 8')).toBeVisible();
  await expect(list(page)).toHaveAttribute('aria-activedescendant', 'prompt-2');
  await page.keyboard.press('PageDown');
  await expect(page.getByText('prompt 8 of 8')).toBeVisible();
});

test('5,000 prompts are as quick as eight', async ({ page }) => {
  const rig = await openComparison(page, { prompts: 5000, texts: [] });
  const rows = page.getByRole('option');
  await expect(rows.first()).toBeVisible();
  expect(await rows.count()).toBeLessThan(60);
  const [asked] = await rig.sent('analyse');
  expect(asked!.clips.length).toBeLessThan(50);

  await filter(page).fill('4321');
  await expect(rows).toHaveText([/prompt 4321/]);
  await rows.click();
  await filter(page).fill('');
  await expect(page.getByText('prompt 4321 of 5000')).toBeVisible();
  await expect(page.getByRole('option', { selected: true })).toBeInViewport();
  await expect.poll(async () => (await rig.sent('analyse')).at(-1)?.clips).toContain(clipId(4322, 1));

  // The whole way down and up again, a screen at a time, never empty and never many rows.
  const box = (await list(page).boundingBox())!;
  await page.mouse.move(box.x + 20, box.y + 200);
  for (const step of [1_000_000, -500_000, -1_000_000]) {
    await page.mouse.wheel(0, step);
    await expect
      .poll(() =>
        list(page).evaluate(
          (one) =>
            document
              .elementFromPoint(one.getBoundingClientRect().x + 60, one.getBoundingClientRect().y + 100)
              ?.closest('.prompt') !== null,
        ),
      )
      .toBe(true);
    expect(await rows.count()).toBeLessThan(60);
  }
  await list(page).focus();
  await page.keyboard.press('j');
  await expect(page.getByText('prompt 4322 of 5000')).toBeVisible();
  await expect(page.getByRole('option', { selected: true })).toBeInViewport();
});

test('the overview shows every clip, goes where it is clicked and is walked with the arrows', async ({
  page,
}) => {
  await openComparison(page, { heard: 2 });
  await page.keyboard.press('o');
  const grid = page.getByRole('grid', { name: 'All clips' });
  await expect(grid).toBeFocused();
  await expect(page.getByRole('gridcell')).toHaveCount(24);
  await expect(page.getByRole('gridcell', { name: 'best, heard' }).first()).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('gridcell', { selected: true })).toHaveAttribute('id', 'cell-1-1');
  await expect(grid).toHaveAttribute('aria-activedescendant', 'cell-1-1');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible();
  await page.locator('#cell-4-2').click();
  await page.keyboard.press('Escape');
  await expect(page.getByText('prompt 5 of 8')).toBeVisible();
  await expect(page.getByRole('radio', { name: /^final/ })).toBeChecked();
});

test('the overview shows what passes the filter and says so; F leads back to the filter', async ({
  page,
}) => {
  await openComparison(page);
  await filter(page).fill('cello');
  await filter(page).press('Escape');
  await page.keyboard.press('o');
  await expect(page.getByText('Prompt: 1 of 8 pass the filter')).toBeVisible();
  await expect(page.getByRole('gridcell')).toHaveCount(3);
  await page.keyboard.press('f');
  await expect(filter(page)).toBeFocused();
  await expect(page.getByRole('grid')).toBeHidden();
});

test('the overview of 150 clips asks for all of them and draws those in view', async ({ page }) => {
  const rig = await openComparison(page, { prompts: 50 });
  await expect.poll(async () => (await rig.sent('analyse'))[0]?.clips.length).toBe(150);
  await page.keyboard.press('o');
  const painted = () =>
    page.locator('.overview-canvas').evaluateAll(
      (all) =>
        all.filter((one) => {
          const canvas = one as HTMLCanvasElement;
          const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
          return data.some((value) => value > 0);
        }).length,
    );
  await expect.poll(painted).toBeGreaterThan(10);
  expect(await page.locator('.overview-row').count()).toBeLessThan(40);
});
