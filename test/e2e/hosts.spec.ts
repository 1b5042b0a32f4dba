/** From a laptop: a host is added, trains and evaluates over a link that is cut, and what it made is compared here. */
import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { venv } from '../python/environment';
import { startSshServer, type SshServer } from '../ssh/server';
import { root } from '../vscode/paths';
import { ComparisonPage } from './support/comparisonPage';
import { expect, test as base } from './support/fixture';

interface Box {
  readonly server: SshServer;
  /** Work folder on the host. */
  readonly folder: string;
}

const test = base.extend<{ box: Box }>({
  box: async ({}, use) => {
    const server = await startSshServer();
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'box-')));
    await cp(join(root, 'examples', 'finetune'), join(folder, 'finetune'), { recursive: true });
    await symlink(venv, join(folder, '.venv'));
    await use({ server, folder });
    spawnSync('ssh-keygen', ['-R', `[127.0.0.1]:${server.port}`]);
    await server.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  },
});

test.setTimeout(1_500_000);
// Text of a terminal can be read where it is no picture.
test.use({ workspace: '', settings: { 'terminal.integrated.gpuAcceleration': 'off' } });

const PATIENCE = { timeout: 120_000, intervals: [500] };

test('train and evaluate on a host over a link that is cut', async ({ workbench, box }) => {
  const { page, folder } = workbench;
  const jobs = workbench.tree('Jobs');
  const jobText = async (title: string): Promise<string> =>
    (await jobs.rows()).map(([text]) => text).find((text) => text.startsWith(title)) ?? '';
  const asked = (title: string) => page.locator('.quick-input-title', { hasText: title });
  await workbench.sideBar('Earmark');

  await test.step('a host is added by its address and answers', async () => {
    await workbench.command('Earmark: Add Host…');
    await page.getByRole('option', { name: /Type or paste an address/ }).click();
    await expect(asked('Address of the host')).toBeVisible();
    await page.keyboard.type('box:2222');
    await expect(page.getByText('Write a port as ssh://box:2222')).toBeVisible();
    await page.keyboard.press('Control+a');
    const key = join(box.server.folder, 'client_key');
    await page.keyboard.type(`ssh -p ${box.server.port} -i ${key} ${userInfo().username}@127.0.0.1`);
    await page.keyboard.press('Enter');
    await expect(asked('Name of the host')).toBeVisible();
    await page.keyboard.type('box');
    await page.keyboard.press('Enter');
    await expect(asked('Work folder')).toBeVisible();
    await page.keyboard.type(box.folder);
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: /Directly/ }).click();
  });

  await test.step('its key is shown to the person, who decides', async () => {
    const unknown = page.locator('.notification-toast', { hasText: 'The key of 127.0.0.1 is not known' });
    await unknown.getByRole('button', { name: 'Verify Host Key' }).click(PATIENCE);
    await expect(page.locator('.xterm-rows').filter({ hasText: 'fingerprint' })).toBeVisible();
    await workbench.shot('hosts-key');
    await page.keyboard.type('yes\n');
    await expect(page.locator('.notification-toast', { hasText: 'box answers' })).toBeVisible(PATIENCE);
    await workbench.command('Earmark: Focus on Hosts View');
    await expect
      .poll(async () => (await workbench.tree('Hosts').rows()).map(([text]) => text), PATIENCE)
      .toContainEqual(expect.stringMatching(/^box/));
    await workbench.shot('hosts-view');
  });

  await test.step('runs of the host are here, as if they were local', async () => {
    await expect.poll(async () => (await workbench.tree('Runs').rows()).length, PATIENCE).toBeGreaterThan(1);
    await workbench.shot('hosts-runs');
  });

  await test.step('the form starts a training there', async () => {
    await workbench.command('Earmark: Start Training…');
    const form = await workbench.webview('training');
    await form.getByRole('checkbox', { name: /tiny model/ }).click();
    await form.getByRole('textbox', { name: 'Epochs', exact: true }).fill('20');
    await form.getByRole('textbox', { name: 'Checkpoint every, steps', exact: true }).fill('5');
    await form.getByRole('textbox', { name: 'Log every, steps', exact: true }).fill('1');
    await form.getByRole('textbox', { name: 'What changes, and why' }).fill('over the link');
    await expect(form.locator('.command')).toContainText(`--output_dir ${box.folder}/finetune/output_epoch4`);
    await expect(form.locator('.command')).toContainText(`${box.folder}/.earmark/python/`);
    expect(await workbench.accessibilityProblems(form)).toEqual([]);
    await workbench.shot('hosts-form');
    await form.getByRole('button', { name: 'Start Training' }).click();
    await expect.poll(() => jobText('Train output_epoch4'), PATIENCE).toMatch(/step \d+ · loss \d/);
    await workbench.shot('hosts-training');
  });

  await test.step('a cut link is told as that, and the job goes on; so does it without a window', async () => {
    for (let cut = 0; cut < 3; cut++) {
      const before = stepOf(await jobText('Train output_epoch4'));
      await box.server.stop(true);
      await expect.poll(() => jobText('Train output_epoch4'), PATIENCE).toMatch(/no contact since/);
      if (cut === 0) {
        await expect(page.locator('.xterm-rows').first()).toContainText(/the job goes on/);
        await workbench.shot('hosts-cut');
      }
      await box.server.start();
      if (cut > 0) {
        await workbench.reload();
        await workbench.command('Earmark: Focus on Jobs View');
      }
      await expect
        .poll(async () => stepOf(await jobText('Train output_epoch4')), PATIENCE)
        .toBeGreaterThan(before);
    }
  });

  await test.step('what it evaluates comes home, over further cuts', async () => {
    const title = 'Evaluate output_epoch4: evaluation';
    for (const clips of [1, 8]) {
      await expect.poll(async () => clipsOf(await jobText(title)), PATIENCE).toBeGreaterThanOrEqual(clips);
      await box.server.stop(true);
      await box.server.start();
    }
    await expect.poll(() => jobText(title), PATIENCE).toMatch(/24 of 24 clips · done/);
    const news = page.locator('.notification-toast', { hasText: 'Ready to listen' });
    await news.getByRole('button', { name: 'Compare Outputs' }).click(PATIENCE);
    const comparison = await ComparisonPage.inSight(workbench);
    await expect(comparison.subtitle).toContainText('8 prompts × 3 takes');
    await comparison.press(' ');
    await expect
      .poll(async () => (await workbench.hear(comparison.frame)).level, PATIENCE)
      .toBeGreaterThan(-70);
    await workbench.shot('hosts-compared');
  });

  await test.step('every clip here is the one there, byte for byte', () => {
    const there = join(box.folder, 'finetune', 'output_epoch4', 'evaluation');
    const here = join(folder, '.earmark', 'hosts', 'box', 'finetune', 'output_epoch4', 'evaluation');
    const clips = readdirSync(there, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.wav'));
    expect(clips).toHaveLength(24);
    expect(readFileSync(join(here, 'comparison_results.jsonl'))).toEqual(
      readFileSync(join(there, 'comparison_results.jsonl')),
    );
    for (const clip of clips)
      expect(readFileSync(join(here, clip)).equals(readFileSync(join(there, clip)))).toBe(true);
    expect(
      readdirSync(here, { recursive: true })
        .map(String)
        .filter((name) => name.endsWith('.wav')),
    ).toHaveLength(24);
  });
});

function stepOf(text: string): number {
  return Number(/step ([\d,]+)/.exec(text)?.[1]?.replaceAll(',', '') ?? 0);
}

function clipsOf(text: string): number {
  return Number(/(\d+) of \d+ clips/.exec(text)?.[1] ?? -1);
}
