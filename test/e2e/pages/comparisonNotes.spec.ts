/** Writing, editing and retracting notes beside the comparison. */
import { expect, test, type Page } from '@playwright/test';
import { openComparison } from '../support/comparisonRig';
import { noteOn } from '../support/scenario';

const writing = (page: Page) => page.getByRole('textbox', { name: 'Note', exact: true });

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

test('one that is typed while another is being saved is a note of its own, saved after it', async ({
  page,
}) => {
  const rig = await openComparison(page);
  const texts = async () => (await rig.sent('saveNote')).map(({ text }) => text);
  rig.late = true;
  await page.keyboard.press('n');
  await page.keyboard.type('base is steady');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('listitem').filter({ hasText: 'base is steady' })).toBeVisible();
  await page.keyboard.type('best fades');
  await page.keyboard.press('Enter');
  expect(await texts()).toEqual(['base is steady']);
  const [first] = await rig.sent('saveNote');
  await rig.send({ type: 'done', request: first!.request });
  await expect.poll(texts).toEqual(['base is steady', 'best fades']);
  await page.keyboard.type(' at last');
  const [, second] = await rig.sent('saveNote');
  await rig.send({ type: 'done', request: second!.request });
  // What Enter has not been pressed for stays where it is typed.
  await expect(writing(page)).toHaveValue('at last');
  expect(await texts()).toHaveLength(2);
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
