/** The comparison page as a whole: themes, what is kept, what is hostile, the keyboard, small windows. */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { openComparison } from '../support/comparisonRig';
import { noteOn } from '../support/scenario';
import { themeNames } from '../support/themeColours';

const writing = (page: Page) => page.getByRole('textbox', { name: 'Note', exact: true });
const filter = (page: Page) => page.getByRole('textbox', { name: 'Filter prompts' });

async function serious(page: Page): Promise<unknown[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
}

for (const theme of themeNames) {
  test(`axe finds nothing serious (${theme})`, async ({ page }) => {
    const problems = [{ code: 'torn', severity: 'warning', message: 'The last row is torn.' }] as const;
    const rig = await openComparison(page, {
      theme,
      heard: 4,
      state: { problems },
      notes: [
        noteOn('p1', 'drums too loud', { edited: true, earlierClip: true }),
        noteOn(null, 'less noise than before'),
      ],
    });
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('l');
    expect(await serious(page)).toEqual([]);
    await page.keyboard.press('o');
    await expect(page.getByRole('grid')).toBeFocused();
    expect(await serious(page)).toEqual([]);
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog')).toBeVisible();
    expect(await serious(page)).toEqual([]);
    expect(rig.failures).toEqual([]);
  });
}

test('a reload comes back to the same prompt, take, second, loop, filter and words', async ({ page }) => {
  const rig = await openComparison(page);
  await page.keyboard.press('j');
  await page.keyboard.press('2');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('l');
  await page.keyboard.press('m');
  await filter(page).fill('cello');
  await writing(page).fill('half a thought');
  await expect
    .poll(() => rig.saved())
    .toMatchObject({
      restore: { evaluations: ['output_epoch3:evaluation_full'] },
      page: { drafts: { 'prompt:p2': { text: 'half a thought' } } },
    });
  await page.reload();
  await expect(page.getByText('prompt 2 of 8')).toBeVisible();
  await expect(page.getByRole('radio', { name: /^best/ })).toBeChecked();
  await expect(page.locator('.time-now')).toHaveText('00:05.00');
  await expect(page.getByRole('button', { name: 'Loop 3.0–7.0 s' })).toHaveAttribute('aria-pressed', 'true');
  await expect(page.getByRole('button', { name: /Loudness matched/ })).toHaveAttribute(
    'aria-pressed',
    'false',
  );
  await expect(filter(page)).toHaveValue('cello');
  await expect(writing(page)).toHaveValue('half a thought');
  expect(rig.failures).toEqual([]);
});

test('texts of others are text: no markup, no script, no way out of the page', async ({ page }) => {
  const texts = [
    '<img src=x onerror="window.pwned=1">',
    '</script><script>window.pwned=1</script>',
    '‮right to left‬ and \u0000 control \u0007',
    `long${'er'.repeat(3000)}`,
    '{0} {{constructor.constructor("window.pwned=1")()}} ${window.pwned=1}',
    '',
  ];
  const [evil = ''] = texts;
  const rig = await openComparison(page, {
    prompts: 6,
    texts,
    runs: [evil],
    state: { problems: [{ code: evil, severity: 'error', message: evil, file: texts[3] ?? '' }] },
    notes: texts.map((text, i) => noteOn('p1', text, { id: `${evil}${i}`, heading: [{ text, link: null }] })),
  });
  for (let i = 0; i < 6; i++) {
    await page.keyboard.press('j');
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
  }
  await page.keyboard.press('o');
  await page.getByText(evil).first().waitFor();
  expect(await page.locator('img, #app script').count()).toBe(0);
  expect(await page.evaluate(() => Reflect.get(window, 'pwned') as unknown)).toBeUndefined();
  expect(rig.failures).toEqual([]);
});

test('says what is awaited, and what an empty comparison needs', async ({ page }) => {
  const rig = await openComparison(page, { analyse: () => null });
  await expect(page.getByText('Reading the clip…')).toHaveCount(3);
  await page.keyboard.press(' ');
  await expect(page.getByText('Waiting for the file to be read…')).toBeVisible();
  await rig.send({ type: 'state', state: { ...rig.state, prompts: [], takes: [], clips: [] } });
  await expect(page.getByText('No clips here yet. They show up by themselves')).toBeVisible();
  await expect(writing(page)).toBeHidden();
});

test('Tab reaches everything in the order of the page, and leaves it', async ({ page }) => {
  await openComparison(page, { notes: [noteOn('p1', 'drums')] });
  const reached: string[] = [];
  while (reached.at(-1) !== 'out' && reached.length < 60) {
    await page.keyboard.press('Tab');
    reached.push(
      await page.evaluate(() => {
        const active = document.activeElement;
        if (active === null || active === document.body) return 'out';
        return (
          active.getAttribute('aria-label') ??
          active.querySelector('span:not(.codicon)')?.textContent ??
          active.textContent
        );
      }),
    );
  }
  expect(reached).toEqual([
    'Open the run’s page',
    'Loudness matched',
    'Overview',
    'All keys (?)',
    'Filter prompts',
    'Unheard only',
    'Prompts',
    'Copy the prompt',
    'base, base model',
    'Put away base',
    'Put away best',
    'Put away final',
    'Playhead',
    'Previous prompt',
    'Play',
    'Next prompt',
    'Loop',
    'Next unheard',
    'Note',
    'About',
    'Insert the time',
    'Edit this note',
    'Retract this note',
    'Paste remarks…',
    'Open notes file',
    '?all keys',
    'out',
  ]);
});

test('arrows up and down choose a take where the takes have the focus', async ({ page }) => {
  await openComparison(page);
  await page.getByRole('radio', { checked: true }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('radio', { name: /^best/ })).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('radio', { name: /^final/ })).toBeChecked();
});

for (const [width, height, what] of [
  [1360, 820, 'wide'],
  [600, 800, 'narrow'],
  [340, 640, 'at 400 % zoom'],
] as const) {
  test(`nothing runs off the page (${what})`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    await openComparison(page, {
      runs: ['output_epoch1', 'output_epoch3'],
      notes: [noteOn('p1', 'x'.repeat(300))],
    });
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
    await page.keyboard.press('n');
    await expect(writing(page)).toBeInViewport();
    await page.keyboard.press('Escape');
    await page.keyboard.press('6');
    await expect(page.getByRole('radio', { checked: true })).toBeInViewport();
  });
}

test('speaks Chinese', async ({ page }) => {
  await openComparison(page, {
    language: 'zh-cn',
    l10n: { Play: '播放', 'prompt {0} of {1}': '第 {0} / {1} 条提示' },
  });
  await expect(page.getByRole('button', { name: '播放' })).toBeVisible();
  await expect(page.getByText('第 1 / 8 条提示')).toBeVisible();
});
