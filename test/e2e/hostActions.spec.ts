/** What one does with a host beside training on it: weights, a job as a file, a last command, another Python, another name, and farewell. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasSshd } from '../ssh/server';
import { startBox, type Box } from './support/box';
import { expect, test as base, type Workbench } from './support/fixture';
import { write } from './support/toneRuns';

const weights = 'finetune/output_epoch3/best_model/adapter_model.safetensors';

const test = base.extend<{ box: Box }>({
  box: async ({}, use, testInfo) => {
    testInfo.skip(!hasSshd, 'sshd is not installed');
    const box = await startBox();
    await write(join(box.folder, weights), 'w'.repeat(200_000));
    await box.know();
    await use(box);
    await box.close();
  },
  settings: async ({ box }, use) =>
    use({
      'earmark.hosts': [{ name: 'box', ssh: box.command, folder: box.folder, python: '/nowhere/python' }],
    }),
});

test.setTimeout(240_000);
test.use({ workspace: '' });

const PATIENCE = { timeout: 90_000, intervals: [250] };

const rowsOf = async (workbench: Workbench, tree: string): Promise<string> =>
  (await workbench.tree(tree).rows()).map(([text]) => text).join('\n');

test('a host is used, changed and let go', async ({ workbench, box }) => {
  const { page, folder } = workbench;
  const copies = join(folder, '.earmark', 'hosts');
  const hosts = workbench.tree('Hosts');
  await workbench.sideBar('Earmark');
  await workbench.command('Earmark: Focus on Hosts View');

  await test.step('a Python that does not run is told where it is set, and another one chosen', async () => {
    await expect
      .poll(() => rowsOf(workbench, 'Hosts'), PATIENCE)
      .toMatch(/^box no GPU.*no Python to run jobs/m);
    await hosts.menu([/^box/], 'Check Environment');
    await workbench
      .notification('set for box does not run')
      .getByRole('button', { name: 'Choose Python' })
      .click();
    await page.getByRole('option', { name: /^\.venv/ }).click(PATIENCE);
    await expect(workbench.notification('box runs jobs with Python')).toContainText('.venv/bin/python');
    await workbench.closeNotifications();
    await expect.poll(() => rowsOf(workbench, 'Hosts'), PATIENCE).not.toContain('no Python');
    await workbench.shot('host-python');
  });

  await test.step('weights come when they are asked for', async () => {
    await expect.poll(() => rowsOf(workbench, 'Runs'), PATIENCE).toContain('output_epoch3');
    expect(existsSync(join(copies, 'box', weights))).toBe(false);
    await workbench.tree('Runs').menu(['output_epoch3'], 'Fetch Checkpoint');
    await expect(page.locator('.quick-input-list .monaco-list-row').first()).toContainText('1 MB to come');
    await workbench.choice('best').click();
    await page.keyboard.press('Enter');
    await expect(workbench.notification('Fetched: best')).toBeVisible(PATIENCE);
    expect(readFileSync(join(copies, 'box', weights), 'utf8')).toBe('w'.repeat(200_000));
    await workbench.closeNotifications();
  });

  const said = join(box.folder, 'all has ended');
  await test.step('a command of the person’s own runs there when all has ended', async () => {
    await workbench.command('Earmark: Start Training…');
    const form = await workbench.webview('training');
    // What keeps it from starting may be far above: the buttons tell, and lead there.
    const wrong = form.locator('.plan-wrong').getByRole('button', { name: 'Base model' });
    await wrong.click();
    await expect(form.getByRole('textbox', { name: 'Base model' })).toBeFocused();
    await form.getByRole('checkbox', { name: /tiny model/ }).click();
    await expect(wrong).toHaveCount(0);
    await form.getByRole('textbox', { name: 'Epochs', exact: true }).fill('400');
    await form.getByRole('textbox', { name: 'What changes, and why' }).fill('more epochs');
    await form.getByRole('textbox', { name: /Command on the host/ }).fill(`echo bye >'${said}'`);
    await expect(form.locator('.command')).toContainText('echo bye');
    await form.getByRole('button', { name: 'Start Training' }).click();
    await expect.poll(() => rowsOf(workbench, 'Jobs'), PATIENCE).toMatch(/^Train.*(running|step)/m);
    expect(await rowsOf(workbench, 'Jobs')).toContain('echo bye');
    await workbench.shot('host-jobs');
    // It comes last, whatever became of what was before.
    await workbench.tree('Jobs').menu([/^Train/], 'Stop Job');
    await page.getByRole('dialog').getByRole('button', { name: 'Stop', exact: true }).click();
    await expect.poll(() => existsSync(said), PATIENCE).toBe(true);
    expect(readFileSync(said, 'utf8')).toBe('bye\n');
  });

  await test.step('a job is exported as a script that does the same', async () => {
    // Rows that are still moving would be mistaken for each other.
    await expect.poll(() => rowsOf(workbench, 'Jobs'), PATIENCE).toMatch(/^When all has ended.*done/m);
    await workbench.tree('Jobs').menu([/^When all has ended/], 'Export Job');
    await page.locator('.view-lines').filter({ hasText: '#SBATCH' }).click();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Control+c');
    const script = await page.evaluate(() => navigator.clipboard.readText());
    expect(script).toContain('#SBATCH');
    rmSync(said);
    expect(spawnSync('sh', { input: script }).status).toBe(0);
    expect(readFileSync(said, 'utf8')).toBe('bye\n');
  });

  await test.step('it gets another name, and keeps what else is set', async () => {
    await hosts.menu([/^box/], 'Edit Host');
    await workbench.answer('Address of the host', '');
    await workbench.answer('Name of the host', 'desk');
    await workbench.answer('Work folder on the host', '');
    await page.getByRole('option', { name: /Directly/ }).click();
    await expect(workbench.notification('desk answers')).toBeVisible(PATIENCE);
    expect(await rowsOf(workbench, 'Hosts')).toMatch(/^desk no GPU/m);
    expect(await rowsOf(workbench, 'Hosts')).not.toContain('box');
    await workbench.closeNotifications();
    // What is here of its runs goes with it, and none is seen twice.
    expect(readdirSync(copies).sort()).toEqual(['.gitignore', 'desk']);
    await expect.poll(() => rowsOf(workbench, 'Runs'), PATIENCE).toMatch(/output_epoch3 desk/);
    expect(await rowsOf(workbench, 'Runs')).not.toContain('box');
  });

  await test.step('it is removed when one says so; its runs stay, and what was written about them', async () => {
    const run = async (): Promise<void> =>
      workbench.tree('Runs').inlineAction([/output_epoch3.*/], 'Open Run');
    await run();
    const page1 = await workbench.webview('run');
    await page1.getByRole('textbox', { name: 'Note on the run' }).fill('heard on the train');
    await page1.getByRole('button', { name: 'Save' }).click();
    await expect(page1.getByText('heard on the train')).toBeVisible();
    await hosts.menu([/^desk/], 'Remove Host');
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Its jobs run on, and what is on it stays.');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await rowsOf(workbench, 'Hosts')).toContain('desk');
    await hosts.menu([/^desk/], 'Remove Host');
    await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
    await expect.poll(() => rowsOf(workbench, 'Hosts'), PATIENCE).not.toContain('desk');
    await workbench.command('Earmark: Refresh');
    expect(await rowsOf(workbench, 'Runs')).toContain('output_epoch3');
    await expect(page1.getByText('heard on the train')).toBeVisible();
    expect(existsSync(join(box.folder, 'finetune', 'output_epoch3'))).toBe(true);
  });
});
