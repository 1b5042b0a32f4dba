/** Files that are wrong, torn or mean harm: told in plain words, never a crash, never another prompt's clip. */
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ComparisonPage } from './support/comparisonPage';
import { expect, test } from './support/fixture';
import { jsonLines, toneClip, toneSamples, wordsOf, write } from './support/toneRuns';
import { wavFile } from './support/wavFile';

const SECONDS = 6;
/** Prompt by prompt: the clips of best and final. Base is always sound. */
const clips: readonly (readonly [Buffer, Buffer])[] = [
  [Buffer.alloc(0), Buffer.from('<!doctype html><title>404 Not Found</title>')],
  [toneClip(1, 1, SECONDS).subarray(0, 44 + 2 * 32_000 * 4), toneClip(2, 1, SECONDS).subarray(0, 20)],
  [
    wavFile(toneSamples(1, 2, SECONDS), { encoding: 'float32' }),
    wavFile(toneSamples(2, 2, SECONDS), { encoding: 'pcm24', channels: 2 }),
  ],
  [
    wavFile(toneSamples(1, 3, SECONDS, 44_100), { rate: 44_100 }),
    wavFile(withNaN(toneSamples(2, 3, SECONDS)), { encoding: 'float32' }),
  ],
  [wavFile(toneSamples(1, 4, SECONDS), { claimedBytes: 0xff_ff_ff_f0 }), wavFile(new Float32Array(0))],
];

async function fillClips(folder: string): Promise<void> {
  for (const [prompt, [best, final]] of clips.entries()) {
    const name = `00${prompt + 1}_${wordsOf(prompt).replaceAll(' ', '-')}.wav`;
    await write(join(folder, 'output_bad', 'evaluation', 'base_model', name), toneClip(0, prompt, SECONDS));
    await write(join(folder, 'output_bad', 'evaluation', 'best_model', name), best);
    await write(join(folder, 'output_bad', 'evaluation', 'final_model', name), final);
  }
}

/** An index with everything that indexes get wrong, and the rows of other people's scripts. */
async function fillIndex(folder: string): Promise<void> {
  const evaluation = join(folder, 'output_rows', 'evaluation');
  for (const [take, model] of ['base', 'best', 'final'].entries()) {
    for (const prompt of model === 'final' ? [0, 1] : [0, 1, 2]) {
      await write(join(evaluation, `${model}_model`, `00${prompt + 1}.wav`), toneClip(take, prompt, SECONDS));
    }
  }
  // What a row or a link could lead to, and must not.
  await write(join(folder, '..', 'secret.wav'), toneClip(5, 7, SECONDS));
  await symlink(join(folder, '..', 'secret.wav'), join(evaluation, 'best_model', '009.wav'));
  const row = (prompt: number, model: string, path: string) => ({ prompt: wordsOf(prompt), model, path });
  await write(
    join(evaluation, 'comparison_results.jsonl'),
    [
      // One row a prompt, a column a model.
      jsonLines([
        {
          prompt: wordsOf(0),
          base: 'base_model/001.wav',
          best: 'best_model/001.wav',
          final: 'final_model/001.wav',
        },
      ]),
      // Paths of the machine that made them.
      jsonLines([row(1, 'base', '/root/autodl-tmp/output_rows/evaluation/base_model/002.wav')]),
      jsonLines([row(1, 'best', 'D:\\music\\output_rows\\evaluation\\best_model\\002.wav')]),
      '{"prompt":"tone prompt 2","model":"fin\n',
      'null\n',
      jsonLines([
        row(2, 'base', 'base_model/003.wav'),
        row(2, 'best', '../../../secret.wav'),
        row(2, 'final', 'final_model/404.wav'),
        row(2, 'base', 'base_model/003.wav'),
      ]),
      jsonLines([row(2, 'best', '/etc/passwd'), row(2, 'best', 'best_model/009.wav')]),
      '{"prompt":"tone prompt 4","model":"base","pa',
    ].join(''),
  );
}

function withNaN(samples: Float32Array): Float32Array {
  samples.fill(Number.NaN, 64_000, 64_050);
  return samples;
}

test.use({
  workspace: {
    fill: async (folder: string) => {
      await fillClips(folder);
      await fillIndex(folder);
    },
  },
});
test.setTimeout(240_000);

test('clips of every kind are played, or said to be unplayable, and why', async ({ workbench }) => {
  const tree = workbench.tree('Runs');
  await workbench.sideBar('Earmark');
  await tree.click('output_bad', 'evaluation');
  const comparison = await ComparisonPage.inSight(workbench);
  const notices = [comparison.notice(1), comparison.notice(2)] as const;

  await test.step('empty, and HTML by the name of .wav: the sound one plays on', async () => {
    await expect(notices[0]).toHaveText(
      'The file is empty (0 bytes). Run the evaluation again to make it anew.',
    );
    await expect(notices[1]).toHaveText(
      'This is not a WAV file, whatever its name says. Open it to see what it is.',
    );
    await comparison.press(' ');
    await comparison.hears({ take: 0, prompt: 0 });
    await comparison.press('2');
    await expect(comparison.frame.getByText('Nothing to play for best here.')).toBeVisible();
    await comparison.press('1');
    await comparison.hears({ take: 0, prompt: 0 });
  });

  await test.step('cut short: what is there is played', async () => {
    await comparison.press('j');
    await expect(notices[0]).toHaveText(
      'The file is cut short: its header promises 6.0 s, 4.0 s are there. What is there can be played.',
    );
    await expect(notices[1]).toHaveText(
      /^(This is not a WAV file, whatever its name says|The WAV header is there but no sample follows)/,
    );
    await comparison.press('2');
    await comparison.hears({ take: 1, prompt: 1 });
  });

  await test.step('float and 24-bit stereo', async () => {
    await comparison.press('j');
    await comparison.hears({ take: 1, prompt: 2 });
    await comparison.press('3');
    await comparison.hears({ take: 2, prompt: 2 });
    await expect(notices[0]).toBeEmpty();
    await expect(notices[1]).toBeEmpty();
  });

  await test.step('44.1 kHz in tune, NaN as silence', async () => {
    await comparison.press('j');
    await expect(notices[1]).toContainText('Samples that are not numbers (NaN or infinite): 50.');
    await comparison.hears({ take: 2, prompt: 3 });
    await comparison.press('2');
    await comparison.hears({ take: 1, prompt: 3 });
  });

  await test.step('a header that claims 4 GB, and one with nothing behind it', async () => {
    await comparison.press('j');
    await expect(notices[0]).toContainText('What is there can be played.');
    await comparison.hears({ take: 1, prompt: 4 });
    await expect(notices[1]).toContainText('no sample follows');
  });
});

test('an index that is torn, repeats itself and points elsewhere shows no clip of another place', async ({
  workbench,
}) => {
  const tree = workbench.tree('Runs');
  await workbench.sideBar('Earmark');
  await tree.click('output_rows', 'evaluation');
  const comparison = await ComparisonPage.inSight(workbench);

  await test.step('right rows are heard under their prompts, wherever they were made', async () => {
    await comparison.press(' ');
    for (const [prompt, takes] of [
      [0, 3],
      [1, 2],
    ] as const) {
      for (let take = 0; take < takes; take++) {
        await comparison.press(String(take + 1));
        await comparison.hears({ take, prompt });
      }
      await comparison.press('j');
    }
  });

  await test.step('wrong ones are named with their lines, and nothing of outside is there', async () => {
    await expect(comparison.words).toHaveText('tone prompt 3');
    await comparison.press('1');
    await comparison.hears({ take: 0, prompt: 2 });
    await expect(comparison.notice(2)).toContainText('The clip is missing on disk.');
    const banner = comparison.frame.locator('.problems');
    await banner.locator('summary').click();
    const told = await banner.getByRole('listitem').allInnerTexts();
    for (const words of [
      'names ../../../secret.wav, which is not in the folder of this run, and was left out.',
      'names /etc/passwd, which is not in the folder of this run, and was left out.',
      'names best_model/009.wav, which is not in the folder of this run, and was left out.',
      'names final_model/404.wav, which is not on disk.',
      'names a second clip for one prompt and take (base).',
      'comparison_results.jsonl:4',
      'comparison_results.jsonl:5',
      'comparison_results.jsonl:12',
    ]) {
      expect(told.join('\n')).toContain(words);
    }
    await expect(comparison.frame.getByText('secret')).toHaveCount(
      told.filter((line) => line.includes('secret')).length,
    );
  });

  await test.step('a problem in the tree opens the line it is about', async () => {
    await tree.click('output_rows', 'Problems', /secret/);
    await expect.poll(() => workbench.tabs()).toContain('comparison_results.jsonl');
    await expect(workbench.page.getByText(/Ln \d+, Col 1/)).toBeVisible();
  });
});
