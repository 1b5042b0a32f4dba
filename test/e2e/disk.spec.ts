/** The tree and the comparison follow the disk: a run comes, grows, and goes. */
import { appendFile, cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ComparisonPage } from './support/comparisonPage';
import { expect, test } from './support/fixture';
import { folderOf, jsonLines, rowsOf, toneClip, write, writeToneRun } from './support/toneRuns';

test.use({ workspace: '' });
test.setTimeout(240_000);

test('an empty folder says what to do; a run that is copied in is compared, grows and goes', async ({
  workbench,
}) => {
  const { page, folder } = workbench;
  const tree = workbench.tree('Runs');
  const run = join(folder, 'runs', 'output_new');
  const index = join(run, 'evaluation', 'comparison_results.jsonl');

  await test.step('nothing there: the view and the palette say what a run is and what to do', async () => {
    await workbench.sideBar('Earmark');
    await expect(page.getByText('No runs found here yet.')).toBeVisible();
    await expect(page.getByRole('button', { name: 'Add Folder of Runs…' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Look Again' })).toBeVisible();
    await workbench.command('Earmark: Compare Outputs…');
    await expect(
      workbench.notification('No runs found. Open the folder that holds your runs, or add one.'),
    ).toBeVisible();
    await workbench.closeNotifications();
  });

  await test.step('copied in while VS Code is open, it is heard a moment later', async () => {
    const aside = await mkdtemp(join(tmpdir(), 'earmark-aside-'));
    await writeToneRun(aside, { prompts: 2 });
    await cp(aside, run, { recursive: true });
    await rm(aside, { recursive: true });
    await tree.click('output_new', 'evaluation');
    const comparison = await ComparisonPage.inSight(workbench);
    await expect(comparison.subtitle).toContainText('2 prompts × 3 takes');
    await comparison.press('3', ' ');
    await comparison.hears({ take: 2, prompt: 0 });
  });

  await test.step('an evaluation that goes on writing is seen growing, without a stop of the sound', async () => {
    const comparison = await ComparisonPage.inSight(workbench);
    await comparison.press('l');
    const rows = rowsOf({ prompts: 3 }).slice(6);
    await write(join(run, 'evaluation', folderOf.base, '003_tone-prompt-3.wav'), toneClip(0, 2, 8));
    await appendFile(index, jsonLines(rowsOf({ prompts: 3, takes: ['base'] }).slice(2)));
    // A row is torn while it is being written; it counts once it is whole.
    const [torn = ''] = jsonLines(rows.slice(-1)).split('\n');
    await appendFile(index, torn.slice(0, 40));
    await expect(comparison.prompt('tone prompt 3')).toBeVisible();
    await comparison.hears({ take: 2, prompt: 0 });
    await write(join(run, 'evaluation', folderOf.final, '003_tone-prompt-3.wav'), toneClip(2, 2, 8));
    await appendFile(index, `${torn.slice(40)}\n`);
    await comparison.press('Escape', 'j', 'j');
    await comparison.hears({ take: 2, prompt: 2 });
    await comparison.press('2');
    await expect(comparison.notice(1)).toContainText('No clip yet: best has none for this prompt.');
    await comparison.press('3');
    await comparison.hears({ take: 2, prompt: 2 });
    await expect
      .poll(async () => (await tree.rows())[0]?.[1]?.[0])
      .toMatch(/^evaluation .*3 prompts × 3 takes/);
  });

  await test.step('gone while it plays: told in plain words, and nothing breaks', async () => {
    const comparison = await ComparisonPage.inSight(workbench);
    await rename(run, join(folder, '..', 'gone'));
    await expect(comparison.notice(2)).toContainText('The clip is missing on disk.');
    await expect(page.getByText('No runs found here yet.')).toBeVisible();
    await expect(comparison.words).toHaveText('tone prompt 3');
    await comparison.hearsNothing();
    await expect(workbench.notifications).toHaveCount(0);
    await rename(join(folder, '..', 'gone'), run);
    await expect(comparison.notice(2)).toBeEmpty();
    await comparison.press(' ');
    await comparison.hears({ take: 2, prompt: 2 });
  });
});
