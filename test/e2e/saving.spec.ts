/** Notes while the disk, a hand or another window is in the way: none is lost, and what is typed stays where it is. */
import { execFile } from 'node:child_process';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Locator } from '@playwright/test';
import { ComparisonPage } from './support/comparisonPage';
import { expect, test } from './support/fixture';
import { textsOf } from './support/notesOnDisk';
import { writeToneRun } from './support/toneRuns';
import type { Workbench } from './support/workbench';

const run = promisify(execFile);
const notesFolder = (workbench: Workbench): string => join(workbench.folder, 'listening-notes');

test.use({
  workspace: {
    fill: async (folder: string) => {
      await writeToneRun(join(folder, 'output_a'), { prompts: 2, seconds: 4 });
      await writeFile(join(folder, 'listening-notes'), 'A file lies where the folder should be.');
    },
  },
});
test.setTimeout(240_000);

test('a note that cannot be saved stays in the editor, and Retry saves it', async ({ workbench }) => {
  const { page, folder } = workbench;
  await workbench.sideBar('Earmark');
  await workbench.tree('Runs').click('output_a', 'evaluation');
  const comparison = await ComparisonPage.inSight(workbench);
  const failure = comparison.frame.locator('.note-editor .note-failure');
  const retry = comparison.frame.locator('vscode-button').filter({ hasText: 'Retry' });

  /** Writes a note that is refused with `words`, clears the way, and saves it after all. */
  const refusedThenSaved = async (text: string, words: string, clear: () => Promise<void>) => {
    await comparison.press('n');
    await expect(comparison.editor).toBeFocused();
    await page.keyboard.type(text);
    await page.keyboard.press('Enter');
    await expect(failure).toContainText(words);
    await expect(comparison.editor).toHaveValue(text);
    await expect(comparison.notes.filter({ hasText: text })).toHaveCount(0);
    await clear();
    await retry.click();
    await expect(comparison.notes.first()).toHaveText(text);
    await expect(comparison.editor).toHaveValue('');
    await expect(failure).toBeHidden();
    expect(await textsOf(folder, 'output_a')).toContain(text);
    await comparison.press('Escape');
  };

  await test.step('a file in the way', () =>
    refusedThenSaved('heard before it was blocked', 'something else is in the way where the notes go', () =>
      rm(notesFolder(workbench)),
    ));

  await test.step('unsaved words outlive a reload', async () => {
    await rm(notesFolder(workbench), { recursive: true });
    await writeFile(notesFolder(workbench), 'In the way again.');
    await comparison.press('n');
    await page.keyboard.type('half a tho');
    await workbench.remembers('half a tho');
    await workbench.reload();
    const again = await ComparisonPage.inSight(workbench);
    await expect(again.editor).toHaveValue('half a tho');
    await rm(notesFolder(workbench));
    await again.editor.press('End');
    await page.keyboard.type('ught');
    await page.keyboard.press('Enter');
    await expect(again.notes.first()).toHaveText('half a thought');
  });
});

test('a disk that is full or read-only', async ({ workbench }) => {
  const { page, folder } = workbench;
  const notes = notesFolder(workbench);
  await rm(notes);
  await mkdir(notes);
  const canMount = await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'earmark-test', notes]).then(
    () => true,
    () => false,
  );
  test.skip(!canMount, 'Needs the right to mount a small disk (root, in a container with CAP_SYS_ADMIN).');
  try {
    await workbench.sideBar('Earmark');
    await workbench.tree('Runs').click('output_a', 'evaluation');
    const comparison = await ComparisonPage.inSight(workbench);
    const failure = comparison.frame.locator('.note-editor .note-failure');
    await comparison.write('while there is room');

    await test.step('full', async () => {
      await fillUp(join(notes, 'ballast'));
      const long = 'x'.repeat(6000);
      await comparison.editor.fill(long);
      await page.keyboard.press('Enter');
      await expect(failure).toContainText('is full');
      await expect(comparison.editor).toHaveValue(long);
      await rm(join(notes, 'ballast'));
      await page.keyboard.press('Enter');
      await expect(comparison.notes.first()).toHaveText(long);
    });

    await test.step('read-only', async () => {
      await run('mount', ['-o', 'remount,ro', notes]);
      await comparison.editor.fill('on a locked disk');
      await page.keyboard.press('Enter');
      await expect(failure).toContainText('may not be written to');
      await expect(comparison.editor).toHaveValue('on a locked disk');
      await run('mount', ['-o', 'remount,rw', notes]);
      await page.keyboard.press('Enter');
      await expect(comparison.notes.first()).toHaveText('on a locked disk');
    });
    const texts = await textsOf(folder, 'output_a');
    expect(texts.map((text) => text.slice(0, 20))).toEqual([
      'while there is room',
      'x'.repeat(20),
      'on a locked disk',
    ]);
  } finally {
    await run('umount', ['-l', notes]);
  }
});

test('a notes folder that hands and other windows write to', async ({ workbench }) => {
  const { folder } = workbench;
  await rm(notesFolder(workbench));
  await workbench.sideBar('Earmark');
  const tree = workbench.tree('Runs');
  await tree.click('output_a', 'evaluation');
  const here = await ComparisonPage.inSight(workbench);
  await here.write('from the first window');

  await test.step('two windows see each other’s notes, and write at once without losing one', async () => {
    const second = await workbench.anotherWindow();
    await second.sideBar('Earmark');
    await second.tree('Runs').click('output_a', 'evaluation');
    const there = await ComparisonPage.inSight(second);
    await expect(there.notes).toHaveText(['from the first window']);
    await there.write('from the second window');
    await expect(here.notes).toHaveText(['from the second window', 'from the first window']);
    const texts = (page: string): string[] => ['1', '2', '3', '4'].map((n) => `${page} ${n}`);
    const writeAll = async (page: ComparisonPage, all: readonly string[]) => {
      for (const text of all) {
        await page.editor.fill(text);
        await page.editor.press('Enter');
        await expect(page.editor).toHaveValue('');
      }
    };
    await Promise.all([writeAll(here, texts('here')), writeAll(there, texts('there'))]);
    for (const notes of [here.notes, there.notes]) {
      await expect
        .poll(async () => (await notes.allTextContents()).sort())
        .toEqual(
          ['from the first window', 'from the second window', ...texts('here'), ...texts('there')].sort(),
        );
    }
    expect((await textsOf(folder, 'output_a')).length).toBe(10);
    await second.page.close();
  });

  await test.step('lines that a hand broke are told and kept; the others are read', async () => {
    const file = join(notesFolder(workbench), 'output_a', 'ann-laptop.jsonl');
    const broken = [
      '{"v":1,"id":"01ANN","at":"2026-01-02T03:04:05Z","by":"ann","op":"note","run":',
      'ceci n’est pas une note',
      JSON.stringify({ v: 1, id: 'x', op: 'note' }),
    ];
    const { run: runId } = JSON.parse((await readOwn(workbench)).split('\n')[0] ?? '{}') as { run: string };
    const whole = {
      v: 1,
      id: '01HZZZZZZZZZZZZZZZZZZZZZZZ',
      at: '2026-01-02T03:04:05Z',
      by: 'ann',
      op: 'note',
      run: runId,
      evaluation: 'evaluation',
      prompt: 'tone-1',
      text: 'ann hears it too',
    };
    await appendFile(file, `${[...broken, JSON.stringify(whole)].join('\n')}\n`);
    await expect(here.note('ann hears it too')).toBeVisible();
    await expect(here.note('ann hears it too').getByRole('button', { name: 'Edit this note' })).toHaveCount(
      0,
    );
    await expect(problemsIn(here)).toHaveCount(0);
    await tree.expand('Problems');
    const rows = JSON.stringify(await tree.rows());
    expect(rows).toContain('Line 1 is torn or no JSON; it stays in the file.');
    expect(rows).toContain('Line 2 is torn or no JSON; it stays in the file.');
    expect(rows).toContain('Line 3 is no note');
    await here.editor.fill('and I still write');
    await here.editor.press('Enter');
    await expect(here.notes.first()).toHaveText('and I still write');
    expect((await readFile(file, 'utf8')).split('\n').slice(0, 3)).toEqual(broken);
  });
});

function problemsIn(comparison: ComparisonPage): Locator {
  return comparison.frame.locator('.problems:visible');
}

/** The file that this machine's rater writes. */
async function readOwn({ folder }: Workbench): Promise<string> {
  const { stdout } = await run('sh', ['-c', 'cat "$0"/*.jsonl', join(folder, 'listening-notes', 'output_a')]);
  return stdout;
}

/** Takes all room that is left on the disk of `file`. */
async function fillUp(file: string): Promise<void> {
  for (const size of [4096, 512, 64, 1]) {
    for (;;) {
      const written = await appendFile(file, Buffer.alloc(size)).then(
        () => true,
        () => false,
      );
      if (!written) break;
    }
  }
}
