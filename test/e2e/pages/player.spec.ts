/** The audio engine in a real browser: every output sample of the real Web Audio graph is looked at. */
import { expect, test as base } from '@playwright/test';
import { countingTakes, openRig } from '../../bench/support/page';
import { counting, sine } from '../../bench/support/signals';
import type { Manner } from '../../bench/support/server';

type Lab = Awaited<ReturnType<typeof openRig>>;

const RATE = 32_000;
/** What a fade of 8 ms may change of a gain from one sample to the next; a click would change all of it at once. */
const SMOOTH = 0.007;

const test = base.extend<{ lab: Lab }>({
  lab: async ({ browser }, use) => {
    const lab = await openRig(browser, countingTakes(3, 10));
    await use(lab);
    await lab.close();
    expect(lab.failures).toEqual([]);
  },
});

test('switching keeps every take at the same sample, without a gap or a click', async ({ lab }) => {
  const heard = await lab.page.evaluate((takes) => rig.switching(takes, 60, false), lab.takes());
  expect(heard).toMatchObject({ offset: 0, gap: 0, errors: [], problems: [] });
  expect(Math.min(...heard.alone)).toBeGreaterThan(RATE / 2);
  expect(heard.steepest).toBeLessThan(SMOOTH);
  expect(heard.dipDb).toBeLessThan(0.1);
  expect(heard.bumpDb).toBeLessThan(0.1);
});

test('switching between equal audio leaves its level alone', async ({ lab }) => {
  const heard = await lab.page.evaluate((takes) => rig.switching(takes, 60, true), lab.takes());
  expect(heard).toMatchObject({ offset: 0, gap: 0, errors: [] });
  expect(heard.dipDb).toBeLessThan(0.001);
  expect(heard.bumpDb).toBeLessThan(0.001);
});

for (const order of [
  [1, 2, 0, 1, 0, 2, 1, 0, 1, 2],
  [1, 1, 0, 0, 2, 2, 1, 0, 2, 0],
]) {
  test(`ten switches in 50 ms (${order.join(' ')}) end with the last take alone`, async ({ lab }) => {
    const heard = await lab.page.evaluate(([takes, keys]) => rig.rapidSwitches(takes, keys), [
      lab.takes(),
      order,
    ] as const);
    expect(heard.errors).toEqual([]);
    expect(heard.gains).toEqual([0, 1, 2].map((take) => (take === order.at(-1) ? 1 : 0)));
    expect(heard.steepest).toBeLessThan(SMOOTH);
  });
}

test('a loop is at the right sample in its 1000th round', async ({ lab }) => {
  const heard = await lab.page.evaluate((takes) => rig.looping(takes, 12_345, 14_000, 1000), lab.takes());
  expect(heard).toMatchObject({ worst: 0, last: 0, errors: [] });
  expect(heard.rounds).toBeGreaterThan(1000);
});

test('a loop that is set and lifted around the playhead is not heard until it turns', async ({ lab }) => {
  const heard = await lab.page.evaluate(
    (takes) =>
      rig.doing(
        takes,
        [
          [0.5, 'loop', 0.3, 0.9],
          [1.5, 'loop', null, 0],
        ],
        3,
        [0.4, 0.51, 0.53, 0.921, 1.49, 1.53, 2.9],
      ),
    lab.takes(),
  );
  const late = heard.start / RATE;
  const due = [0.4, 0.51, 0.53, 0.921 - 0.6, 1.49 - 0.6, 1.53 - 1.2, 2.9 - 1.2];
  expect(heard.errors).toEqual([]);
  expect(heard.frames).toEqual(due.map((second) => [Math.round((second - late) * RATE)]));
});

test('a loop elsewhere, and seeking, jump without a click', async ({ lab }) => {
  const heard = await lab.page.evaluate(
    (takes) =>
      rig.doing(
        takes,
        [
          [0.5, 'seek', 5],
          [0.504, 'seek', 8],
          [0.8, 'loop', 3, 3.5],
        ],
        1.2,
        [0.7, 1.0],
      ),
    lab.takes(),
  );
  expect(heard.errors).toEqual([]);
  // Both seeks wait 20 ms for their start, from the block in which they were asked for.
  const [afterSeek, afterLoop] = heard.frames.map((frames) => frames?.[0] ?? Number.NaN);
  expect(afterSeek).toBe((8 + 0.7 - 0.504 - 0.02) * RATE);
  expect(afterLoop).toBe((3 + 1.0 - 0.8 - 0.02) * RATE);
  // From 8 s to 3 s the value falls by 0.15: at once it would be a click, over 5 ms it is a slope.
  expect(heard.steepest).toBeLessThan(0.005);
});

test('pause falls silent and keeps the second; the end stops there; play begins again', async ({ lab }) => {
  const paused = await lab.page.evaluate(
    (takes) =>
      rig.doing(
        takes,
        [
          [1, 'pause'],
          [1.2, 'select', 'b'],
          [1.4, 'play'],
        ],
        1.8,
        [0.9, 1.3, 1.6],
      ),
    lab.takes(),
  );
  const [before, silence, after] = paused.frames;
  expect(silence).toBeNull();
  expect(before).toEqual([0.88 * RATE]);
  // Paused at 0.98 s and the 6 ms that a gain needs; goes on from there 20 ms after play.
  expect(after?.[0]).toBeCloseTo((0.98 + 0.006 + 1.6 - 1.42) * RATE, 0);
  expect(paused.steepest).toBeLessThan(0.002);

  const ended = await lab.page.evaluate(
    (takes) => rig.doing(takes, [[0.3, 'seek', 9.5]], 1.2, [0.5, 1.1]),
    lab.takes(),
  );
  expect(ended).toMatchObject({ state: 'paused', position: 10, errors: [] });
  expect(ended.frames[1]).toBeNull();
  const seconds = ended.heard.audible.reduce((sum, [, from, to]) => sum + to - from, 0);
  expect(seconds).toBeCloseTo(0.28 + 0.5, 1);
});

test('a take that comes late joins at the same sample', async ({ lab }) => {
  const heard = await lab.page.evaluate((takes) => rig.joiningLate(takes), lab.takes());
  expect(heard).toMatchObject({ states: ['loading', 'playing'], between: [0, 0, 0], errors: [] });
  expect(heard.samples[1]).toBe(heard.due);
});

test('a take sounds before all of it is there, and goes on in the rest to the sample', async ({ lab }) => {
  const heard = await lab.page.evaluate((takes) => rig.headAndRest(takes), lab.takes());
  expect(heard).toEqual({ wrong: 0, errors: [] });
});

test('a take of which only the beginning is there is silent once it was left', async ({ lab }) => {
  const heard = await lab.page.evaluate((takes) => rig.leavingHead(takes), lab.takes());
  expect(heard).toMatchObject({ states: ['loading'], errors: [] });
  expect(heard.sounding).toEqual([
    [null, 0, null],
    [0, null, null],
    [null, null, null],
  ]);
  expect(heard.heard.findLast(([clip]) => clip === 'b')?.[2]).toBeLessThan(0.62);
});

test('where the rest does not come the second stands still, and nothing counts as heard; then it goes on', async ({
  lab,
}) => {
  const { page } = lab;
  await page.getByRole('button').click();
  const player = await page.evaluateHandle((takes) => rig.playHead(takes[0]!), lab.takes());
  const state = () => player.evaluate((handle) => handle.state());
  const position = () => player.evaluate((handle) => handle.position());
  await expect.poll(state).toBe('playing');
  await expect.poll(state).toBe('loading');
  const stood = await position();
  expect(stood).toBeGreaterThan(1.8);
  expect(stood).toBeLessThan(2);
  await page.waitForTimeout(300);
  expect(await position()).toBe(stood);
  const heard = await player.evaluate((handle) => handle.heard());
  expect(Math.max(...heard.map(([, , to]) => to))).toBeLessThan(2);
  await player.evaluate((handle) => handle.open());
  await expect.poll(position).toBeGreaterThan(stood + 0.1);
  expect(await state()).toBe('playing');
  await player.evaluate((handle) => handle.dispose());
});

test('a second that is not there yet is waited for', async ({ lab }) => {
  const { page } = lab;
  await page.getByRole('button').click();
  const player = await page.evaluateHandle((takes) => rig.playHead(takes[0]!), lab.takes());
  const state = () => player.evaluate((handle) => handle.state());
  await expect.poll(state).toBe('playing');
  await player.evaluate((handle) => handle.seek(1));
  expect(await state()).toBe('playing');
  await player.evaluate((handle) => handle.seek(7));
  expect(await state()).toBe('loading');
  await player.evaluate((handle) => handle.open());
  await expect.poll(state).toBe('playing');
  const position = await player.evaluate((handle) => handle.position());
  expect(position).toBeGreaterThanOrEqual(7);
  expect(position).toBeLessThan(8);
  await player.evaluate((handle) => handle.dispose());
});

test('takes of other lengths end in silence and loop together', async ({ browser }) => {
  const lab = await openRig(browser, [
    { clip: 'a', signal: counting(0, 2, 2 * RATE, RATE) },
    { clip: 'b', signal: counting(1, 2, RATE / 2, RATE) },
  ]);
  const heard = await lab.page.evaluate(
    (takes) =>
      rig.doing(
        takes,
        [
          [0.1, 'loop', 0, 1],
          [0.2, 'select', 'b'],
        ],
        3,
        [0.4, 0.9, 2.4, 2.9],
      ),
    lab.takes(),
  );
  const frames = [(0.4 - 0.02) * RATE, null, (2.4 - 2.02) * RATE, null];
  expect(heard.frames).toEqual(frames.map((frame) => frame && [Math.round(frame)]));
  await lab.close();
});

test('a take of another rate is resampled in step and in level', async ({ browser }) => {
  const lab = await openRig(browser, [
    { clip: 'a', signal: sine(1000, 2, 2 * RATE, RATE) },
    { clip: 'b', signal: sine(1000, 2, 2 * 44_100, 44_100) },
  ]);
  const heard = await lab.page.evaluate((takes) => rig.resampled(takes, 1000), lab.takes());
  expect(heard.errors).toEqual([]);
  expect(Math.abs(heard.offset)).toBeLessThan(0.05);
  expect(Math.abs(heard.levelDb)).toBeLessThan(0.05);
  await lab.close();
});

for (const manner of ['honest', 'whole', 'mislabelled', 'deaf'] satisfies Manner[]) {
  test(`samples are found in an answer that is ${manner}`, async ({ lab }) => {
    const heard = await lab.page.evaluate((takes) => rig.switching(takes, 4, false), lab.takes(manner));
    expect(heard).toMatchObject({ offset: 0, gap: 0, problems: [], errors: [] });
  });
}

for (const manner of ['short', 'page', 'broken'] satisfies Manner[]) {
  test(`a take whose answer is ${manner} is told, and the others play`, async ({ lab }) => {
    const [first, second, third] = [lab.takes()[0]!, lab.takes(manner)[1]!, lab.takes()[2]!];
    const heard = await lab.page.evaluate(
      (takes) =>
        rig.doing(
          takes,
          [
            [0.3, 'select', 'b'],
            [0.5, 'select', 'c'],
          ],
          1,
          [0.2, 0.4, 0.8],
        ),
      [first, second, third],
    );
    // Seconds 0.2 and 0.8, less the 20 ms to the start.
    expect(heard.frames).toEqual([[5760], null, [24_960]]);
    expect(new Set(heard.heard.problems.map(({ clip }) => clip))).toEqual(new Set(['b']));
    expect(heard.heard.problems[0]?.message).toMatch(/clip/);
  });
}

test('keys switch what is heard while it plays, and the position follows', async ({ lab }) => {
  const { page } = lab;
  await page.getByRole('button').click();
  const player = await page.evaluateHandle((takes) => rig.playWithKeys(takes), lab.takes());
  for (const key of ['2', '3', '1', '3', '2']) {
    // Each take has to sound for a moment to be recognised.
    await page.waitForTimeout(120);
    await page.keyboard.press(key);
  }
  await page.waitForTimeout(120);
  const heard = await player.evaluate((handle) => handle.end());
  expect(heard).toMatchObject({ offset: 0, gap: 0, changes: 5 });
  for (const drift of heard.drifts) expect(Math.abs(drift)).toBeLessThan(0.05);
  expect(heard.heard.problems).toEqual([]);
});

test('before a click or key the browser keeps silent: the player says so, and the next click plays', async ({
  lab,
}) => {
  const { page } = lab;
  const states: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'log') states.push(message.text());
  });
  await page.goto(`${lab.url}/unasked`);
  await expect.poll(() => states.at(-1)).toBe('blocked');
  expect(states).not.toContain('playing');
  await page.mouse.click(5, 5);
  await expect.poll(() => states.at(-1)).toBe('playing');
});

test('goes on where it was when its audio context is closed under it', async ({ lab }) => {
  const { page } = lab;
  await page.getByRole('button').click();
  const player = await page.evaluateHandle((takes) => rig.playUnasked(takes), lab.takes());
  await expect.poll(() => player.evaluate((handle) => handle.position())).toBeGreaterThan(0.3);
  await player.evaluate((handle) => handle.closeContext());
  await expect.poll(() => player.evaluate((handle) => handle.state())).toBe('playing');
  expect(await player.evaluate((handle) => handle.contexts())).toBe(2);
  const position = await player.evaluate((handle) => handle.position());
  expect(position).toBeGreaterThan(0.25);
  await expect.poll(() => player.evaluate((handle) => handle.position())).toBeGreaterThan(position + 0.1);
  await player.evaluate((handle) => handle.dispose());
});
