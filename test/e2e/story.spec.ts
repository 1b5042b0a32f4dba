/** The first complete line: see runs, compare takes by ear, write notes, find them again. */
import { ComparisonPage } from './support/comparisonPage';
import { expect, test } from './support/fixture';
import { pageOf, recordsOf } from './support/notesOnDisk';
import { writeToneExamples } from './support/toneRuns';

test.use({ workspace: { fill: writeToneExamples } });
test.setTimeout(300_000);

test('from the tree to a note that survives a reload', async ({ workbench }) => {
  const { page, folder } = workbench;
  const tree = workbench.tree('Runs');

  await test.step('the tree shows both runs with their numbers', async () => {
    await workbench.sideBar('Earmark');
    await tree.expand('output_epoch3', 'Checkpoints');
    await tree.expand('output_epoch1');
    expect(await tree.rows()).toEqual([
      [
        'output_epoch3 valid 8.0306 · 0 of 24 heard · lr 5e-5, rank 16, alpha 32, batch 1 × 8, epochs 3, warmup 100',
        ['evaluation (quick) 8 prompts × 3 takes · 0 of 24 heard'],
        [
          'Checkpoints 8',
          ['base facebook/musicgen-small'],
          ['best step 3,200 · valid 8.0294'],
          ['final step 3,390 · valid 8.0306'],
          ['checkpoint-2400 step 2,400 · valid 8.1498'],
          ['checkpoint-2600 step 2,600 · valid 8.1219'],
          ['checkpoint-2800 step 2,800 · valid 8.0894'],
          ['checkpoint-3000 step 3,000 · valid 8.0561'],
          ['checkpoint-3200 step 3,200 · valid 8.0294'],
        ],
        ['Problems 1'],
      ],
      [
        'output_epoch1 valid 8.1929 · 0 of 24 heard · lr 1e-4, rank 12, alpha 24, batch 2 × 4, epochs 1',
        ['evaluation (quick) 8 prompts × 3 takes · 0 of 24 heard'],
        ['Checkpoints 8'],
        ['Problems 1'],
      ],
    ]);
    // What does not fit into a row is in its tooltip: the parent with the reason, and how the loss came there.
    await (await tree.row('output_epoch3')).hover();
    await expect(page.locator('.monaco-hover').first()).toContainText(
      'From output_epoch1: best has the style',
    );
    await expect(page.locator('.monaco-hover').first()).toContainText('8.0561 → 8.0294 → 8.0306');
  });

  await tree.click('output_epoch3', 'evaluation');
  let comparison = await ComparisonPage.inSight(workbench);

  await test.step('three takes are heard as three signals at one position', async () => {
    await expect(comparison.title).toHaveText('output_epoch3');
    await expect(comparison.subtitle).toHaveText('evaluation · 8 prompts × 3 takes · 15 s · seed 0');
    await expect(comparison.take('base')).toBeChecked();
    await comparison.press(' ');
    await comparison.hears({ take: 3, prompt: 0 });
    for (const [key, take] of [
      ['2', 4],
      ['3', 5],
      ['1', 3],
    ] as const) {
      const before = await comparison.time();
      await comparison.press(key);
      await comparison.hears({ take, prompt: 0 });
      const sounding = await comparison.whatSounds();
      const after = await comparison.time();
      // What is heard is of the second that the clock shows: the switch left the position alone.
      expect(sounding?.second).toBeGreaterThanOrEqual(Math.floor(before) - 1);
      expect(sounding?.second).toBeLessThanOrEqual(Math.ceil(after));
      expect(after).toBeGreaterThan(before);
    }
  });

  await test.step('a pause holds the position, for another take too', async () => {
    await comparison.press(' ');
    await comparison.hearsNothing();
    const held = await comparison.time();
    await comparison.press('2');
    await expect(comparison.take('best')).toBeChecked();
    expect(await comparison.time()).toBe(held);
  });

  await test.step('keys and mouse seek; a loop goes round', async () => {
    await comparison.press('Home', 'Shift+ArrowRight', ' ');
    await comparison.hears({ take: 4, prompt: 0, second: 5 });
    const wave = comparison.frame.locator('.lane-wave').nth(2);
    const { width, height } = (await wave.boundingBox()) ?? { width: 0, height: 0 };
    await wave.click({ position: { x: (width * 11) / 15, y: height / 2 } });
    await comparison.hears({ take: 5, prompt: 0, second: 11 });
    await comparison.press(' ', 'Home', 'Shift+ArrowRight', 'l', ' ');
    await expect(comparison.frame.getByRole('button', { name: 'Loop 3.0–7.0 s' })).toBeVisible();
    let last = 0;
    await expect
      .poll(async () => {
        const now = await comparison.time();
        expect(now).toBeLessThan(7.1);
        const wentBack = now < last;
        last = now;
        return wentBack;
      })
      .toBe(true);
    await comparison.hears({ take: 5, prompt: 0, second: 4 });
    await comparison.press('Escape');
  });

  await test.step('J and K go to the next and the previous prompt', async () => {
    await comparison.press('j');
    await expect(comparison.words).toContainText('Solo cello, slow and lyrical');
    await comparison.hears({ take: 5, prompt: 1 });
    await comparison.press('k');
    await comparison.hears({ take: 5, prompt: 0 });
  });

  await test.step('what was heard is counted, here and in the tree', async () => {
    await expect(comparison.frame.getByText(/^heard [1-9]\d* \/ 24$/)).toBeVisible();
    await expect
      .poll(async () => (await tree.rows())[0]?.[1]?.[0])
      .toMatch(/^evaluation \(quick\) 8 prompts × 3 takes · [1-9] of 24 heard$/);
    await expect
      .poll(async () =>
        (await recordsOf(folder, 'output_epoch3')).map(({ op, prompt, takes }) => [op, prompt, takes]),
      )
      .toContainEqual(['hear', 'lofi-hip-hop', ['final']]);
  });

  const text = 'best keeps its pitch @0:05, unlike p3';
  await test.step('a note is on the disk at once', async () => {
    // The tree has the keyboard since its rows were read: a person would click back into the page.
    await comparison.words.click();
    await comparison.write(text);
    await expect(comparison.frame.getByText('Saved in listening-notes/output_epoch3.md')).toBeVisible();
    const notes = (await recordsOf(folder, 'output_epoch3')).filter(({ op }) => op === 'note');
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatchObject({
      v: 1,
      run: 'example-epoch3',
      evaluation: 'evaluation',
      prompt: 'lofi-hip-hop',
      takes: ['best'],
      seconds: [5, 5],
      text,
      replaces: null,
    });
    expect(notes[0]?.clip_sha256['best']).toMatch(/^[0-9a-f]{64}$/);
    await expect.poll(() => pageOf(folder, 'output_epoch3')).toContain(text);
  });

  await test.step('a reload brings back the page, the prompt and the note', async () => {
    await comparison.press('Escape', 'j', 'j');
    await expect(comparison.words).toContainText('Driving techno');
    await workbench.remembers(`"prompt":"${await comparison.promptId()}"`);
    await workbench.reload();
    comparison = await ComparisonPage.inSight(workbench);
    await expect(comparison.words).toContainText('Driving techno');
    await comparison.prompt('Lo-fi hip hop').click();
    await expect(comparison.notes).toHaveText([text]);
  });

  await test.step('its links play the moment they name', async () => {
    const note = comparison.note(text);
    await note.locator('.note-text').getByText('@0:05').click();
    await comparison.hears({ take: 4, prompt: 0, second: 5 });
    await note.locator('.note-text').getByText('p3').click();
    await comparison.hears({ take: 4, prompt: 2 });
    await comparison.prompt('Lo-fi hip hop').click();
    await comparison.press('1');
    await comparison.hears({ take: 3, prompt: 0 });
    await note.locator('.note-text').getByText('best').click();
    await comparison.hears({ take: 4, prompt: 0 });
    await comparison.press(' ');
  });

  await test.step('edit and retract are lines of their own', async () => {
    await comparison.note(text).hover();
    await comparison.note(text).getByRole('button', { name: 'Edit this note' }).click();
    await expect(comparison.editor).toBeFocused();
    await page.keyboard.press('End');
    await page.keyboard.type(' and final');
    await page.keyboard.press('Enter');
    await expect(comparison.note(`${text} and final`).getByText('edited')).toBeVisible();
    await comparison.note(text).hover();
    await comparison.note(text).getByRole('button', { name: 'Retract this note' }).click();
    await comparison.frame.getByRole('button', { name: 'Retract', exact: true }).click();
    await expect(comparison.notes).toHaveCount(0);
    const [first, edit, retraction] = (await recordsOf(folder, 'output_epoch3')).filter(
      ({ op }) => op !== 'hear',
    );
    expect(edit).toMatchObject({ op: 'note', text: `${text} and final`, replaces: first?.id });
    expect(retraction).toMatchObject({ op: 'retract', replaces: edit?.id });
    await expect.poll(() => pageOf(folder, 'output_epoch3')).not.toContain('keeps its pitch');
  });
});
