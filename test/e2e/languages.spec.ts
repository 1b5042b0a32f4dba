/** Chinese, and the oldest VS Code that is supported. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../vscode/paths';
import { ComparisonPage } from './support/comparisonPage';
import { expect, test } from './support/fixture';
import { textsOf } from './support/notesOnDisk';
import { writeToneExamples } from './support/toneRuns';

test.use({ workspace: { fill: writeToneExamples } });
test.setTimeout(240_000);

const chinese = JSON.parse(readFileSync(join(root, 'l10n', 'bundle.l10n.zh-cn.json'), 'utf8')) as Record<
  string,
  string | { message: string }
>;

test.describe('简体中文', () => {
  test.use({ language: 'zh-cn' });

  test('tree, comparison and run page speak Chinese throughout', async ({ workbench }) => {
    await workbench.sideBar('Earmark');
    const tree = workbench.tree('运行');
    await tree.expand('output_epoch3');
    expect(await tree.rows()).toMatchObject([
      [
        expect.stringContaining('验证 8.0306 · 已听 0 / 24 · '),
        [expect.stringMatching(/^evaluation（快速）/)],
        [expect.stringMatching(/^检查点/)],
        [expect.stringMatching(/^问题/)],
      ],
      [expect.anything()],
    ]);
    await tree.click('output_epoch3', 'evaluation');
    const comparison = await ComparisonPage.inSight(workbench);
    await expect(comparison.frame.getByText('提示词 1 的笔记')).toBeVisible();
    await comparison.press(' ');
    await comparison.hears({ take: 3, prompt: 0 });
    await comparison.press('n');
    await workbench.page.keyboard.insertText('best跟风格最好，final末尾有噪声@0：05');
    await comparison.press('Enter');
    const note = comparison.note('best跟风格最好');
    await note.locator('.note-text').getByText('@0：05').click();
    await comparison.hears({ take: 5, prompt: 0, second: 5 });
    expect(await englishIn(comparison.frame.locator('body').allInnerTexts())).toEqual([]);
    await comparison.frame.getByRole('button', { name: '打开运行页面' }).click();
    const run = await workbench.runPage();
    await expect(run.getByRole('heading', { level: 1 })).toContainText('output_epoch3');
    expect(await englishIn(run.locator('body').allInnerTexts())).toEqual([]);
  });
});

test.describe('VS Code 1.100', () => {
  test.use({ version: '1.100' });

  test('shows the runs, plays from any second, keeps a note', async ({ workbench }) => {
    const { folder } = workbench;
    await workbench.sideBar('Earmark');
    await workbench.tree('Runs').click('output_epoch1', 'evaluation');
    let comparison = await ComparisonPage.inSight(workbench);
    await comparison.press('Shift+ArrowRight', 'Shift+ArrowRight', ' ');
    await comparison.hears({ take: 0, prompt: 0, second: 10 });
    await comparison.press('3');
    await comparison.hears({ take: 2, prompt: 0 });
    await comparison.write('still fine on an older editor');
    expect(await textsOf(folder, 'output_epoch1')).toEqual(['still fine on an older editor']);
    await workbench.remembers('"restore"');
    await workbench.reload();
    comparison = await ComparisonPage.inSight(workbench);
    await expect(comparison.notes).toHaveText(['still fine on an older editor']);
  });
});

/** Lines of a page that are the English of something that has a translation. */
async function englishIn(texts: Promise<string[]>): Promise<string[]> {
  const translated = new Set(
    Object.entries(chinese).flatMap(([english, word]) =>
      // Names of settings, as `seed`, are the same in every language.
      english === (typeof word === 'string' ? word : word.message) || /^[a-z]+$/.test(english)
        ? []
        : [english],
    ),
  );
  return (await texts).flatMap((text) => text.split('\n').filter((line) => translated.has(line.trim())));
}
