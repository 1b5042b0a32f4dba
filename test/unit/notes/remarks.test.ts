import { describe, expect, it } from 'vitest';
import { parseRemarks, type RemarkContext } from '../../../src/notes/remarks';
import { random } from './records';

const context: RemarkContext = {
  takes: ['base', 'best', 'final'],
  prompts: new Set([1, 2, 3, 4, 5, 6, 7, 8]),
  promptText: (number) => (number === 3 ? 'Warm lo-fi hip hop, late at night' : null),
};

/** Drafts as `prompt|takes|second|text`. */
function drafts(pasted: string): string[] {
  return parseRemarks(pasted, context).map(
    ({ text, prompt, takes, second }) =>
      `${prompt ?? '-'}|${takes.join('+') || '-'}|${second ?? '-'}|${text}`,
  );
}

describe('parseRemarks', () => {
  it('takes one remark a line or bullet', () => {
    expect(
      drafts('- p3 best: follows style; final hisses @0:12\nbase: best timbre\n\n• p4 loops\r\n* fine'),
    ).toEqual([
      '3|best+final|12|p3 best: follows style; final hisses @0:12',
      '-|base+best|-|base: best timbre',
      '4|-|-|p4 loops',
      '-|-|-|fine',
    ]);
  });

  it('joins lines that go on with the one before', () => {
    expect(drafts('- best follows the style\n  but the drums\n  are loud\n- final')).toEqual([
      '-|best|-|best follows the style\nbut the drums\nare loud',
    ]);
    expect(drafts('- a long remark\nthat was wrapped\n\nanother one')).toEqual([
      '-|-|-|a long remark\nthat was wrapped',
      '-|-|-|another one',
    ]);
  });

  it.each([
    '## Prompt 3',
    'p3:',
    'Prompt 3',
    '**p3**',
    '### p3 ###',
    '提示词3：',
    '第3条',
    '- p3:',
    'Prompt 3: Warm lo-fi hip hop, late at night',
  ])('takes %j as the prompt of what follows', (heading) => {
    expect(drafts(`${heading}\n- best good\n- p5 bad\n- loud\n## General\nall in all fine`)).toEqual([
      '3|best|-|best good',
      '5|-|-|p5 bad',
      '3|-|-|loud',
      '-|-|-|General',
      '-|-|-|all in all fine',
    ]);
  });

  it('takes a take alone on a line as what follows is about, within its prompt', () => {
    expect(drafts('p3:\nbest:\n- drums loud\n- less hiss than final\np4:\n- fine')).toEqual([
      '3|best|-|drums loud',
      '3|final|-|less hiss than final',
      '4|-|-|fine',
    ]);
  });

  it('keeps dates and names of a chat, and reads past them', () => {
    expect(
      drafts('[10:32] Alice: p3 best is fine\n[10:33] Bob: final fades @0:12\n2026-03-01 14:02 Ann: ok'),
    ).toEqual([
      '3|best|-|[10:32] Alice: p3 best is fine',
      '-|final|12|[10:33] Bob: final fades @0:12',
      '-|-|-|2026-03-01 14:02 Ann: ok',
    ]);
  });

  it('reads Chinese as it is typed', () => {
    expect(drafts('p3：best跟风格最好，final末尾有噪声@0：12\nbase音色最稳，但是很多风格认不出来')).toEqual([
      '3|best+final|12|p3：best跟风格最好，final末尾有噪声@0：12',
      '-|base|-|base音色最稳，但是很多风格认不出来',
    ]);
  });

  it('reads tables: a column a take, a row a remark, cells from a spreadsheet', () => {
    expect(
      drafts(
        '| prompt | base | best |\n|---|:--|---|\n| 3 | plain | on style @0:02 |\n| 4 |  | loops |\nafter',
      ),
    ).toEqual(['3|base|-|plain', '3|best|2|on style @0:02', '4|best|-|loops', '-|-|-|after']);
    expect(drafts('| take | remark |\n|---|---|\n| final | a \\| b |')).toEqual(['-|final|-|final · a | b']);
    expect(drafts('3\tbest\tgood\n4\tfinal\thiss')).toEqual([
      '3|best|-|3 · best · good',
      '4|final|-|4 · final · hiss',
    ]);
    expect(drafts('prompt\tbase\tfinal\n3\tok\thiss')).toEqual(['3|base|-|ok', '3|final|-|hiss']);
  });

  it('leaves prompts that are not there in the text', () => {
    expect(drafts('p99: best\n## Prompt 12\n- hm')).toEqual([
      '-|best|-|p99: best',
      '-|-|-|Prompt 12',
      '-|-|-|hm',
    ]);
  });

  it('drops no word of anything, whatever is pasted', () => {
    const next = random(5);
    const pieces = [
      '- ',
      'p3: ',
      '\n',
      '\n\n',
      '  ',
      '\t',
      '|',
      '|---|',
      'hiss',
      '音',
      'base',
      '## ',
      '12. ',
      '[x] ',
      '@0:12',
      ': ',
      '\0',
    ];
    for (let round = 0; round < 1000; round += 1) {
      const pasted = Array.from({ length: 14 }, () => pieces[Math.floor(next() * pieces.length)]).join('');
      const kept = parseRemarks(pasted, context)
        .map((draft) => draft.text)
        .join(' ');
      for (const word of ['hiss', '音', '@0:12']) {
        expect(kept.split(word).length, JSON.stringify(pasted)).toBe(pasted.split(word).length);
      }
    }
  });

  it('is empty for nothing', () => {
    expect(drafts('')).toEqual([]);
    expect(drafts(' \n---\n\n')).toEqual([]);
  });
});
