/** The comparison page around the listening: notes, lists, overview, themes, what is kept, what is hostile. */
import { AxeBuilder } from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import { openComparison } from '../support/comparisonRig';
import { clipId, noteOn } from '../support/scenario';
import { themeNames } from '../support/themeColours';

const writing = (page: Page) => page.getByRole('textbox', { name: 'Note', exact: true });
const filter = (page: Page) => page.getByRole('textbox', { name: 'Filter prompts' });
const list = (page: Page) => page.getByRole('listbox', { name: 'Prompts' });

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

test.describe('notes', () => {
  test('N writes one on the prompt; Enter saves it, Shift+Enter breaks the line', async ({ page }) => {
    const rig = await openComparison(page);
    await page.keyboard.press('2');
    await page.keyboard.press('n');
    await expect(writing(page)).toBeFocused();
    await page.keyboard.type('best keeps the piano, 1');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('final hisses @0:12');
    await page.keyboard.press('Enter');
    await expect(page.getByText('Saved in listening-notes/output_epoch3.md')).toBeVisible();
    await expect(writing(page)).toHaveValue('');
    await expect(page.getByRole('listitem').filter({ hasText: 'final hisses' })).toBeVisible();
    expect(await rig.sent('saveNote')).toMatchObject([
      {
        text: 'best keeps the piano, 1\nfinal hisses @0:12',
        scope: 'prompt',
        prompt: 'p1',
        take: 'output_epoch3:best',
        seconds: null,
        replaces: null,
      },
    ]);
    // Escape gives the keys back to listening.
    await page.keyboard.press('Escape');
    await page.keyboard.press('3');
    await expect(page.getByRole('radio', { name: /^final/ })).toBeChecked();
  });

  test('keeps the text when the disk refuses, says why, and saves it then', async ({ page }) => {
    const rig = await openComparison(page);
    rig.refuse = 'the disk is full. Free some space, then press Retry.';
    await page.keyboard.press('n');
    await page.keyboard.type('worth keeping');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toHaveText(/^Not saved: the disk is full/);
    await expect(writing(page)).toHaveValue('worth keeping');
    // The words stay with their prompt, and the failure with the words.
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    await expect(writing(page)).toHaveValue('');
    await expect(page.getByRole('alert')).toBeHidden();
    await expect(page.getByRole('option', { name: /^1: .*unsaved note/ })).toBeVisible();
    await page.keyboard.press('k');
    await expect(writing(page)).toHaveValue('worth keeping');
    rig.refuse = null;
    await page.getByRole('button', { name: 'Retry' }).click();
    await expect(writing(page)).toHaveValue('');
    await expect(page.getByRole('listitem').filter({ hasText: 'worth keeping' })).toBeVisible();
  });

  test('is about what is chosen, with the loop that plays', async ({ page }) => {
    const rig = await openComparison(page);
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('l');
    await expect(page.getByText('with the loop 3.0–7.0 s')).toBeVisible();
    await page.getByRole('combobox', { name: 'About' }).click();
    await page.getByRole('option', { name: 'this take: base' }).click();
    await writing(page).fill('loops from here');
    await writing(page).press('Enter');
    await page.getByRole('combobox', { name: 'About' }).click();
    await page.getByRole('option', { name: 'the run: output_epoch3' }).click();
    await expect(page.getByText('with the loop')).toBeHidden();
    await writing(page).fill('noisy throughout');
    await writing(page).press('Enter');
    await expect
      .poll(() => rig.sent('saveNote'))
      .toMatchObject([
        { scope: 'take', prompt: 'p1', take: 'output_epoch3:base', seconds: [3, 7] },
        { scope: 'run', prompt: null, seconds: null },
      ]);
    await expect(page.getByText('On the evaluation and the run')).toBeVisible();
  });

  test('the clock button writes the second of the playhead', async ({ page }) => {
    await openComparison(page);
    await page.keyboard.press('Shift+ArrowRight');
    await writing(page).fill('fades ');
    await page.getByRole('button', { name: 'Insert the time' }).click();
    await expect(writing(page)).toBeFocused();
    await expect(writing(page)).toHaveValue('fades @0:05 ');
  });

  test('can be edited and retracted; what others wrote cannot', async ({ page }) => {
    const rig = await openComparison(page, {
      notes: [noteOn('p1', 'drums too lound'), noteOn('p1', '噪声', { id: 'hers', own: false })],
    });
    await expect(page.getByRole('button', { name: 'Edit this note' })).toHaveCount(1);
    await writing(page).fill('half a thought');
    await page.getByRole('listitem').filter({ hasText: 'lound' }).hover();
    await page.getByRole('button', { name: 'Edit this note' }).click();
    await expect(writing(page)).toBeFocused();
    await expect(writing(page)).toHaveValue('drums too lound');
    await writing(page).fill('drums too loud');
    await writing(page).press('Enter');
    await expect(page.getByText('edited')).toBeVisible();
    await expect(writing(page)).toHaveValue('half a thought');

    await page.getByRole('button', { name: 'Retract this note' }).click();
    await expect(page.getByRole('button', { name: 'Retract', exact: true })).toBeFocused();
    await page.getByRole('button', { name: 'Keep' }).click();
    await expect(page.getByRole('button', { name: 'Retract this note' })).toBeFocused();
    rig.refuse = 'the folder is read-only.';
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('alert')).toHaveText('Not retracted: the folder is read-only.');
    rig.refuse = null;
    await page.getByRole('button', { name: 'Retract this note' }).click();
    await page.getByRole('button', { name: 'Retract', exact: true }).click();
    await expect(page.getByText('drums too loud')).toBeHidden();
    await expect(page.getByText('噪声')).toBeVisible();
  });

  test('retracting a note that is being edited leaves the changed words in the editor', async ({ page }) => {
    await openComparison(page, { notes: [noteOn('p1', 'drums')] });
    await page.getByRole('listitem').hover();
    await page.getByRole('button', { name: 'Edit this note' }).click();
    await writing(page).fill('drums and bass');
    await page.getByRole('button', { name: 'Retract this note' }).click();
    await page.getByRole('button', { name: 'Retract', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Notes on prompt 1' })).toBeVisible();
    await expect(writing(page)).toHaveValue('drums and bass');
  });

  test('an input method’s Enter does not save', async ({ page }) => {
    const rig = await openComparison(page);
    await writing(page).fill('噪声');
    await writing(page).dispatchEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true });
    await writing(page).press('a');
    expect(await rig.sent('saveNote')).toEqual([]);
  });
});

test.describe('prompts', () => {
  test('are filtered by words, number and what is unheard', async ({ page }) => {
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

  test('are a list for the keyboard', async ({ page }) => {
    await openComparison(page);
    await list(page).focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await expect(page.getByText('prompt 3 of 8')).toBeVisible();
    await expect(list(page)).toHaveAttribute('aria-activedescendant', 'prompt-2');
    await page.keyboard.press('PageDown');
    await expect(page.getByText('prompt 8 of 8')).toBeVisible();
  });

  test('5,000 of them are as quick as eight', async ({ page }) => {
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
});

test.describe('the overview', () => {
  test('shows every clip, goes where it is clicked and is walked with the arrows', async ({ page }) => {
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

  test('shows what passes the filter and says so; F leads back to the filter', async ({ page }) => {
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

  test('of 150 clips asks for all of them and draws those in view', async ({ page }) => {
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
});

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
