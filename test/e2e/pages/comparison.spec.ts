/** Listening on the comparison page: keys, mouse and what is really heard. */
import { expect, test, type Page } from '@playwright/test';
import { deskOf, hostOf, openComparison } from '../support/comparisonRig';
import { giveEars, hear } from '../support/ears';
import { hearsTake, lane, takeHeard, time } from '../support/listening';
import { openPage } from '../support/pageRig';
import { audioFile, clipId, noteOn, SECONDS } from '../support/scenario';

const playhead = (page: Page) => page.getByRole('slider', { name: 'Playhead' });
/** A point on a lane's waveform, at a second. */
async function pointAt(page: Page, take: number, second: number): Promise<{ x: number; y: number }> {
  const box = (await page
    .locator('.lane-wave')
    .nth(take - 1)
    .boundingBox())!;
  return { x: box.x + (second / SECONDS) * box.width, y: box.y + box.height / 2 };
}

test.beforeEach(async ({ page }) => {
  await giveEars(page);
});

test('keys 1 to 3 switch what is heard while the time goes on; space pauses', async ({ page }) => {
  const rig = await openComparison(page);
  await expect(lane(page, 'base')).toBeChecked();
  await page.keyboard.press(' ');
  await hearsTake(page, 1);
  const before = await time(page);
  await page.keyboard.press('3');
  await hearsTake(page, 3);
  await page.keyboard.press('2');
  await hearsTake(page, 2);
  await expect(lane(page, 'best')).toBeChecked();
  await expect(page.locator('.lane.chosen .lane-speaker')).toBeVisible();
  expect(await time(page)).toBeGreaterThan(before);
  await page.keyboard.press(' ');
  await hearsTake(page, 0);
  const paused = await time(page);
  await page.keyboard.press('1');
  await expect(lane(page, 'base')).toBeChecked();
  expect(await time(page)).toBe(paused);
  expect(rig.failures).toEqual([]);
});

test('a key beyond the takes does nothing; shortcuts of the editor are left to it', async ({ page }) => {
  await openComparison(page);
  await page.keyboard.press('2');
  await page.keyboard.press('9');
  await page.keyboard.press('Control+3');
  await page.keyboard.press('Control+k');
  await expect(lane(page, 'best')).toBeChecked();
  await expect(page.getByText('prompt 1 of 8')).toBeVisible();
});

test('arrows seek, Home and End go to the ends', async ({ page }) => {
  await openComparison(page);
  await expect(page.locator('.time-end')).toContainText('00:15.00');
  for (const [key, second] of [
    ['ArrowRight', 1],
    ['Shift+ArrowRight', 6],
    ['ArrowLeft', 5],
    ['End', SECONDS],
    ['Shift+ArrowLeft', 10],
    ['Home', 0],
    ['ArrowLeft', 0],
  ] as const) {
    await page.keyboard.press(key);
    await expect.poll(() => time(page), key).toBe(second);
  }
  await expect(playhead(page)).toHaveAttribute('aria-valuetext', '0:00 of 0:15');
});

test('J and K go through the prompts and play on from their start', async ({ page }) => {
  await openComparison(page);
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press(' ');
  await hearsTake(page, 1);
  await page.keyboard.press('j');
  await expect(page.getByRole('heading', { level: 2, name: /Solo cello/ })).toBeVisible();
  await expect(page.getByRole('option', { selected: true })).toHaveAttribute('aria-posinset', '2');
  await hearsTake(page, 1);
  expect(await time(page)).toBeLessThan(5);
  await page.keyboard.press('k');
  await expect(page.getByText('prompt 1 of 8')).toBeVisible();
  await page.keyboard.press('k');
  await expect(page.getByText('This is the first prompt.')).toBeAttached();
  await expect(page.getByText('prompt 1 of 8')).toBeVisible();
});

test('L loops around the playhead, and lets go; Escape removes the loop', async ({ page }) => {
  await openComparison(page);
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('l');
  const loop = page.getByRole('button', { name: 'Loop 3.0–7.0 s' });
  await expect(loop).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('l');
  await expect(loop).toHaveAttribute('aria-pressed', 'false');
  await expect(page.locator('.loop-region')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.locator('.loop-region')).toBeHidden();
});

test('[ and ] set the ends of the loop, which then holds the playhead', async ({ page }) => {
  await openComparison(page);
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('[');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press(']');
  await expect(page.getByRole('button', { name: 'Loop 5.0–6.0 s' })).toBeVisible();
  await page.keyboard.press(' ');
  await hearsTake(page, 1);
  // In the second round: it sounded for longer than the loop is.
  const started = await page.evaluate(() => performance.now());
  await page.waitForFunction((since) => performance.now() - since > 1500, started);
  expect(await time(page)).toBeGreaterThanOrEqual(5);
  expect(await time(page)).toBeLessThan(6);
});

test('a click on a waveform plays that take from there; a drag marks a loop whose edge can be moved', async ({
  page,
}) => {
  await openComparison(page);
  const there = await pointAt(page, 3, 6);
  await page.mouse.click(there.x, there.y);
  await expect(lane(page, 'final')).toBeChecked();
  await expect.poll(() => time(page)).toBeCloseTo(6, 1);

  const [from, to, further] = [
    await pointAt(page, 1, 2),
    await pointAt(page, 1, 4),
    await pointAt(page, 1, 8),
  ];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await page.mouse.up();
  await expect(page.getByRole('button', { name: /^Loop 2\.0–4\.0 s/ })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  await expect(lane(page, 'final')).toBeChecked();

  await page.mouse.move(to.x, to.y);
  await page.mouse.down();
  await page.mouse.move(further.x, further.y, { steps: 4 });
  await page.mouse.up();
  await expect(page.getByRole('button', { name: /^Loop 2\.0–8\.0 s/ })).toBeVisible();
});

test('the mouse on a waveform reads the time', async ({ page }) => {
  await openComparison(page);
  const there = await pointAt(page, 2, 7.5);
  await page.mouse.move(there.x, there.y);
  await expect(page.locator('.hover-time')).toHaveText(/00:07\.(4|5)\d/);
  await page.mouse.move(5, 5);
  await expect(page.locator('.hover-time')).toBeHidden();
});

test('M matches loudness, which is shown and heard', async ({ page }) => {
  await openComparison(page);
  const match = page.getByRole('button', { name: /Loudness matched/ });
  await expect(match).toHaveAttribute('aria-pressed', 'true');
  await expect(match).toContainText('−16.0 LUFS');
  await expect(page.locator('.lane-numbers').nth(2)).toHaveText(/−12\.0 LUFS.*−4\.0 dB/s);
  await page.keyboard.press('3');
  await page.keyboard.press(' ');
  await hearsTake(page, 3);
  // Half of full scale, 4 dB down.
  const level = async () => (await hear(page.mainFrame())).level;
  await expect.poll(level).toBeCloseTo(-9.03 - 4, 0);
  await page.keyboard.press('m');
  await expect(match).toHaveAttribute('aria-pressed', 'false');
  await expect.poll(level).toBeCloseTo(-9.03, 0);
});

test('U plays the next clip that was not heard; hearing enough of it is told and counted', async ({
  page,
}) => {
  const rig = await openComparison(page, { heard: 4 });
  await expect(page.getByText('heard 4 / 24')).toBeVisible();
  await page.keyboard.press('u');
  await expect(page.getByText('prompt 2 of 8')).toBeVisible();
  await expect(lane(page, 'best')).toBeChecked();
  await hearsTake(page, 2);
  await expect.poll(() => rig.sent('heard')).toHaveLength(1);
  const [heard] = await rig.sent('heard');
  expect(heard).toMatchObject({ clip: clipId(2, 2) });
  expect(heard!.seconds[1] - heard!.seconds[0]).toBeGreaterThanOrEqual(5);
  await expect(page.getByText('heard 5 / 24')).toBeVisible();
  await expect(page.getByRole('option', { name: /^2: .*heard 2 \/ 3/ })).toBeVisible();
});

test('says so when everything was heard', async ({ page }) => {
  await openComparison(page, { heard: 24 });
  await page.keyboard.press('u');
  await expect(page.getByText('Every clip was heard.')).toBeAttached();
});

test('? shows all keys in a dialog that has the focus and gives it back', async ({ page }) => {
  await openComparison(page);
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Keys' });
  await expect(dialog).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Close' })).toBeFocused();
  await page.keyboard.press('j');
  await expect(page.getByText('prompt 1 of 8')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('a link in a note plays the moment it names', async ({ page }) => {
  const link = { text: '@0:05', link: { take: 'output_epoch3:final', prompt: 'p2', second: 5 } };
  await openComparison(page, {
    notes: [noteOn('p1', 'hiss @0:05', { text: [{ text: 'hiss ', link: null }, link] })],
  });
  await page.getByRole('button', { name: '@0:05' }).click();
  await expect(page.getByText('prompt 2 of 8')).toBeVisible();
  await expect(lane(page, 'final')).toBeChecked();
  await hearsTake(page, 3);
  expect(await time(page)).toBeGreaterThanOrEqual(5);
});

test('asked to play before any click or key, the page says what it needs, and the next key plays', async ({
  page,
}) => {
  const desk = deskOf({});
  const answer = hostOf(desk);
  // Looking into the page counts as a gesture for the browser: the page tells by itself that it is blocked.
  await page.addInitScript(() => {
    new MutationObserver(() => {
      if (document.querySelector('.waiting.asks') !== null) console.info('asks');
    }).observe(document, { subtree: true, childList: true });
  });
  const asks = page.waitForEvent('console', (message) => message.text() === 'asks');
  await openPage(page, 'comparison', {
    file: audioFile,
    host: (message) =>
      message.type === 'ready'
        ? [...answer(message), { type: 'show', moment: { take: null, prompt: 'p2', second: 3 }, play: true }]
        : answer(message),
  });
  await asks;
  await expect(page.getByText('Click or press Space once to let the editor play sound.')).toBeVisible();
  expect(await takeHeard(page)).toBe(0);
  await page.keyboard.press(' ');
  await hearsTake(page, 1);
  await expect(page.getByText('Click or press Space once')).toBeHidden();
});

test('takes of two runs stand under their run and are six signals', async ({ page }) => {
  await openComparison(page, { runs: ['output_epoch1', 'output_epoch3'] });
  await expect(page.locator('.lane-group-run')).toHaveText(['output_epoch1', 'output_epoch3']);
  await page.keyboard.press(' ');
  for (const take of [6, 4, 1, 5]) {
    await page.keyboard.press(String(take));
    await hearsTake(page, take);
  }
  await expect(page.getByRole('radio', { name: 'output_epoch3/best' })).toBeChecked();
});

test('a take that is put away keeps the others’ keys in order, and comes back', async ({ page }) => {
  await openComparison(page);
  await lane(page, 'base').hover();
  await page.getByRole('button', { name: 'Put away base' }).click();
  await expect(page.getByRole('radio')).toHaveCount(2);
  await page.keyboard.press('2');
  await expect(lane(page, 'final')).toBeChecked();
  await page.getByRole('button', { name: 'Show base again' }).click();
  await expect(page.getByRole('radio')).toHaveCount(3);
});
