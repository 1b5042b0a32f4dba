/** Jobs that wait for a GPU, put in order by hand; and a training under tmux, typed into. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ulid } from 'ulid';
import { venv } from '../python/environment';
import { root } from '../vscode/paths';
import { expect, test } from './support/fixture';

/** Short, as sockets must be. */
const sockets = mkdtempSync(join(tmpdir(), 'tmux-'));
// The theme with the fewest colours.
test.use({ theme: 'highContrastLight' });
// One job at a time, whatever GPUs this machine has; a tmux that is nobody's.
test.use({ env: { CUDA_VISIBLE_DEVICES: '', TMUX_TMPDIR: sockets, OMP_NUM_THREADS: '1' } });
test.afterAll(() => {
  tmux('kill-server');
  rmSync(sockets, { recursive: true, force: true });
});

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
    startByHand(folder, 'first', 'second', 'third', 'fourth');
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

/** As another window or a person would: jobs of a shell that take the GPU, each until it is told to go or its folder is gone. */
function startByHand(folder: string, ...titles: readonly string[]): void {
  const supervisor = join(root, 'python', 'supervisor.py');
  const jobs = join(folder, '.earmark', 'jobs');
  const env = { ...process.env, XDG_STATE_HOME: join(dirname(folder), 'state'), CUDA_VISIBLE_DEVICES: '' };
  for (const [at, title] of titles.entries()) {
    const argv = ['sh', '-c', 'while [ -d "$PWD" ] && [ ! -e "go.$0" ]; do sleep 0.05; done', title];
    const spec = { v: 1, id: ulid(Date.now() + at), kind: 'command', title, argv, cwd: folder, gpus: 1 };
    const input = JSON.stringify({ jobs: [spec] });
    const sha256 = createHash('sha256').update(input).digest('hex');
    execFileSync('python3', [supervisor, 'start', jobs, '--sha256', sha256], { input, env });
  }
}

/** Empty where there is no such server or session. */
function tmux(...args: readonly string[]): string {
  try {
    const env = { ...process.env, TMUX_TMPDIR: sockets };
    return execFileSync('tmux', ['-L', 'default', ...args], { env, encoding: 'utf8', stdio: 'pipe' });
  } catch {
    return '';
  }
}
