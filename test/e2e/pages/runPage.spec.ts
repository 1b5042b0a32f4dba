import { AxeBuilder } from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import type { RunState } from '../../../src/protocol';
import { openPage, type PageRig } from '../support/pageRig';
import { note, state } from '../support/runState';
import { themeNames } from '../support/themeColours';

async function open(
  page: Page,
  given: Partial<RunState> = {},
  options: Parameters<typeof openPage>[2] = {},
): Promise<PageRig> {
  const rig = await openPage(page, 'run', options);
  await expect.poll(() => rig.sent('ready')).toHaveLength(1);
  await rig.send({ type: 'state', state: { ...state, ...given } });
  await page.getByRole('heading', { level: 1 }).waitFor();
  return rig;
}

const writing = (page: Page) => page.getByRole('textbox', { name: 'Note on the run' });

for (const theme of themeNames) {
  test(`shows a run, with nothing serious for axe (${theme})`, async ({ page }, info) => {
    const rig = await open(page, {}, { theme });
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('output_epoch3');
    await expect(
      page.getByRole('img', { name: /valid from 8\.2329 at step 500 to 8\.0306 at step 1,500/ }),
    ).toBeVisible();
    await expect(page.getByRole('row', { name: 'learning_rate 1e-4 5e-5' })).toBeVisible();
    await page.screenshot({ path: info.outputPath(`run-${theme}.png`), fullPage: true });
    const { violations } = await new AxeBuilder({ page }).analyze();
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    expect(rig.failures).toEqual([]);
  });
}

test('tells only what differs from the parent, places aside', async ({ page }) => {
  await open(page);
  const names = page.locator('.diff tbody th');
  await expect(names).toHaveText([
    'learning_rate',
    'lora_rank',
    'lora_alpha',
    'batch_size',
    'gradient_accumulation_steps',
    'num_epochs',
    'warmup_steps',
  ]);
  await expect(page.locator('.reason')).toContainText('lower rate, more rank');
});

test('says what is not known', async ({ page }) => {
  const rig = await open(page, {
    parent: { name: 'gone', found: false, reason: '', hyperparameters: {} },
    train: [],
    valid: [],
    evaluations: [],
    checkpoints: [],
    notes: [],
    command: [],
    hyperparameters: {},
    data: {},
    environment: {},
    problems: [],
  });
  for (const text of [
    'gone is not among the runs found here',
    'The files tell no loss yet',
    'No evaluation yet',
    'No checkpoint has been saved yet',
    'No notes on this run yet',
  ]) {
    await expect(page.getByText(text)).toBeVisible();
  }
  await expect(page.getByRole('heading', { name: 'Command' })).toHaveCount(0);
  expect(rig.failures).toEqual([]);
});

test('draws the line of uniform guessing in the colours of the theme, and anew when it changes', async ({
  page,
}) => {
  const rig = await open(page);
  const pixels = () =>
    page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('.uplot canvas')!;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      const colours = new Set<string>();
      for (let i = 0; i < data.length; i += 4)
        if (data[i + 3] === 255) colours.add(`${data[i]},${data[i + 1]},${data[i + 2]}`);
      return [...colours];
    });
  await expect.poll(pixels).toEqual(expect.arrayContaining(['89,164,249', '238,157,40', '157,157,157']));
  await rig.setTheme('light');
  await expect.poll(pixels).toEqual(expect.arrayContaining(['0,99,211', '214,126,0', '59,59,59']));
  expect(await pixels()).not.toContain('89,164,249');
});

test('reads the values under the pointer, and grows with the window', async ({ page }) => {
  await open(page);
  await expect(page.locator('.loss-legend')).toContainText('last values');
  const box = (await page.locator('.u-over').boundingBox())!;
  await page.mouse.move(box.x + box.width - 1, box.y + 20);
  await expect(page.locator('.loss-legend')).toContainText('8.0306step 1,500');
  await page.setViewportSize({ width: 700, height: 800 });
  await expect.poll(async () => (await page.locator('.uplot').boundingBox())!.width).toBeLessThan(700);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
});

test('gives the points as a table that stays open while the curve grows', async ({ page }) => {
  const rig = await open(page);
  await page.getByText('The points as a table').click();
  await expect(page.locator('.points table').first().locator('tbody tr')).toHaveCount(3);
  await rig.send({
    type: 'state',
    state: { ...state, valid: [...state.valid, { step: 2000, epoch: 4, loss: null }] },
  });
  await expect(page.locator('.points table').first().locator('tbody tr')).toHaveCount(4);
  await expect(page.getByText('Points that are no finite number and leave a gap: 1.')).toBeVisible();
});

test('opens evaluations, copies the command, follows links', async ({ page }) => {
  const rig = await open(page);
  await page.getByRole('button', { name: /evaluation_full/ }).click();
  expect(await rig.sent('openEvaluation')).toEqual([
    { type: 'openEvaluation', evaluation: 'run-3:evaluation_full' },
  ]);
  await page.getByRole('button', { name: 'Copy' }).click();
  const [copied] = await rig.sent('copyText');
  expect(copied?.text).toContain(`--data_dir '../my data' \\\n`);
  await page.getByRole('button', { name: '@0:12' }).click();
  expect(await rig.sent('follow')).toEqual([
    { type: 'follow', moment: { take: 't2', prompt: 'p3', second: 12 } },
  ]);
  await page.getByRole('button', { name: 'Open notes' }).click();
  await page.getByRole('button', { name: 'Paste remarks…' }).click();
  expect([await rig.sent('openNotes'), await rig.sent('pasteRemarks')]).toMatchObject([[{}], [{}]]);
});

test('saves with Enter, and keeps the text when the disk refuses', async ({ page }) => {
  const rig = await open(page);
  await writing(page).fill('one');
  await writing(page).press('Shift+Enter');
  await writing(page).pressSequentially('two');
  await writing(page).press('Enter');
  const [asked] = await rig.sent('saveNote');
  expect(asked).toMatchObject({ text: 'one\ntwo', scope: 'run', replaces: null });
  await rig.send({
    type: 'failed',
    request: asked!.request,
    message: 'The note is not saved: the disk is full.',
  });
  await expect(page.getByRole('alert').filter({ hasText: 'disk is full' })).toBeVisible();
  await expect(writing(page)).toHaveValue('one\ntwo');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const again = (await rig.sent('saveNote'))[1]!;
  await rig.send({ type: 'done', request: again.request });
  await expect(writing(page)).toHaveValue('');
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
});

test('edits and retracts', async ({ page }) => {
  const rig = await open(page);
  await page.locator('.note').hover();
  await page.getByRole('button', { name: 'Edit this note' }).click();
  await expect(writing(page)).toBeFocused();
  await expect(writing(page)).toHaveValue(note.source);
  await writing(page).fill('Half the rate helped.');
  await writing(page).press('Enter');
  expect(await rig.sent('saveNote')).toMatchObject([{ text: 'Half the rate helped.', replaces: '01A' }]);
  await page.getByRole('button', { name: 'Retract this note' }).click();
  await expect(page.getByRole('button', { name: 'Retract', exact: true })).toBeFocused();
  await page.getByRole('button', { name: 'Retract', exact: true }).click();
  expect(await rig.sent('retractNote')).toMatchObject([{ note: '01A' }]);
  await rig.send({ type: 'notes', notes: [] });
  await expect(page.getByText('No notes on this run yet.')).toBeVisible();
});

test('an edit waits for nothing and takes nothing away: the new note comes back after it', async ({
  page,
}) => {
  await open(page);
  await writing(page).fill('half a thought');
  await page.locator('.note').hover();
  await page.getByRole('button', { name: 'Edit this note' }).click();
  await expect(writing(page)).toHaveValue(note.source);
  await page.getByRole('button', { name: 'Cancel edit' }).click();
  await expect(writing(page)).toHaveValue('half a thought');
});

test('keeps the changed words of a note that is retracted under its edit', async ({ page }) => {
  const rig = await open(page);
  await page.locator('.note').hover();
  await page.getByRole('button', { name: 'Edit this note' }).click();
  await writing(page).fill('changed');
  await rig.send({ type: 'notes', notes: [] });
  await expect(page.getByRole('button', { name: 'Cancel edit' })).toBeHidden();
  await expect(writing(page)).toHaveValue('changed');
  expect(await rig.saved()).toMatchObject({ draft: { text: 'changed', editing: null } });
});

test('comes back with what was being written', async ({ page }) => {
  const rig = await open(
    page,
    {},
    { saved: { restore: { run: 'run-3' }, draft: { text: 'half a thou', editing: null } } },
  );
  await expect(writing(page)).toHaveValue('half a thou');
  await writing(page).pressSequentially('ght');
  expect(await rig.saved()).toEqual({
    restore: { run: 'run-3' },
    draft: { text: 'half a thought', editing: null },
  });
});

test('is not broken by what files say', async ({ page }) => {
  const hostile = `<img src=x onerror="document.title='hacked'">${'long'.repeat(300)}`;
  const rig = await open(page, {
    name: hostile,
    label: hostile,
    model: hostile,
    command: [hostile],
    hyperparameters: { [hostile]: hostile, __proto__: null },
    parent: { name: hostile, found: true, reason: hostile, hyperparameters: { [hostile]: 1 } },
    notes: [{ ...note, text: [{ text: hostile, link: null }], own: false }],
    train: [{ step: 1, epoch: null, loss: 1e300 }],
    valid: [{ step: 1, epoch: null, loss: null }],
    problems: [{ code: 'x', severity: 'error', message: hostile, file: hostile, line: 1 }],
  });
  expect(await page.locator('img').count()).toBe(0);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
  expect(rig.failures).toEqual([]);
});

test('speaks Chinese', async ({ page }) => {
  await open(page, {}, { language: 'zh-cn', l10n: { Checkpoints: '检查点', Loss: '损失' } });
  await expect(page.getByRole('heading', { name: '检查点' })).toBeVisible();
});
