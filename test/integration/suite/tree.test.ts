import assert from 'node:assert/strict';
import { appendFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { coalesce } from '../../../src/platform/coalesce';
import { Poll, watchSignalFiles } from '../../../src/platform/watch';
import { openRunBrowser, type Row, type RunBrowser } from '../support/runBrowser';
import { untilEventsCome, workspaceFolder, write } from '../support/workspace';

describe('The run browser', () => {
  it('shows the example runs, the newest first @smoke', async () => {
    const browser = openRunBrowser(join(workspaceFolder(), 'finetune'));
    await browser.library.refresh();
    const [epoch3, epoch1, ...others] = browser.rows();
    browser.dispose();
    assert.deepEqual(others, []);
    assert.deepEqual(epoch1, [
      'output_epoch1',
      'valid 8.1929 · 0 of 24 heard · lr 1e-4, rank 12, alpha 24, batch 2 × 4, epochs 1',
      [
        ['evaluation (quick)', '8 prompts × 3 takes · 0 of 24 heard', promptRows],
        [
          'Checkpoints',
          '8',
          [
            ['base', 'facebook/musicgen-small'],
            ['best', 'step 1,000 · valid 8.1872'],
            ['final', 'step 1,130 · valid 8.1929'],
            ['checkpoint-200', 'step 200 · valid 8.5127'],
            ['checkpoint-400', 'step 400 · valid 8.3391'],
            ['checkpoint-600', 'step 600 · valid 8.2468'],
            ['checkpoint-800', 'step 800 · valid 8.2014'],
            ['checkpoint-1000', 'step 1,000 · valid 8.1872'],
          ],
        ],
        ['Problems', '1', epoch1?.[2]?.at(-1)?.[2] ?? []],
      ],
    ]);
    assert.match(epoch1[2]?.at(-1)?.[2]?.[0]?.[0] ?? '', /^The valid loss never fell below 8\.19;.*ln 2048/);
    // Its parent is epoch1: all that differs is told, however much that is.
    assert.deepEqual(epoch3?.slice(0, 2), [
      'output_epoch3',
      'valid 8.0306 · 0 of 24 heard · lr 5e-5, rank 16, alpha 32, batch 1 × 8, epochs 3, warmup 100',
    ]);
  });

  it('shows nothing where there is nothing, and says what is wrong with a run', async () => {
    const folder = join(workspaceFolder(), '..', 'tree-bad');
    await mkdir(folder, { recursive: true });
    const browser = openRunBrowser(folder);
    await browser.library.refresh();
    assert.deepEqual(browser.rows(), []);

    await write(folder, { 'run_a/run.json': '{"v": 1, "id": ', 'run_a/events.jsonl': [] });
    await browser.library.refresh();
    const [row] = browser.rows();
    browser.dispose();
    assert.equal(row?.[0], 'run_a');
    const problems = row[2]?.at(-1);
    assert.equal(problems?.[0], 'Problems');
    assert.match(problems[2]?.[0]?.[0] ?? '', /JSON/);
  });

  describe('follows the disk', () => {
    let browser: RunBrowser;
    const owned: { dispose(): void }[] = [];

    /** Looks for as long as the test lasts, as the extension does while its view is in sight. */
    async function follow(folder: string, by: 'polling' | 'events'): Promise<void> {
      browser = openRunBrowser(folder);
      owned.push(browser);
      const refresh = coalesce(() => browser.library.refresh(), 100);
      if (by === 'events') {
        owned.push(watchSignalFiles(() => void refresh()));
        await untilEventsCome();
      } else {
        const poll = new Poll(refresh, () => true, 1200);
        owned.push(poll);
        poll.wake();
      }
    }

    afterEach(() => {
      for (const one of owned.splice(0)) one.dispose();
    });

    for (const by of ['polling', 'events'] as const) {
      it(`by ${by}`, async function () {
        // VS Code's own watcher loses events on a machine under load; what is tested is that they are listened to.
        if (by === 'events') this.retries(3);
        const folder = join(workspaceFolder(), by === 'events' ? 'followed' : '../followed');
        await mkdir(folder, { recursive: true });
        // What lies in a folder that has just come, VS Code does not always tell.
        if (by === 'events') await mkdir(join(folder, 'run_b/evaluation'), { recursive: true });
        await follow(folder, by);
        await browser.until((rows) => rows.length === 0);

        await write(folder, {
          'run_b/run.json': { v: 1, id: 'b', name: 'run_b', created: '2026-11-20T10:00:00Z' },
          'run_b/events.jsonl': [{ v: 1, t: 1_800_000_000, type: 'valid', step: 100, loss: 8.5 }],
        });
        await browser.until((rows) => row(rows)?.[1].startsWith('valid 8.5000') === true);

        await appendFile(
          join(folder, 'run_b/events.jsonl'),
          '{"v": 1, "t": 1800000100, "type": "valid", "step": 200, "loss": 8.25}\n',
        );
        await browser.until((rows) => row(rows)?.[1].startsWith('valid 8.2500') === true);

        await write(folder, {
          'run_b/evaluation/best_model/001_a.wav': 'RIFF',
          'run_b/evaluation/final_model/001_a.wav': 'RIFF',
          'run_b/evaluation/evaluation.json': { v: 1 },
        });
        await browser.until((rows) => row(rows)?.[2]?.[0]?.[1].startsWith('1 prompts × 2 takes') === true);

        // Of a folder that goes, VS Code tells the folder only: that is left to polling.
        if (by === 'events') return;
        await rm(join(folder, 'run_b'), { recursive: true });
        await browser.until((rows) => rows.length === 0);
      });
    }
  });
});

function row(rows: readonly Row[]): Row | undefined {
  return rows.find(([label]) => label === 'run_b');
}

const promptRows: Row[] = [
  'Lo-fi hip hop at 78 BPM: dusty swung drums, warm electric piano chords, round bass, vinyl crackle, late at night',
  'Solo cello, slow and lyrical, long bowed notes in D minor with wide vibrato, warm and close, a small hall around it',
  'Driving techno at 130 BPM, four on the floor, acid bass line that opens slowly, off-beat hi-hats, dark warehouse',
  'Bossa nova with nylon-string guitar in syncopated chords, soft bass, shaker and rim click, relaxed, a beach in the evening',
  '1980s synth-pop at 112 BPM, bright sixteenth-note arpeggios, octave bass, gated snare, hopeful',
  'Guzheng solo in a pentatonic scale, flowing glissandi and bent notes like running water, tremolo, calm and spacious',
  'Delta blues on a steel-string guitar, shuffle in E, sliding licks over a boogie bass, foot stomping along',
  'Ambient: slowly moving pads, distant bells, no drums, wide and airy, like morning fog over water',
].map((text, index) => [`${index + 1}  ${text}`, '']);
