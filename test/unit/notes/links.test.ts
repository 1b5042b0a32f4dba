import { describe, expect, it } from 'vitest';
import {
  formatSeconds,
  linkedSeconds,
  linkedTakes,
  parseLinks,
  type LinkContext,
} from '../../../src/notes/links';
import { random } from './records';

const context: LinkContext = {
  takes: ['base', 'best', 'final', 'checkpoint-40', 'checkpoint-400', 'best@0.7', 'output_epoch1/best'],
  prompts: new Set([1, 2, 3, 12]),
};

/** Links as `text→target`. */
function links(text: string, given: LinkContext = context): string[] {
  return parseLinks(text, given).flatMap(({ text: words, link }) => {
    if (!link) return [];
    if (link.kind === 'take') return [`${words}→${link.take}`];
    if (link.kind === 'prompt') return [`${words}→p${link.number}`];
    return [`${words}→${link.from}${link.to === link.from ? '' : `..${link.to}`}`];
  });
}

describe('parseLinks', () => {
  it.each<[string, string[]]>([
    ['best follows, Final hisses @0:12', ['best→best', 'Final→final', '@0:12→12']],
    ['best跟风格最好，final末尾有噪声@0:12', ['best→best', 'final→final', '@0:12→12']],
    ['提示p3里base音色最稳', ['p3→p3', 'base→base']],
    ['ベースはbestです、좋은best가', ['best→best', 'best→best']],
    ['bestürzt éfinal basement debase best2 _best rebase', []],
    [
      'checkpoint-400 and checkpoint-40, checkpoint-4',
      ['checkpoint-400→checkpoint-400', 'checkpoint-40→checkpoint-40'],
    ],
    ['best@0.7 best@0:07', ['best@0.7→best@0.7', 'best→best', '@0:07→7']],
    [
      'output_epoch1/best OUTPUT_EPOCH1/BEST',
      ['output_epoch1/best→output_epoch1/best', 'OUTPUT_EPOCH1/BEST→output_epoch1/best'],
    ],
    ['output_epoch9/best', []],
    ['base/best/final', ['base→base', 'best→best', 'final→final']],
    ['p3 P12 p4 p0 mp3 p33 p3x p3.5 p3.', ['p3→p3', 'P12→p12', 'p3→p3']],
    ['@0:12 @1:02.5 @12s @12.5s', ['@0:12→12', '@1:02.5→62.5', '@12s→12', '@12.5s→12.5']],
    [
      '@0:08-0:12 @0:08–@0:12 @8s-12s @0:12-0:08',
      ['@0:08-0:12→8..12', '@0:08–@0:12→8..12', '@8s-12s→8..12', '@0:12-0:08→8..12'],
    ],
    ['＠0：12', ['＠0：12→12']],
    ['@0:75 @0:123 @12 @12sec @1:02:03 a@b 10:32', []],
    ['噪声@12s后', ['@12s→12']],
  ])('%s', (text, expected) => expect(links(text)).toEqual(expected));

  it('matches names of every script and with signs of regular expressions in them', () => {
    const odd: LinkContext = { takes: ['最好', 'a+b', '(x)', 'Größe', '😀'], prompts: new Set() };
    expect(links('这个最好的 a+b, (x) GRÖSSE größe 😀', odd)).toEqual([
      '最好→最好',
      'a+b→a+b',
      '(x)→(x)',
      'größe→Größe',
      '😀→😀',
    ]);
    expect(links('best p3', { takes: [''], prompts: new Set() })).toEqual([]);
  });

  it('loses no character of any text', () => {
    const next = random(11);
    const pieces = [
      'best',
      'p3',
      '@0:12',
      '-0:14',
      '@',
      's',
      '音',
      'é',
      '\ud83d',
      '/',
      ' ',
      '0',
      ':',
      '.',
      '\n',
    ];
    for (let round = 0; round < 500; round += 1) {
      const text = Array.from({ length: 12 }, () => pieces[Math.floor(next() * pieces.length)]).join('');
      expect(
        parseLinks(text, context)
          .map((segment) => segment.text)
          .join(''),
      ).toBe(text);
    }
  });

  it('is done with a very long text', () => {
    expect(parseLinks('p1p3 best@'.repeat(100_000), context).length).toBeGreaterThan(100_000);
  });

  it('gathers takes once and the first time', () => {
    const segments = parseLinks('final, best, final @0:12 @0:20', context);
    expect(linkedTakes(segments)).toEqual(['final', 'best']);
    expect(linkedSeconds(segments)).toEqual([12, 12]);
    expect(linkedSeconds(parseLinks('best', context))).toBeNull();
  });
});

describe('formatSeconds', () => {
  it.each<[[number, number], string]>([
    [[12, 12], '@0:12'],
    [[62.5, 62.5], '@1:02.5'],
    [[8, 12.04], '@0:08-0:12'],
    [[59.96, 59.96], '@1:00'],
  ])('%j → %s', (seconds, expected) => expect(formatSeconds(seconds)).toBe(expected));

  it('is read back as the same time', () => {
    for (let tenths = 0; tenths < 2000; tenths += 7) {
      const text = formatSeconds([tenths / 10, tenths / 10 + 1]);
      expect(linkedSeconds(parseLinks(text, context))?.[0]).toBeCloseTo(tenths / 10, 6);
    }
  });
});
