/**
 * The comparison of 150 clips in a real VS Code: how soon its overview is painted (from the key that opens it, and when the
 * clips have yet to be analysed, from the page's first state), how soon a click sounds, and what
 * 500 plays leave in memory and in the browser's storage. The plain way: a page that decodes every clip to draw it, plays
 * `<audio>` elements, and fetches clips whole.
 */
import type { Frame, Page } from '@playwright/test';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openEditor, packageVsix, type Editor } from './support/editor';
import { makeMeasuredRun, PROMPTS, takes } from './support/exampleClips';
import { watchListening } from './support/listening';
import { percentile, rounded } from './support/measure';
import { listenPlainly } from './support/plainListening';
import type { BenchResult } from './support/result';

const PLAYS = 500;
const CACHED_CLICKS = 40;
/** Between clicks: a person listens for a moment, and what is fetched ahead gets its time. */
const PACE_MS = 1000;

export async function run(): Promise<BenchResult> {
  const vsix = await packageVsix();
  const scratch = await mkdtemp(join(tmpdir(), 'earmark-bench-'));
  const clips = await makeMeasuredRun(scratch);
  // All rows of the overview are in sight.
  const editor = await openEditor({ folder: scratch, vsix, height: 2800, init: watchListening });
  try {
    const plain = await listenPlainly(editor.page.context().browser()!, clips);
    const cold = await openComparison(editor);
    await analysesKept(editor.userData);
    const tab = editor.page.locator('.tabs-container .tab');
    await tab.click({ button: 'middle' });
    await tab.waitFor({ state: 'detached' });
    const cached = await openComparison(editor);

    const { frame } = cached;
    const before = await frame.evaluate(() => watching().storedBytes());
    // The very first starts the sound device; before they are cached, the two have to be loaded once.
    const coldClicks = (await clicks(editor.page, frame, coldOrder())).slice(1);
    const cachedClicks = (await clicks(editor.page, frame, cachedOrder())).slice(2);
    const half = await plays(frame, PLAYS / 2);
    const whole = await plays(frame, PLAYS / 2);
    const stored = (await frame.evaluate(() => watching().storedBytes())) - before;
    const storedPlainly = await fetchWhole(frame);
    return {
      metrics: {
        overview_cached_ms: rounded(cached.ms, 0),
        overview_cold_ms: rounded(cold.ms, 0),
        first_sound_cached_p95_ms: rounded(percentile(cachedClicks, 0.95), 1),
        first_sound_cold_p95_ms: rounded(percentile(coldClicks, 0.95), 1),
        audio_mb: rounded(Math.max(half, whole), 1),
        cachestorage_bytes: stored,
      },
      baseline: {
        overview_cached_ms: null,
        overview_cold_ms: rounded(plain.overviewMs, 0),
        first_sound_cached_p95_ms: rounded(plain.cachedSoundMs, 1),
        first_sound_cold_p95_ms: rounded(plain.coldSoundMs, 1),
        audio_mb: rounded(plain.audioMb, 1),
        cachestorage_bytes: storedPlainly,
      },
    };
  } finally {
    await editor.close();
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Opens it from the tree and tells after how many milliseconds its overview was whole. */
async function openComparison({ workbench }: Editor): Promise<{ frame: Frame; ms: number }> {
  await workbench.sideBar('Earmark');
  const tree = workbench.tree('Runs');
  await tree.expand('measured');
  await tree.click('measured', 'evaluation');
  const frame = await workbench.comparison();
  const painted = await frame.waitForFunction(() => watching().overview);
  return { frame, ms: (await painted.jsonValue()) ?? Number.NaN };
}

/** Settles when what was found in the clips lies on disk. */
async function analysesKept(userData: string): Promise<void> {
  const folders = [join(userData, 'User'), join(userData, 'data', 'User')].map((user) =>
    join(user, 'globalStorage', 'earmark.earmark', 'analysis'),
  );
  for (;;) {
    const files = await Promise.all(
      folders.filter((folder) => existsSync(folder)).map((folder) => readdir(folder)),
    );
    if (files.flat().length >= takes.length) return;
    await pause(100);
  }
}

type Cell = readonly [prompt: number, take: number];

/** Every prompt once, none of which was fetched ahead: each is two after the one before. */
function coldOrder(): Cell[] {
  const odd = Array.from({ length: PROMPTS / 2 }, (_, i) => i * 2);
  return [...odd, ...odd.map((prompt) => prompt + 1)].map((prompt, i) => [prompt, i % takes.length]);
}

/** To and fro between two prompts. */
function cachedOrder(): Cell[] {
  return Array.from({ length: CACHED_CLICKS + 2 }, (_, i) => [i % 2, i % takes.length]);
}

/** Clicks cells of the overview; milliseconds from each click to its sound. */
async function clicks(page: Page, frame: Frame, cells: readonly Cell[]): Promise<number[]> {
  const delays: number[] = [];
  for (const [prompt, take] of cells) {
    const box = await frame
      .locator('.overview-row')
      .nth(prompt)
      .locator('.overview-cell')
      .nth(take)
      .boundingBox();
    if (box === null) throw new Error(`No cell of prompt ${prompt} is in sight`);
    const before = await frame.evaluate(() => watching().clicked);
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    const delay = await frame.waitForFunction((earlier) => {
      const { clicked, sound } = watching();
      return clicked > earlier && sound > clicked ? sound - clicked : null;
    }, before);
    delays.push((await delay.jsonValue()) ?? Number.NaN);
    await pause(PACE_MS);
  }
  return delays;
}

/** Plays one clip after another, each until it sounds; megabytes of samples that are held at the end. */
function plays(frame: Frame, count: number): Promise<number> {
  return frame.evaluate(async (times) => {
    const cells = [...document.querySelectorAll<HTMLElement>('.overview-cell')];
    for (let i = 0; i < times; i++) {
      const asked = performance.now();
      // Neighbours are takes of one prompt: by a step that shares nothing with their number, every play is another prompt.
      cells[(i * 7) % cells.length]?.click();
      while (watching().sound < asked) await new Promise((done) => setTimeout(done, 1));
    }
    return watching().heldMb();
  }, count);
}

/** The bytes that the browser stores when all the clips are fetched as anyone would. */
function fetchWhole(frame: Frame): Promise<number> {
  return frame.evaluate(async () => {
    const before = await watching().storedBytes();
    for (const uri of [...watching().uris]) await (await fetch(uri)).arrayBuffer();
    return (await watching().storedBytes()) - before;
  });
}
