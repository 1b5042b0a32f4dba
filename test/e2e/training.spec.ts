/** The other half of the line: train and evaluate from the palette, watch it, kill things in the middle, listen to what came of it. */
import type { Frame } from '@playwright/test';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { venv } from '../python/environment';
import { ComparisonPage } from './support/comparisonPage';
import { expect, test } from './support/fixture';
import type { Workbench } from './support/workbench';

test.setTimeout(1_500_000);

/** A trained step, or a clip, of the tiny model may take a while on a busy machine. */
const PATIENCE = { timeout: 300_000, intervals: [500] };
const REASON = 'quieter end; "quotes" $(touch pwned) `x` 次は\nsecond line 🎵';

interface Row {
  readonly prompt_id: string;
  readonly model: string;
  readonly path: string;
}

test('train, evaluate and compare while windows and processes are killed', async ({ workbench }) => {
  const { page, folder } = workbench;
  const run = join(folder, 'finetune', 'output_epoch4');
  const jobs = workbench.tree('Jobs');
  const jobText = async (title: string | RegExp): Promise<string> =>
    (await jobs.rows())
      .map(([text]) => text)
      .find((text) => (typeof title === 'string' ? text.startsWith(title) : title.test(text))) ?? '';
  await symlink(venv, join(folder, '.venv'));
  await workbench.sideBar('Earmark');

  await test.step('the environment is checked, and what was found is a page', async () => {
    await workbench.command('Earmark: Check Environment');
    const report = await workbench.frameWith(/Check of .*\.venv/);
    await expect(report.locator('body')).toContainText('transformers');
    await expect(report.locator('body')).toContainText('gpu');
  });

  await test.step('the form is prefilled from the newest run and shows the exact command', async () => {
    await workbench.command('Earmark: Start Training…');
    const form = await workbench.webview('training');
    await expect(form.getByRole('heading', { level: 1 })).toHaveText('Next run from output_epoch3');
    await expect(textBox(form, 'Folder of the run')).toHaveValue('output_epoch4');
    await expect(textBox(form, 'Learning rate')).toHaveValue('5e-5');
    await expect(form.locator('.field-error', { hasText: 'musicgen-small' })).toBeVisible();
    await form.getByRole('checkbox', { name: /tiny model/ }).click();
    await textBox(form, 'What changes, and why').fill(REASON);
    await textBox(form, 'Folder of the run').fill('output_epoch1');
    await expect(form.locator('.field-error', { hasText: 'holds another run' })).toContainText(
      'output_epoch1_2',
    );
    await expect(form.getByRole('button', { name: 'Start Training' })).toBeDisabled();
    await textBox(form, 'Folder of the run').fill('output_epoch4');
    await textBox(form, 'Epochs').fill('ten');
    await expect(form.locator('.field-error', { hasText: 'Write a number' })).toBeVisible();
    await textBox(form, 'Epochs').fill('32');
    await textBox(form, 'Checkpoint every, steps').fill('5');
    await textBox(form, 'Log every, steps').fill('1');
    await expect(form.locator('.command')).toContainText('--num_epochs 32');
    await expect(form.locator('.command')).toContainText('evaluate.py');
    expect(await workbench.accessibilityProblems(form)).toEqual([]);
    await workbench.shot('training-form');
    await form.getByRole('button', { name: 'Start Training' }).click();
  });

  await test.step('it runs without the window: the run appears, its loss moves, a reload finds it again', async () => {
    await expect.poll(() => jobText('Train output_epoch4'), PATIENCE).toMatch(/step \d+ · loss \d/);
    await expect(page.locator('.terminal.active, .terminal-wrapper.active').first()).toBeVisible();
    for (let kill = 0; kill < 2; kill++) {
      const before = stepOf(await jobText('Train output_epoch4'));
      await workbench.reload();
      await workbench.command('Earmark: Focus on Jobs View');
      await expect
        .poll(async () => stepOf(await jobText('Train output_epoch4')), PATIENCE)
        .toBeGreaterThan(before);
    }
    await workbench.shot('training-runs');
  });

  await test.step('stopping asks first and saves a checkpoint; the chain does not go on', async () => {
    await jobs.menu([/^Train output_epoch4/], 'Stop Job');
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('Stop “Train output_epoch4”?');
    await dialog.getByRole('button', { name: 'Stop', exact: true }).click();
    await expect.poll(() => jobText('Train output_epoch4'), PATIENCE).toMatch(/stopped/);
    await expect.poll(() => jobText(/^Evaluate output_epoch4/), PATIENCE).toMatch(/did not run/);
    expect(readdirSync(run).filter((name) => name.startsWith('checkpoint-'))).not.toEqual([]);
    expect(await readFile(join(run, 'run.json'), 'utf8')).toContain('🎵');
    expect(readdirSync(join(folder, 'finetune'))).not.toContain('pwned');
  });

  await test.step('it resumes as a new job; killed with -9 and resumed again it loses no more than its last steps', async () => {
    await resume(workbench, 'Train output_epoch4');
    await expect.poll(() => jobText('Train output_epoch4'), PATIENCE).toMatch(/step \d+ .*running/);
    process.kill(liveJob(folder, 'train')!.child.pid, 'SIGKILL');
    await expect.poll(() => jobText('Train output_epoch4'), PATIENCE).toMatch(/ended|failed|SIGKILL/);
    await resume(workbench, 'Train output_epoch4');
    await expect.poll(() => jobText('Train output_epoch4'), PATIENCE).toMatch(/done/);
    const steps = readFileSync(join(run, 'events.jsonl'), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { type: string; step?: number });
    const trained = new Set(steps.filter(({ type }) => type === 'train').map(({ step }) => step));
    expect([...trained].sort((a, b) => a! - b!)).toEqual(Array.from({ length: 96 }, (_, i) => i + 1));
    for (const name of ['best_model', 'final_model']) expect(readdirSync(run)).toContain(name);
    await expect
      .poll(async () => (await workbench.tree('Runs').rows())[0]?.[0], PATIENCE)
      .toMatch(/^output_epoch4 valid 7\.\d+/);
  });

  await test.step('the full evaluation of 50 prompts survives three windows and a killed script', async () => {
    await workbench.tree('Runs').menu(['output_epoch4'], 'Evaluate (Full)…');
    await expect.poll(() => workbench.choices()).toEqual(expect.arrayContaining(['base', 'best', 'final']));
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await expect(dialog).toContainText('evaluate.py');
    await dialog.getByRole('button', { name: 'Start', exact: true }).click();
    const title = 'Evaluate output_epoch4: full';
    for (let kill = 0; kill < 3; kill++) {
      await expect.poll(() => clipsOnDisk(run), PATIENCE).toBeGreaterThan(kill * 10);
      await workbench.reload();
      await workbench.command('Earmark: Focus on Jobs View');
      await expect.poll(() => jobText(title), PATIENCE).toMatch(/of 150 clips|running/);
    }
    const script = liveJob(folder, 'evaluate');
    if (script !== null) {
      process.kill(script.child.pid, 'SIGKILL');
      await expect.poll(() => jobText(title), PATIENCE).toMatch(/ended/);
      await resume(workbench, title);
      await expect.poll(() => jobText(title), PATIENCE).toMatch(/running since/);
    }
    const orphan = liveJob(folder, 'evaluate');
    if (orphan !== null) {
      process.kill(orphan.supervisor.pid, 'SIGKILL');
      await expect.poll(() => jobText(title), PATIENCE).toMatch(/its supervisor was killed|gone/);
      if ((await jobText(title)).includes('its supervisor was killed')) {
        await jobs.menu([new RegExp(`^${title}`)], 'Stop Job');
        await page.getByRole('dialog').getByRole('button', { name: 'Stop', exact: true }).click();
        await expect.poll(() => jobText(title), PATIENCE).toMatch(/gone|stopped|ended/);
      }
      await resume(workbench, title);
    }
    await expect.poll(() => jobText(title), PATIENCE).toMatch(/150 of 150 clips · done/);
  });

  await test.step('one notification at the end leads to the comparison', async () => {
    const news = page.locator('.notification-toast', { hasText: 'Ready to listen' });
    await expect(news).toHaveCount(1, PATIENCE);
    await expect(news).toContainText('output_epoch4: full');
    await news.getByRole('button', { name: 'Compare Outputs' }).click();
    await ComparisonPage.inSight(workbench);
  });

  await test.step('150 clips of exactly 15 s in three folders and an index of 150 rows', () => {
    const evaluation = join(run, 'evaluation_full');
    const rows = readFileSync(join(evaluation, 'comparison_results.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);
    expect(new Set(rows.map(({ prompt_id, model }) => `${prompt_id} ${model}`)).size).toBe(150);
    expect(rows).toHaveLength(150);
    for (const model of ['base_model', 'best_model', 'final_model']) {
      const clips = readdirSync(join(evaluation, model));
      expect(clips).toHaveLength(50);
      for (const clip of clips) expect(statSync(join(evaluation, model, clip)).size).toBe(44 + 2 * 480_000);
    }
    const bytes = (model: string): Buffer =>
      readFileSync(join(evaluation, rows.find((row) => row.model === model)!.path));
    expect(bytes('base').equals(bytes('final'))).toBe(false);
  });

  await test.step('what was trained is heard', async () => {
    const comparison = await ComparisonPage.inSight(workbench);
    await expect(comparison.subtitle).toContainText('50 prompts × 3 takes');
    await comparison.press(' ');
    await expect
      .poll(async () => (await workbench.hear(comparison.frame)).level, PATIENCE)
      .toBeGreaterThan(-70);
    await workbench.shot('trained-compared');
  });
});

function textBox(form: Frame, label: string) {
  return form.getByRole('textbox', { name: label, exact: true });
}

function stepOf(text: string): number {
  return Number(/step ([\d,]+)/.exec(text)?.[1]?.replaceAll(',', '') ?? 0);
}

async function resume(workbench: Workbench, title: string): Promise<void> {
  await workbench.tree('Jobs').menu([new RegExp(`^${title}`)], 'Resume Job');
  await workbench.page.getByRole('dialog').getByRole('button', { name: 'Start', exact: true }).click();
}

function clipsOnDisk(run: string): number {
  const folder = join(run, 'evaluation_full');
  try {
    return readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.wav')).length;
  } catch {
    return 0;
  }
}

interface Processes {
  readonly supervisor: { readonly pid: number };
  /** The command itself. */
  readonly child: { readonly pid: number };
}

/** The processes of the newest job of a kind, while it has begun and not ended. */
function liveJob(folder: string, kind: string): Processes | null {
  const root = join(folder, '.earmark', 'jobs');
  for (const id of readdirSync(root).sort().reverse()) {
    if (readJson(join(root, id, 'spec.json'))?.['kind'] !== kind) continue;
    const started = readJson(join(root, id, 'started.json'));
    // exit.json is there from the start, as blanks that keep its room.
    const ended = readJson(join(root, id, 'exit.json')) !== null;
    return started === null || ended ? null : (started as unknown as Processes);
  }
  return null;
}

function readJson(file: string): Record<string, unknown> | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch {
    return null;
  }
}
