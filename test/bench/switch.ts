/** Switching between takes: the player in a real browser, against two <audio> elements. Takes half a minute. */
import { chromium } from '@playwright/test';
import { browserArgs, findBrowser } from '../vscode/browser';
import { percentile, rounded } from './support/measure';
import { countingTakes, openRig } from './support/page';
import type { BenchResult } from './support/result';

const SWITCHES = 24;
const LOOP_ROUNDS = 1000;
/** The plain way is off by so much after these that more would only take longer. */
const PLAIN_ROUNDS = 10;

export async function run(): Promise<BenchResult> {
  const browser = await chromium.launch({ executablePath: await findBrowser(), args: [...browserArgs] });
  // The plain way has two channels at most.
  const lab = await openRig(browser, countingTakes(2, 15));
  const { page } = lab;
  const takes = lab.takes();
  // A gesture, as a person makes before anything may sound.
  await page.getByRole('button').click();

  const offline = await page.evaluate((t) => rig.switching(t, 200, false), takes);
  const equal = await page.evaluate((t) => rig.switching(t, 200, true), takes);
  const loop = await page.evaluate(([t, rounds]) => rig.looping(t, 12_345, 14_000, rounds), [
    takes,
    LOOP_ROUNDS,
  ] as const);
  const keys = async () => {
    for (let index = 0; index < SWITCHES; index++) {
      // The pace of a person in a hurry; an even one would always meet the same phase of the audio blocks.
      await page.waitForTimeout(170 + ((index * 37) % 60));
      await page.keyboard.press(index % 2 ? '1' : '2');
    }
    await page.waitForTimeout(200);
  };
  const player = await page.evaluateHandle((t) => rig.playWithKeys(t), takes);
  await keys();
  const live = await player.evaluate((handle) => handle.end());
  const elements = await page.evaluateHandle((t) => rig.playElements(t), takes);
  await keys();
  const plain = await elements.evaluate((handle) => handle.end());
  const plainLoop = await page.evaluate(
    ([take, count]) => (take ? rig.loopElement(take, 1, 1.5, count) : Number.NaN),
    [takes[0], PLAIN_ROUNDS] as const,
  );
  const told = [...lab.failures, ...offline.errors, ...equal.errors, ...loop.errors];
  await lab.close();
  await browser.close();
  if (told.length) throw new Error(told.join('\n'));
  if (!live.changes || !plain.changes) throw new Error('No switch was heard.');

  return {
    metrics: {
      offset_samples: rounded(Math.max(offline.offset, live.offset)),
      gap_samples: Math.max(offline.gap, live.gap),
      key_to_gain_p95_ms: rounded(percentile(live.delays, 0.95), 1),
      dip_db: rounded(equal.dipDb),
      loop_drift_samples: rounded(loop.last),
    },
    baseline: {
      offset_samples: rounded(plain.offset, 0),
      gap_samples: plain.gap,
      key_to_gain_p95_ms: rounded(percentile(plain.delays, 0.95), 1),
      dip_db: null,
      loop_drift_samples: rounded(plainLoop, 0),
    },
  };
}
