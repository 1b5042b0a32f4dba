import { expect, it } from 'vitest';
import { parseSavedPage, savedPage } from '../../../src/webview/savedPage';
import { pageOf } from './pages';

it('reads what it wrote', () => {
  const page = pageOf(
    {},
    { type: 'go', prompt: 'two', take: 'best' },
    { type: 'hide', take: 'base', hidden: true },
    { type: 'filter', filter: { text: 'cello', unheard: true } },
    { type: 'loop', loop: { from: 1, to: 2.5, on: true } },
    { type: 'match', on: false },
    { type: 'draft', key: 'prompt:two', draft: { text: 'words', scope: 'take' } },
  );
  const saved = savedPage(page, 3.25);
  expect(parseSavedPage(JSON.parse(JSON.stringify({ page: saved })))).toEqual(saved);
  expect(saved).toMatchObject({ prompt: 'two', second: 3.25, hidden: ['base'] });
});

it('takes what is sound of anything else', () => {
  const empty = parseSavedPage(undefined);
  for (const saved of [null, 'text', 7, [], {}, { page: null }, { page: [] }]) {
    expect(parseSavedPage(saved)).toEqual(empty);
  }
  expect(
    parseSavedPage({
      page: {
        prompt: 7,
        take: 'best',
        second: Number.NaN,
        hidden: ['base', 3],
        filter: 'x',
        loop: { from: 3, to: 2, on: true },
        loudnessMatch: 'yes',
        drafts: { a: { text: 'kept', scope: 'planet' }, b: 5 },
      },
    }),
  ).toEqual({
    ...empty,
    take: 'best',
    hidden: ['base'],
    drafts: { a: { text: 'kept', scope: 'prompt' } },
  });
});
