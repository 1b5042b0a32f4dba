/** Notes that come from beside the comparison, the page of a run, and two runs in one comparison. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ComparisonPage } from './support/comparisonPage';
import { expect, test } from './support/fixture';
import { recordsOf, textsOf } from './support/notesOnDisk';
import { writeToneExamples } from './support/toneRuns';

test.use({ workspace: { fill: writeToneExamples } });
test.setTimeout(300_000);

test('remarks from a chat, notes on rows and on a run, and the moments they lead to', async ({
  workbench,
}) => {
  const { page, folder } = workbench;
  const tree = workbench.tree('Runs');
  await workbench.sideBar('Earmark');
  await tree.row('output_epoch3');

  await test.step('remarks on the clipboard become notes', async () => {
    await page.evaluate(() =>
      navigator.clipboard.writeText('Prompt 2:\n- final hisses @0:12\n- nice weather\n- best: warm bow'),
    );
    await workbench.command('Earmark: Paste Remarks…');
    await workbench.choice('output_epoch1').click();
    await expect(workbench.choice('final hisses @0:12')).toBeVisible();
    expect(await workbench.choices()).toEqual(['final hisses @0:12', 'nice weather', 'best: warm bow']);
    await workbench.choice('nice weather').click();
    await page.keyboard.press('Enter');
    await expect(workbench.notification('2 notes were saved.')).toBeVisible();
    const notes = await recordsOf(folder, 'output_epoch1');
    expect(notes.map(({ text, prompt, takes, seconds }) => [text, prompt, takes, seconds])).toEqual([
      ['final hisses @0:12', 'solo-cello', ['final'], [12, 12]],
      ['best: warm bow', 'solo-cello', ['best'], null],
    ]);
    await workbench.notification('2 notes').getByRole('button', { name: 'Open Notes' }).click();
    await expect.poll(() => workbench.tabs()).toContain('output_epoch1.md');
  });

  await test.step('Add Note… on a row writes about that row', async () => {
    await tree.menu(['output_epoch1', 'evaluation', 'Driving techno'], 'Add Note…');
    await expect(page.getByText('Note on prompt 3')).toBeVisible();
    await workbench.input.fill('base drags @0:03');
    await page.keyboard.press('Enter');
    await expect
      .poll(async () => (await recordsOf(folder, 'output_epoch1')).at(-1))
      .toMatchObject({
        text: 'base drags @0:03',
        evaluation: 'evaluation',
        prompt: 'techno',
        takes: ['base'],
      });
    await tree.menu(['output_epoch1'], 'Add Note…');
    await workbench.input.fill('next: lower rate, best was right');
    await page.keyboard.press('Enter');
    await expect
      .poll(async () => (await recordsOf(folder, 'output_epoch1')).at(-1))
      .toMatchObject({ text: 'next: lower rate, best was right', evaluation: null, prompt: null });
  });

  await test.step('the page of the run shows them all, and a link plays in the comparison', async () => {
    await tree.inlineAction(['output_epoch1'], 'Open Run');
    const run = await workbench.runPage();
    await expect(run.getByRole('heading', { level: 1 })).toHaveText(/output_epoch1/);
    await expect(run.locator('.note-text')).toHaveText([
      'next: lower rate, best was right',
      'base drags @0:03',
      'best: warm bow',
      'final hisses @0:12',
    ]);
    await run.locator('.note-text').getByText('@0:03').click();
    const comparison = await ComparisonPage.inSight(workbench);
    await expect(comparison.words).toContainText('Driving techno');
    await expect(comparison.take('base')).toBeChecked();
    await comparison.hears({ take: 0, prompt: 2, second: 3 });
    await comparison.press(' ');
  });

  await test.step('Open Notes opens what GitHub will show', async () => {
    await workbench.command('Earmark: Open Notes');
    await expect.poll(() => workbench.tabs()).toContain('output_epoch1.md');
    const rendered = await readFile(join(folder, 'listening-notes', 'output_epoch1.md'), 'utf8');
    expect(rendered).toContain('### Prompt 3');
    expect(rendered).toContain('base drags @0:03');
    expect(rendered).not.toContain('weather');
  });
});

test('takes of two runs side by side', async ({ workbench }) => {
  const { page, folder } = workbench;
  const tree = workbench.tree('Runs');
  await workbench.sideBar('Earmark');
  await tree.row('output_epoch3');

  const hearAll = async () => {
    const comparison = await ComparisonPage.inSight(workbench, '8 prompts × 6 takes');
    await comparison.press(' ');
    const found = new Set<number | undefined>();
    for (const key of ['1', '2', '3', '4', '5', '6']) {
      await comparison.press(key);
      const before = new Set(found);
      await expect
        .poll(async () => {
          const sounding = await comparison.whatSounds();
          return sounding?.prompt === 0 && !before.has(sounding.take) ? found.add(sounding.take).size : 0;
        })
        .toBe(before.size + 1);
    }
    expect([...found].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    await comparison.press(' ');
    return comparison;
  };

  await test.step('chosen by ticking them in the palette', async () => {
    await workbench.command('Earmark: Compare Outputs…');
    await workbench.choice('output_epoch3 / evaluation (quick)').click();
    await workbench.choice('output_epoch1 / evaluation (quick)').click();
    await page.keyboard.press('Enter');
    const comparison = await hearAll();
    await expect(comparison.title).toHaveText('output_epoch3 ↔ output_epoch1');
    await workbench.closeTab('output_epoch3 ↔ output_epoch1');
  });

  await test.step('chosen by selecting both in the tree', async () => {
    await tree.expand('output_epoch3');
    await tree.expand('output_epoch1');
    await tree.select(['output_epoch1', 'evaluation'], ['output_epoch3', 'evaluation']);
    await tree.menu(['output_epoch3', 'evaluation'], 'Compare Outputs…');
    await hearAll();
  });

  await test.step('a note goes to the run of the take in the ear', async () => {
    const comparison = await ComparisonPage.inSight(workbench);
    await comparison.press('1');
    await comparison.write('against output_epoch3/best this is dull');
    await expect
      .poll(() => textsOf(folder, 'output_epoch1'))
      .toEqual(['against output_epoch3/best this is dull']);
    expect(await textsOf(folder, 'output_epoch3')).toEqual([]);
  });
});
