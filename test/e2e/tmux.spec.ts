/** On a host over ssh: a job that failed is run again under tmux, typed into, left by a reload, and opened again. */
import { expect, test as base } from './support/fixture';
import { hasSshd } from '../ssh/server';
import { startBox, type Box } from './support/box';
import { startByHand } from './support/jobsByHand';
import { ownTmux, type OwnTmux } from './support/tmux';

const test = base.extend<{ box: Box; tmux: OwnTmux }>({
  tmux: async ({}, use, testInfo) => {
    const tmux = ownTmux();
    testInfo.skip(tmux('-V') === '', 'tmux is not installed');
    await use(tmux);
    tmux.close();
  },
  box: async ({ tmux }, use, testInfo) => {
    testInfo.skip(!hasSshd, 'sshd is not installed');
    const box = await startBox({ ...tmux.env });
    await box.know();
    await use(box);
    await box.close();
  },
  settings: async ({ box }, use) =>
    use({
      'earmark.hosts': [{ name: 'box', ssh: box.command, folder: box.folder }],
      // Text of a terminal can be read where it is no picture.
      'terminal.integrated.gpuAcceleration': 'off',
    }),
});

test.setTimeout(240_000);
test.use({ workspace: '' });

const PATIENCE = { timeout: 90_000, intervals: [250] };

test('a session on a host outlives the window, and is opened again from the palette', async ({
  workbench,
  box,
  tmux,
}) => {
  const { page } = workbench;
  const jobs = workbench.tree('Jobs');
  const session = (): string => tmux('list-sessions', '-F', '#S').trim();
  const terminal = page.locator('.terminal-wrapper.active');
  const terminals = page.locator('.terminal-wrapper');
  // As a job it has nobody to ask, and fails.
  const script = 'read -r word || exit 1; echo "heard $word"; while [ -d "$PWD" ]; do sleep 0.1; done';
  startByHand(box.folder, { HOME: box.folder }, [{ title: 'asks', script }]);
  await workbench.sideBar('Earmark');
  await workbench.command('Earmark: Focus on Jobs View');
  await expect
    .poll(async () => (await jobs.rows()).map(([text]) => text), PATIENCE)
    .toContainEqual(expect.stringMatching(/^asks failed with code 1/));

  await test.step('it is run again in a terminal, and answered there', async () => {
    await jobs.menu([/^asks/], 'Run Again in tmux');
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Not queued, not resumed by Earmark');
    await expect(dialog).toContainText(/On box:.*heard/s);
    expect(session()).toBe('');
    await dialog.getByRole('button', { name: 'Run in tmux' }).click();
    await expect.poll(session, PATIENCE).toMatch(/^earmark-box-\w+-[0-9a-f]{6}$/);
    await terminal.click();
    await page.keyboard.type('hello\n');
    await expect(terminal).toContainText('heard hello');
    await workbench.shot('tmux-ssh');
  });

  await test.step('the window goes and comes: the session is the same, and is opened as it is', async () => {
    const before = session();
    await workbench.reload();
    await expect(terminals.filter({ hasText: 'heard hello' })).toHaveCount(0);
    expect(session()).toBe(before);
    await workbench.command('Earmark: Open tmux Session…');
    await workbench.choice('box').click();
    await expect(terminal).toContainText('heard hello');
    expect(session()).toBe(before);
  });

  await test.step('Ctrl-C is for the command; when the session ends, its terminal goes without ado', async () => {
    await terminal.click();
    await page.keyboard.press('Control+c');
    await expect(terminal).toContainText('Ended with code 130');
    // Where the panel was open at the reload, VS Code may have opened a shell of its own in it.
    const open = await terminals.count();
    tmux('kill-session', '-t', session());
    await expect(terminals).toHaveCount(open - 1);
    await expect(workbench.notifications).toHaveCount(0);
    // With none left, one sentence says how there would be one.
    await workbench.command('Earmark: Open tmux Session…');
    await workbench.choice('box').click();
    await expect(workbench.notification('No session of Earmark’s runs on box')).toBeVisible(PATIENCE);
  });
});
