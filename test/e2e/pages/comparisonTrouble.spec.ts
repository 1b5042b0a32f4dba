/** Clips that are not there, not whole, or go away: told where they would be, and never replaced by another. */
import { expect, test } from '@playwright/test';
import { openComparison } from '../support/comparisonRig';
import { giveEars } from '../support/ears';
import { hearsTake, takeHeard } from '../support/listening';
import { analysisOf, audioFile, clipId } from '../support/scenario';

test.beforeEach(async ({ page }) => {
  await giveEars(page);
});

test('what is missing, broken or cut off is told in its lane, and never plays as another', async ({
  page,
}) => {
  const broken = 'This file is HTML, not WAV: download it again.';
  const gone = 'The index names 001_upbeat.wav, but it is not in final_model.';
  const rig = await openComparison(page, {
    analyse: (clip) => {
      const found = analysisOf(clip);
      if (clip === clipId(1, 1)) {
        const problem = { severity: 'error', message: broken } as const;
        return { ...found, format: null, peaks: null, loudness: null, truePeak: null, problem };
      }
      const problem = { severity: 'warning', message: 'The file ends early.' } as const;
      return clip === clipId(1, 2) ? { ...found, problem } : found;
    },
  });
  const clips = rig.state.clips.map((clip) =>
    clip.id === clipId(1, 3) ? { ...clip, uri: null, problem: gone } : clip,
  );
  await rig.send({ type: 'state', state: { ...rig.state, clips } });
  await expect(page.getByText(broken)).toBeVisible();
  await expect(page.getByText(gone)).toBeVisible();
  await expect(page.getByText('The file ends early.')).toBeVisible();
  await page.keyboard.press(' ');
  await expect(page.getByText('Nothing to play for base here.')).toBeVisible();
  expect(await takeHeard(page)).toBe(0);
  // Still wanted: it plays as soon as there is something to play.
  await page.keyboard.press('2');
  await hearsTake(page, 2);
  await page.keyboard.press('3');
  await hearsTake(page, 0);
  await expect(page.getByText('Nothing to play for final here.')).toBeVisible();
});

test('a clip that cannot be fetched is told; the others play on', async ({ page }) => {
  await openComparison(page, { file: (path) => (path.endsWith('-1.wav') ? undefined : audioFile(path)) });
  await page.keyboard.press(' ');
  await expect(page.locator('.lane').first().locator('.lane-notice.silent')).toHaveText(
    'The clip is gone: its file was moved or deleted.',
  );
  await page.keyboard.press('2');
  await hearsTake(page, 2);
});

test('a run that is deleted while it plays goes on as far as it is loaded, then is told', async ({
  page,
}) => {
  const rig = await openComparison(page);
  await page.keyboard.press(' ');
  await hearsTake(page, 1);
  const clips = rig.state.clips.map((clip) => ({ ...clip, uri: null, problem: 'The folder is gone.' }));
  await rig.send({ type: 'state', state: { ...rig.state, clips } });
  await hearsTake(page, 0);
  await expect(page.getByText('The folder is gone.')).toHaveCount(3);
  await rig.send({ type: 'state', state: { ...rig.state, prompts: [], takes: [], clips: [] } });
  await expect(page.getByText('No clips here yet.')).toBeVisible();
  expect(rig.failures).toEqual([]);
});
