/** What people see, in every theme and language, as pictures in out/screens/ to look at; axe finds nothing serious in any. */
import { copyFile, link, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ComparisonPage } from './support/comparisonPage';
import { expect, test, themes } from './support/fixture';
import { folderOf, jsonLines, write } from './support/toneRuns';
import type { Workbench } from './support/workbench';

test.setTimeout(300_000);

const kinds = {
  dark: 'vs-dark',
  light: 'vs',
  highContrast: 'hc-black',
  highContrastLight: 'hc-light',
} as const;

/** Adds `evaluation_full`: 50 prompts × 3 takes, the example clips again and again. */
async function addFullEvaluation(folder: string): Promise<void> {
  const run = join(folder, 'finetune', 'output_epoch3');
  const prompts = JSON.parse(await readFile(join(folder, 'finetune', 'evaluation_prompts.json'), 'utf8')) as {
    id: string;
    prompt: string;
  }[];
  const quick = (await readFile(join(run, 'evaluation', 'comparison_results.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { model: string; path: string; sha256: string });
  const rows: object[] = [];
  for (const [model, modelFolder] of Object.entries(folderOf)) {
    const clips = quick.filter((row) => row.model === model);
    await mkdir(join(run, 'evaluation_full', modelFolder), { recursive: true });
    for (const [place, { id, prompt }] of prompts.entries()) {
      const clip = clips[place % clips.length];
      if (clip === undefined) continue;
      const path = `${modelFolder}/${String(place + 1).padStart(3, '0')}_${id}.wav`;
      const [from, to] = [join(run, 'evaluation', clip.path), join(run, 'evaluation_full', path)];
      await link(from, to).catch(() => copyFile(from, to));
      rows.push({ prompt_id: id, prompt, model, path, seed: 0, duration_s: 15, sha256: clip.sha256 });
    }
  }
  await write(join(run, 'evaluation_full', 'comparison_results.jsonl'), jsonLines(rows));
}

/** As the settings of the workspace have it; settles when the window wears it. */
async function wear({ page, folder }: Workbench, theme: keyof typeof themes): Promise<void> {
  await write(
    join(folder, '.vscode', 'settings.json'),
    JSON.stringify({ 'workbench.colorTheme': themes[theme] }),
  );
  await expect(page.locator('.monaco-workbench')).toHaveClass(new RegExp(`(^| )${kinds[theme]}( |$)`));
}

/** Every picture of what is open, and what axe says of it. */
async function picture(workbench: Workbench, name: string, language: string): Promise<void> {
  const problems: string[] = [];
  for (const theme of ['light', 'highContrast', 'highContrastLight', 'dark'] as const) {
    if (language !== 'en' && theme.startsWith('highContrast')) continue;
    await wear(workbench, theme);
    const frame = await workbench.webview(name.startsWith('run') ? 'run' : 'comparison');
    // Colours fade over, and canvases are drawn anew in the frame after.
    await expect.poll(() => frame.evaluate(() => document.getAnimations().length)).toBe(0);
    await workbench.page.mouse.move(700, 810);
    await workbench.shot(`${language}-${name}-${theme}`);
    problems.push(
      ...(await workbench.accessibilityProblems(frame))
        // The grid around these rows takes the keyboard, and scrolls them with the arrow keys.
        .filter((problem) => !/^scrollable-region-focusable.*overview-rows/.test(problem))
        .map((problem) => `${theme}: ${problem}`),
    );
  }
  expect(problems).toEqual([]);
}

for (const language of ['en', 'zh-cn'] as const) {
  test.describe(language, () => {
    test.use({ language });
    const [runs, evaluation, full] =
      language === 'en'
        ? (['Runs', 'evaluation (quick)', 'evaluation_full'] as const)
        : (['运行', 'evaluation（快速）', 'evaluation_full'] as const);
    const notes =
      language === 'en'
        ? [
            'base has the steadiest timbre, but this could be any style',
            'final hisses from @0:09 on, and the end fades into noise',
            'best follows the style best; drums as in p3',
          ]
        : [
            'base 音色最稳，但很多风格认不出来',
            'final 从 @0:09 起有嘶声，结尾淡出成噪声',
            'best 最贴近风格，鼓点和 p3 一样',
          ];

    test('24 clips, 150 clips, and the page of the run', async ({ workbench }) => {
      const { page, folder } = workbench;
      await addFullEvaluation(folder);
      await workbench.sideBar('Earmark');
      const tree = workbench.tree(runs);
      await tree.click('output_epoch3', evaluation);
      const comparison = await ComparisonPage.inSight(workbench);

      // Heard for long enough to count, and stopped in the middle.
      await comparison.press('2', ' ');
      await expect(comparison.frame.locator('div.heard')).toContainText('1 / 24');
      await comparison.press('3', ' ');
      for (const text of notes) {
        await comparison.press('n');
        await expect(
          comparison.frame.locator('.note-editor textarea, .note-editor vscode-text-area').first(),
        ).toBeVisible();
        await page.keyboard.insertText(text);
        await comparison.press('Enter');
        await expect(comparison.notes.first()).toHaveText(text);
        await comparison.press('Escape');
      }
      await picture(workbench, '24', language);

      await tree.click('output_epoch3', full);
      const all = await ComparisonPage.inSight(workbench, '50');
      await expect(all.frame.locator('.lane-numbers').nth(2)).toContainText('LUFS');
      await picture(workbench, '150', language);
      await all.press('o');
      await expect(all.frame.locator('.overview')).toBeVisible();
      await picture(workbench, '150-overview', language);

      await tree.inlineAction(['output_epoch3'], language === 'en' ? 'Open Run' : '打开运行');
      await workbench.runPage();
      await picture(workbench, 'run', language);
    });
  });
}
