import { describe, expect, it } from 'vitest';
import { mergeNotes } from '../../../src/notes/merge';
import { MARKER, renderMarkdown, type MarkdownInput } from '../../../src/notes/markdown';
import { record } from './records';

const prompts = [
  { id: 'a', number: 1, text: 'Warm lo-fi hip hop' },
  { id: 'b', number: 2, text: 'Solo cello' },
];
const takes = ['base', 'best'].map((name) => ({ name, model: name, seed: 0, step: null }));
const input: MarkdownInput = {
  run: { name: 'output_epoch3' },
  evaluations: [{ name: 'evaluation', prompts, takes }],
  folder: 'output_epoch3',
  heard: [
    { evaluation: 'evaluation', prompt: 'a', take: 'best', sha256: null, by: 'Ann' },
    { evaluation: 'evaluation', prompt: 'a', take: 'best', sha256: null, by: 'Bob' },
  ],
  notes: mergeNotes([
    record({ id: '1', text: 'Try a lower rate.' }),
    record({
      id: '2',
      evaluation: 'evaluation',
      prompt: 'a',
      takes: ['best'],
      text: 'Follows the style\nand the tempo',
      seconds: [8, 12],
    }),
    record({
      id: '3',
      by: 'Bob',
      evaluation: 'evaluation',
      prompt: 'gone',
      text: 'best @0:12 hisses',
      seconds: [12, 12],
    }),
    record({ id: '4', evaluation: 'evaluation', text: 'All in all good' }),
    record({ id: '5', evaluation: 'deleted', prompt: 'x', text: 'kept' }),
  ]),
};

/** The rendering of one note's text. */
const rendered = (text: string) =>
  renderMarkdown({ ...input, evaluations: [], heard: [], notes: mergeNotes([record({ id: '1', text })]) })
    .split('UTC: ')[1]!
    .trimEnd();

describe('renderMarkdown', () => {
  it('reads as a page', () => {
    expect(renderMarkdown(input))
      .toBe(`${MARKER} Changes made here are overwritten; the notes are the .jsonl files beside it. -->

# Listening notes: output_epoch3

*Rendered by Earmark from \`output_epoch3/*.jsonl\`. Changes made here are overwritten; write notes in Earmark.*

## On the run

- **Ann**, 2026-03-01 14:02 UTC: Try a lower rate.

## evaluation

| Take | Prompts heard | Notes |
| --- | --: | --: |
| base | 0 of 2 | 0 |
| best | 1 of 2 | 1 |

- **Ann**, 2026-03-01 14:02 UTC: All in all good

### Prompt 1

> Warm lo-fi hip hop

- **Ann**, 2026-03-01 14:02 UTC, on best, @0:08-0:12: Follows the style\\
  and the tempo

### Prompt \`gone\`

- **Bob**, 2026-03-01 14:02 UTC: best @0:12 hisses

## deleted

### Prompt \`x\`

- **Ann**, 2026-03-01 14:02 UTC: kept
`);
  });

  it.each([
    ['<script>alert(1)</script> & <!-- x', '&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;!-- x'],
    ['# heading', '\\# heading'],
    ['- item', '\\- item'],
    ['12. item', '12\\. item'],
    ['==', '\\=='],
    ['[a](javascript:x) ![b](c)', '\\[a\\](javascript:x) !\\[b\\](c)'],
    ['*a* _b_ __c__ output_epoch1', '\\*a\\* \\_b\\_ \\_\\_c\\_\\_ output_epoch1'],
    ['`code` ```', '\\`code\\` \\`\\`\\`'],
    ['a | b ~~c~~ $d$ \\', 'a \\| b \\~\\~c\\~\\~ \\$d\\$ \\\\'],
    ['hello @team @0:12', 'hello @<!-- -->team @0:12'],
    ['a\n\n    b\n> c\n---\n| d', 'a\\\n\n  b\\\n  &gt; c\\\n  \\---\\\n  \\| d'.replace('a\\\n\n', 'a\n\n')],
    ['a\u2028# b\r# c', 'a\\\n  \\# b\\\n  \\# c'],
    ['\u202Eevil\u0000 x\u200B', 'evil  x'],
    ['音色最稳', '音色最稳'],
  ])('shows %j as itself', (text, expected) => expect(rendered(text)).toBe(expected));

  it('is not broken by names', () => {
    const name = '`a`\n# b | <i>';
    const page = renderMarkdown({
      ...input,
      run: { name },
      folder: '`a` b',
      heard: [],
      evaluations: [
        {
          name,
          prompts: [{ id: 'a', number: 1, text: name }],
          takes: [{ name, model: '', seed: 0, step: null }],
        },
      ],
      notes: mergeNotes([
        record({ id: '1', by: name, at: name, evaluation: name, prompt: 'a', takes: [name] }),
      ]),
    });
    expect(page).not.toMatch(/^# b/m);
    expect(page).not.toContain('<i>');
    expect(page).toContain('`` `a` b/*.jsonl ``');
    expect(
      page
        .split('\n')
        .filter((row) => row.startsWith('|'))
        .map((row) => row.match(/(?<!\\)\|/g)?.length),
    ).toEqual([4, 4, 4]);
  });
});
