/** From a laptop: a host is added, trains and evaluates over a link that is cut, and what it made is compared here. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCluster, noCluster, type Cluster } from '../slurm/cluster';
import { hasSshd } from '../ssh/server';
import { startBox, type Box } from './support/box';
import { ComparisonPage } from './support/comparisonPage';
import { expect, test as base, type Workbench } from './support/fixture';

const test = base.extend<{ cluster: Cluster | null; slurm: boolean; box: Box }>({
  slurm: [false, { option: true }],
  cluster: async ({ slurm }, use, testInfo) => {
    const isLeftOut = process.env['EARMARK_FULL'] === undefined;
    const reason = isLeftOut ? 'of the full set: EARMARK_FULL=1' : slurm ? await noCluster() : null;
    testInfo.skip(reason !== null, reason ?? '');
    const cluster = slurm ? await makeCluster() : null;
    await use(cluster);
    await cluster?.stop();
  },
  box: async ({ cluster }, use, testInfo) => {
    testInfo.skip(!hasSshd, 'sshd is not installed');
    const box = await startBox(cluster?.env);
    await use(box);
    await box.close();
  },
});

test.setTimeout(1_500_000);
// Text of a terminal can be read where it is no picture.
test.use({ workspace: '', settings: { 'terminal.integrated.gpuAcceleration': 'off' } });

const PATIENCE = { timeout: 120_000, intervals: [500] };

/** What the Jobs view says of the job whose title begins so. */
async function jobText(workbench: Workbench, title: string): Promise<string> {
  const rows = await workbench.tree('Jobs').rows();
  return rows.map(([text]) => text).find((text) => text.startsWith(title)) ?? '';
}

async function addBox(workbench: Workbench, { command, folder }: Box, scheduler: RegExp): Promise<void> {
  const { page } = workbench;
  await workbench.command('Earmark: Add Host…');
  await page.getByRole('option', { name: /Type or paste an address/ }).click();
  await workbench.answer('Address of the host', 'box:2222');
  await expect(page.getByText('Write a port as ssh://box:2222')).toBeVisible();
  await workbench.answer('Address of the host', command);
  await workbench.answer('Name of the host', 'box');
  await workbench.answer('Work folder', folder);
  await page.getByRole('option', { name: scheduler }).click();
}

/** Its key is shown to the person, who decides. */
async function trustBox({ page }: Workbench): Promise<void> {
  const unknown = page.locator('.notification-toast', { hasText: 'The key of 127.0.0.1 is not known' });
  await unknown.getByRole('button', { name: 'Verify Host Key' }).click(PATIENCE);
  await expect(page.locator('.xterm-rows').filter({ hasText: 'fingerprint' })).toBeVisible();
  await page.keyboard.type('yes\n');
  await expect(page.locator('.notification-toast', { hasText: 'box answers' })).toBeVisible(PATIENCE);
}

function expectSameClips(box: Box, workspace: string, evaluation: string, count: number): void {
  const there = join(box.folder, 'finetune', evaluation);
  const here = join(workspace, '.earmark', 'hosts', 'box', 'finetune', evaluation);
  const clipsIn = (folder: string): string[] =>
    readdirSync(folder, { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.wav'))
      .sort();
  expect(clipsIn(there)).toHaveLength(count);
  expect(clipsIn(here)).toEqual(clipsIn(there));
  for (const file of [...clipsIn(there), 'comparison_results.jsonl']) {
    expect(readFileSync(join(here, file)).equals(readFileSync(join(there, file))), file).toBe(true);
  }
}

test('train and evaluate on a host over a link that is cut', async ({ workbench, box }) => {
  const { page, folder } = workbench;
  await workbench.sideBar('Earmark');

  await test.step('a host is added by its address and answers', async () => {
    await addBox(workbench, box, /Directly/);
    await trustBox(workbench);
    await workbench.command('Earmark: Focus on Hosts View');
    await expect
      .poll(async () => (await workbench.tree('Hosts').rows()).map(([text]) => text), PATIENCE)
      .toContainEqual(expect.stringMatching(/^box no GPU/));
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
    await form.getByRole('textbox', { name: 'Epochs', exact: true }).fill('50');
    await form.getByRole('textbox', { name: 'Checkpoint every, steps', exact: true }).fill('5');
    await form.getByRole('textbox', { name: 'Log every, steps', exact: true }).fill('1');
    await form.getByRole('textbox', { name: 'What changes, and why' }).fill('over the link');
    await expect(form.locator('.command')).toContainText(`--output_dir ${box.folder}/finetune/output_epoch4`);
    await expect(form.locator('.command')).toContainText(`${box.folder}/.earmark/python/`);
    expect(await workbench.accessibilityProblems(form)).toEqual([]);
    await workbench.shot('hosts-form');
    await form.getByRole('button', { name: 'Start Training' }).click();
    await expect
      .poll(() => jobText(workbench, 'Train output_epoch4'), PATIENCE)
      .toMatch(/step \d+ · loss \d/);
    await workbench.shot('hosts-training');
  });

  await test.step('a cut link is told as that, and the job goes on; so does it without a window', async () => {
    for (let cut = 0; cut < 3; cut++) {
      const before = stepOf(await jobText(workbench, 'Train output_epoch4'));
      await box.server.stop(true);
      await expect
        .poll(() => jobText(workbench, 'Train output_epoch4'), PATIENCE)
        .toMatch(/no contact since/);
      if (cut === 0) {
        await expect(page.locator('.xterm-rows').first()).toContainText(/the job goes on/);
        await expect
          .poll(async () => (await workbench.tree('Hosts').rows()).map(([text]) => text), PATIENCE)
          .toContainEqual(expect.stringMatching(/^box not reachable since/));
        await expect(page.getByText('No contact with box: the Hosts view says why.')).toBeVisible();
        await workbench.shot('hosts-cut');
      }
      await box.server.start();
      if (cut > 0) {
        await workbench.reload();
        await workbench.command('Earmark: Focus on Jobs View');
      }
      await expect
        .poll(async () => stepOf(await jobText(workbench, 'Train output_epoch4')), PATIENCE)
        .toBeGreaterThan(before);
    }
  });

  await test.step('what it evaluates comes home, over further cuts', async () => {
    const title = 'Evaluate output_epoch4';
    // Before it comes the rest of the training, which is long enough for three cuts on any machine.
    const patience = { ...PATIENCE, timeout: 600_000 };
    for (const clips of [1, 8]) {
      await expect
        .poll(async () => clipsOf(await jobText(workbench, title)), patience)
        .toBeGreaterThanOrEqual(clips);
      await box.server.stop(true);
      await box.server.start();
    }
    await expect.poll(() => jobText(workbench, title), PATIENCE).toMatch(/24 of 24 clips · done/);
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
    expectSameClips(box, folder, join('output_epoch4', 'evaluation'), 24);
  });
});

test.describe('through Slurm', () => {
  test.use({ slurm: true });

  test('the whole story from a laptop, cut and reloaded five times', async ({ workbench, box }) => {
    const { page, folder } = workbench;
    await workbench.sideBar('Earmark');
    const cut = async (): Promise<void> => {
      await box.server.stop(true);
      await workbench.reload();
      await workbench.command('Earmark: Focus on Jobs View');
      await box.server.start();
    };

    await test.step('the environment there is checked', async () => {
      await addBox(workbench, box, /Slurm/);
      await trustBox(workbench);
      await workbench.command('Earmark: Check Environment');
      await page.getByRole('option', { name: /^box/ }).click();
      const report = await workbench.frameWith(/Check of .*\.venv/);
      await expect(report.locator('body')).toContainText('transformers');
    });

    await test.step('a training is handed to Slurm with what the form asks for, then evaluated', async () => {
      await expect
        .poll(async () => (await workbench.tree('Runs').rows()).length, PATIENCE)
        .toBeGreaterThan(1);
      await workbench.command('Earmark: Start Training…');
      const form = await workbench.webview('training');
      await form.getByRole('checkbox', { name: /tiny model/ }).click();
      await form.getByRole('textbox', { name: 'Epochs', exact: true }).fill('8');
      await form.getByRole('textbox', { name: 'Checkpoint every, steps', exact: true }).fill('5');
      await form.getByRole('textbox', { name: 'Log every, steps', exact: true }).fill('1');
      await form.getByRole('textbox', { name: 'Time limit', exact: true }).fill('tomorrow');
      await expect(form.locator('.field-error', { hasText: 'no time limit for Slurm' })).toBeVisible();
      await form.getByRole('textbox', { name: 'Time limit', exact: true }).fill('1:00:00');
      await form.getByRole('textbox', { name: 'What changes, and why' }).fill('more steps');
      await expect(form.locator('.command')).toContainText('train_lora.py');
      await workbench.shot('hosts-slurm-form');
      await form.getByRole('button', { name: 'Start Training' }).click();
      await expect
        .poll(() => jobText(workbench, 'Train output_epoch4'), PATIENCE)
        .toMatch(/step \d+ · loss \d/);
      await cut();
      await cut();
      await expect
        .poll(() => jobText(workbench, 'Evaluate output_epoch4'), PATIENCE)
        .toMatch(/24 of 24 clips · done/);
    });

    await test.step('a note on what was heard is written while the host is away', async () => {
      await box.server.stop(true);
      await workbench.tree('Runs').menu(['output_epoch4'], 'Open Run');
      const run = await workbench.webview('run');
      await run.getByRole('textbox', { name: 'Note on the run' }).fill('best has the style');
      await run.getByRole('button', { name: 'Save' }).click();
      await expect(run.getByText('best has the style')).toBeVisible();
      await box.server.start();
    });

    await test.step('the full evaluation comes home, whatever is cut or reloaded', async () => {
      await workbench.tree('Runs').menu(['output_epoch4'], 'Evaluate (Full)…');
      await expect.poll(() => workbench.choices()).toEqual(expect.arrayContaining(['base', 'best', 'final']));
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').getByRole('button', { name: 'Start', exact: true }).click(PATIENCE);
      const title = 'Evaluate output_epoch4: full';
      for (const clips of [1, 40, 80]) {
        await expect
          .poll(async () => clipsOf(await jobText(workbench, title)), PATIENCE)
          .toBeGreaterThanOrEqual(clips);
        await cut();
      }
      await expect.poll(() => jobText(workbench, title), PATIENCE).toMatch(/150 of 150 clips · done/);
      await workbench.tree('Runs').menu(['output_epoch4', 'evaluation_full'], 'Compare Outputs…');
      const comparison = await ComparisonPage.inSight(workbench);
      await expect(comparison.subtitle).toContainText('50 prompts × 3 takes');
      await expect
        .poll(
          () => clipsHere(join(folder, '.earmark', 'hosts', 'box', 'finetune', 'output_epoch4')),
          PATIENCE,
        )
        .toBe(174);
      await comparison.press(' ');
      await expect
        .poll(async () => (await workbench.hear(comparison.frame)).level, PATIENCE)
        .toBeGreaterThan(-70);
      await workbench.shot('hosts-slurm-compared');
      expectSameClips(box, folder, join('output_epoch4', 'evaluation_full'), 150);
    });
  });
});

function clipsHere(folder: string): number {
  return readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.wav')).length;
}

function stepOf(text: string): number {
  return Number(/step ([\d,]+)/.exec(text)?.[1]?.replaceAll(',', '') ?? 0);
}

function clipsOf(text: string): number {
  return Number(/(\d+) of \d+ clips/.exec(text)?.[1] ?? -1);
}
