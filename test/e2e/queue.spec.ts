/** Jobs that wait for a GPU, put in order by hand; and a training under tmux, typed into. */
import { symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { venv } from '../python/environment';
import { expect, test } from './support/fixture';
import { startByHand } from './support/jobsByHand';
import { ownTmux } from './support/tmux';

const tmux = ownTmux();
// The theme with the fewest colours.
test.use({ theme: 'highContrastLight' });
// One job at a time, whatever GPUs this machine has; a tmux that is nobody's.
test.use({ env: { CUDA_VISIBLE_DEVICES: '', ...tmux.env, OMP_NUM_THREADS: '1' } });
test.afterAll(() => tmux.close());

// A busy machine takes its time to load torch.
test.setTimeout(300_000);

test('what waits is seen, moved, dragged and cancelled, and runs in that order', async ({ workbench }) => {
  const { page, folder } = workbench;
  const jobs = workbench.tree('Jobs');
  const texts = async (): Promise<string[]> => (await jobs.rows()).map(([text]) => text);
  const order = async (): Promise<string> =>
    (await texts()).map((text) => text.replace(/ (running) since.*| place (\d).*/, ' $1$2')).join(', ');
  await symlink(venv, join(folder, '.venv'));
  await workbench.sideBar('Earmark');

  await test.step('jobs that were started elsewhere wait for each other', async () => {
    // Each until it is told to go or its folder is gone.
    const script = 'while [ -d "$PWD" ] && [ ! -e "go.$0" ]; do sleep 0.05; done';
    const env = { XDG_STATE_HOME: join(dirname(folder), 'state'), CUDA_VISIBLE_DEVICES: '' };
    const titles = ['first', 'second', 'third', 'fourth'];
    startByHand(
      folder,
      env,
      titles.map((title) => ({ title, script, gpus: 1 })),
    );
    await workbench.command('Earmark: Focus on Jobs View');
    await expect.poll(order).toBe('first running, second 1, third 2, fourth 3');
  });

  await test.step('the form tells what is before its training, and waits unless told otherwise', async () => {
    await workbench.command('Earmark: Start Training…');
    const form = await workbench.webview('training');
    await expect(form.locator('.plan-facts')).toContainText('waits for a free GPU; jobs before it: 4');
    await form.getByRole('combobox', { name: 'When the GPU is busy' }).click();
    // With the list open: what is chosen in it has to be read too.
    expect(await workbench.accessibilityProblems(form)).toEqual([]);
    await form.getByRole('option', { name: 'start at once' }).click();
    await expect(form.locator('.plan-facts')).not.toContainText('jobs before it');
  });

  await test.step('it is put in another order', async () => {
    await jobs.inlineAction([/^fourth/], 'Move Up in Queue');
    await expect.poll(order).toBe('first running, second 1, fourth 2, third 3');
    await jobs.menu([/^third/], 'Run Next');
    await expect.poll(order).toBe('first running, third 1, second 2, fourth 3');
    await (await jobs.row(/^fourth/)).dragTo(await jobs.row(/^second/));
    await expect.poll(order).toBe('first running, third 1, fourth 2, second 3');
    await workbench.shot('queue');
  });

  await test.step('what waits is cancelled, and the others go on in their order', async () => {
    await jobs.inlineAction([/^fourth/], 'Cancel Job');
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Cancel “fourth”?');
    await dialog.getByRole('button', { name: 'Cancel Job' }).click();
    await expect.poll(texts).toContainEqual(expect.stringMatching(/^fourth cancelled/));
    // Taken up again it may pass all that waits.
    await jobs.menu([/^fourth/], 'Resume Job');
    await expect(dialog).toContainText('It waits until a GPU is free. Jobs before it: 3');
    await dialog.getByRole('button', { name: 'Start at Once' }).click();
    await expect.poll(order).toMatch(/^fourth running, first running, third 1, second 2/);
    await writeFile(join(folder, 'go.fourth'), '');
    for (const [before, after] of [
      ['first', 'third'],
      ['third', 'second'],
    ] as const) {
      await writeFile(join(folder, `go.${before}`), '');
      await expect.poll(texts).toContainEqual(expect.stringMatching(new RegExp(`^${after} running`)));
    }
    await writeFile(join(folder, 'go.second'), '');
    await expect.poll(texts).toContainEqual(expect.stringMatching(/^second done/));
  });
});

test('under tmux one types into a training; closed, it is found again', async ({ workbench }) => {
  test.skip(tmux('-V') === '', 'tmux is not installed');
  const { page, folder } = workbench;
  await symlink(venv, join(folder, '.venv'));
  await workbench.sideBar('Earmark');
  await workbench.command('Earmark: Start Training…');
  const form = await workbench.webview('training');
  await form.getByRole('checkbox', { name: /tiny model/ }).click();
  await form.getByRole('textbox', { name: 'Folder of the run', exact: true }).fill('by_hand');
  await form.getByRole('textbox', { name: 'Epochs', exact: true }).fill('1000');
  await expect(form.locator('.field-error:not(:empty)')).toHaveCount(0);
  await expect(form.locator('.plan-tmux')).toContainText('Not queued, not resumed by Earmark');
  await form.getByRole('button', { name: 'Run in tmux' }).click();
  await expect.poll(() => tmux('list-sessions', '-F', '#S')).toMatch(/^earmark-by_hand-/);
  const screen = (): string => tmux('capture-pane', '-p', '-J', '-t', 'earmark-by_hand');
  const runs = async (): Promise<string> =>
    (await workbench.tree('Runs').rows()).map(([text]) => text).join();
  await expect.poll(runs, { timeout: 120_000 }).toContain('by_hand');
  await workbench.command('Terminal: Kill All Terminals');
  await expect.poll(() => tmux('list-clients')).toBe('');
  await workbench.command('Earmark: Open tmux Session…');
  await expect.poll(() => tmux('list-clients')).toContain('earmark-by_hand');
  const terminal = page.locator('.terminal-wrapper.active');
  await terminal.click();
  await page.keyboard.press('Control+c');
  await expect.poll(screen, { timeout: 60_000 }).toContain('Ended with code');
});
