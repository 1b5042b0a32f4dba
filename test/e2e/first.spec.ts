/** The first minutes: no folder, the walkthrough, a folder that is not trusted, a prompt set far larger than usual. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ComparisonPage } from './support/comparisonPage';
import { expect, test } from './support/fixture';
import { textsOf } from './support/notesOnDisk';
import { folderOf, jsonLines, toneClip, wordsOf, write, writeToneRun } from './support/toneRuns';

test.setTimeout(240_000);

test('the walkthrough leads from runs to a note and ticks each step; without a folder the view says what to do', async ({
  workbench,
}) => {
  const { page } = workbench;
  const ticked = page.locator('.getting-started-step .codicon-getting-started-step-checked');
  const step = (title: string) => page.locator('.getting-started-step').filter({ hasText: title });

  await test.step('See your runs', async () => {
    await workbench.command('Welcome: Open Walkthrough...');
    await workbench.choice('First steps with Earmark').click();
    await expect(page.getByRole('heading', { name: 'First steps with Earmark', level: 2 })).toBeVisible();
    await expect(ticked).toHaveCount(0);
    await step('See your runs').getByRole('button', { name: 'Open the Runs View' }).click();
    await workbench.tree('Runs').row('output_epoch3');
    await expect(ticked).toHaveCount(1);
  });

  await test.step('Compare takes', async () => {
    await step('Compare takes').click();
    await step('Compare takes').getByRole('button', { name: 'Compare Outputs…' }).click();
    await workbench.choice('output_epoch3 / evaluation (quick)').click();
    await page.keyboard.press('Enter');
    const comparison = await ComparisonPage.inSight(workbench, '8 prompts × 3 takes');
    await comparison.write('a first note');
  });

  await test.step('Write what you hear', async () => {
    await page.locator('.tabs-container .tab').filter({ hasText: 'Welcome' }).click();
    await expect(ticked).toHaveCount(3);
  });

  await test.step('no folder is open', async () => {
    await workbench.openWithoutFolder();
    await workbench.sideBar('Earmark');
    await expect(page.getByText('Open the folder that holds your training runs.')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Open Folder', exact: true }).first()).toBeVisible();
    await workbench.command('Earmark: Open Notes');
    await expect(workbench.notification('No runs found. Open the folder')).toBeVisible();
    await expect(workbench.notifications.getByRole('button', { name: 'Add Folder of Runs…' })).toBeVisible();
  });
});

test.describe('a folder that is not trusted', () => {
  test.use({
    trust: true,
    workspace: {
      fill: async (folder: string) => {
        await writeToneRun(join(folder, 'output_inside'), { prompts: 2, seconds: 4 });
        await writeToneRun(join(folder, '..', 'outside', 'output_outside'), { prompts: 1, seconds: 4 });
        await write(
          join(folder, '.vscode', 'settings.json'),
          JSON.stringify({
            'earmark.runs.folders': ['../outside'],
            'earmark.notes.folder': '../outside/notes',
          }),
        );
      },
    },
  });

  test('is browsed, heard and annotated; folders outside it are left alone until it is trusted', async ({
    workbench,
  }) => {
    const { page, folder } = workbench;
    const tree = workbench.tree('Runs');
    await expect(page.getByText('Restricted Mode', { exact: true })).toBeVisible();

    await test.step('what lies in the folder is there to hear and to write on', async () => {
      await workbench.sideBar('Earmark');
      await tree.click('output_inside', 'evaluation');
      const comparison = await ComparisonPage.inSight(workbench, '2 prompts × 3 takes');
      await comparison.press('2', ' ');
      await comparison.hears({ take: 1, prompt: 0 });
      await comparison.press(' ');
      await comparison.write('kept inside');
      expect(await textsOf(folder, 'output_inside')).toEqual(['kept inside']);
    });

    await test.step('what its settings name outside is not', async () => {
      await workbench.command('Earmark: Refresh Runs');
      expect((await tree.rows()).map(([text]) => text.split(' ')[0])).toEqual(['output_inside']);
      expect(await readdir(join(folder, '..', 'outside'))).toEqual(['output_outside']);
      await workbench.command('Earmark: Add Folder of Runs…');
      await expect(
        workbench.notification('This workspace is not trusted, so folders outside it are not looked into.'),
      ).toBeVisible();
    });

    await test.step('trust brings them in', async () => {
      await workbench.notifications.getByRole('button', { name: 'Manage Trust' }).click();
      await page.getByRole('button', { name: 'Trust', exact: true }).click();
      await tree.row('output_outside');
    });
  });
});

test.describe('a set of 5,000 prompts', () => {
  const PROMPTS = 5000;
  test.use({
    workspace: {
      fill: async (folder: string) => {
        const evaluation = join(folder, 'output_many', 'evaluation');
        const name = (prompt: number) => `${String(prompt + 1).padStart(4, '0')}.wav`;
        const rows = Array.from({ length: PROMPTS }, (_, prompt) => ({
          prompt: wordsOf(prompt),
          model: 'base',
          path: `${folderOf.base}/${name(prompt)}`,
        }));
        await write(join(evaluation, 'comparison_results.jsonl'), jsonLines(rows));
        const clip = toneClip(0, 5, 2);
        const last = toneClip(0, 7, 2);
        for (let prompt = 0; prompt < PROMPTS; prompt++) {
          await write(join(evaluation, folderOf.base, name(prompt)), prompt < PROMPTS - 1 ? clip : last);
        }
      },
    },
  });

  test('is scrolled, filtered and heard like any other', async ({ workbench }) => {
    await workbench.sideBar('Earmark');
    await workbench.tree('Runs').click('output_many', 'evaluation');
    const comparison = await ComparisonPage.inSight(workbench, '5000 prompts × 1 take');
    await comparison.press(' ');
    await comparison.hears({ take: 0, prompt: 5 });
    await comparison.press('f');
    await workbench.page.keyboard.type('prompt 5000');
    await expect(comparison.frame.getByRole('option')).toHaveCount(1);
    await comparison.prompt('tone prompt 5000').click();
    await comparison.hears({ take: 0, prompt: 7 });
    // Only the rows in sight exist, or a page of thousands would crawl.
    await comparison.frame.getByRole('textbox', { name: 'Filter prompts' }).fill('');
    await expect(comparison.frame.getByRole('option', { selected: true })).toHaveAttribute(
      'aria-posinset',
      '5000',
    );
    expect(await comparison.frame.getByRole('option').count()).toBeLessThan(100);
  });
});
