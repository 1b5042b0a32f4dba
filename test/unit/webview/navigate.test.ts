import { describe, expect, it } from 'vitest';
import { filteredPrompts, neighbour, nextUnheard } from '../../../src/webview/navigate';
import { pageOf } from './pages';

const texts = ['Solo cello, slow', 'Techno 130 bpm', 'Cello and techno', '古筝，清晨'];
const found = (text: string, unheard = false, heard: readonly string[] = []): string[] =>
  filteredPrompts(pageOf({ prompts: texts, heard }, { type: 'filter', filter: { text, unheard } })).map(
    (prompt) => prompt.text,
  );

describe('the filter', () => {
  it('finds prompts by all of its words, in any case and order', () => {
    expect(found('CELLO')).toEqual(['Solo cello, slow', 'Cello and techno']);
    expect(found('techno cello')).toEqual(['Cello and techno']);
    expect(found('清晨')).toEqual(['古筝，清晨']);
    expect(found('  ')).toEqual(texts);
  });

  it('finds a prompt by its number, and numbers in the words as well', () => {
    expect(found('p3')).toEqual(['Cello and techno']);
    expect(found('130')).toEqual(['Techno 130 bpm']);
    expect(found('1')).toEqual(['Solo cello, slow', 'Techno 130 bpm']);
  });

  it('takes its words as they are, not as a pattern', () => {
    expect(found('.*')).toEqual([]);
    expect(found('(')).toEqual([]);
  });

  it('keeps prompts with a clip to hear', () => {
    const heard = ['base', 'best', 'final'].map((take) => `${texts[1]}/${take}`);
    expect(found('', true, [...heard, `${texts[0]}/base`])).toEqual([texts[0], texts[2], texts[3]]);
  });
});

describe('the next prompt', () => {
  it('is the next that passes the filter, wherever one is', () => {
    const page = pageOf({ prompts: texts }, { type: 'filter', filter: { text: 'cello', unheard: false } });
    expect(neighbour(page, 1)).toBe('Cello and techno');
    expect(neighbour({ ...page, prompt: 'Techno 130 bpm' }, -1)).toBe('Solo cello, slow');
    expect(neighbour({ ...page, prompt: 'Techno 130 bpm' }, 1)).toBe('Cello and techno');
  });

  it('ends at both ends', () => {
    expect(neighbour(pageOf(), -1)).toBeNull();
    expect(neighbour(pageOf({}, { type: 'go', prompt: 'three' }), 1)).toBeNull();
    expect(neighbour(pageOf({ prompts: [] }), 1)).toBeNull();
  });
});

describe('the next unheard clip', () => {
  it('goes through the takes of a prompt, then to the next, and round again', () => {
    const here = (prompt: string, take: string, heard: readonly string[] = []) =>
      nextUnheard(pageOf({ heard }, { type: 'go', prompt, take }));
    expect(here('one', 'base')).toEqual({ prompt: 'one', take: 'best' });
    expect(here('one', 'final')).toEqual({ prompt: 'two', take: 'base' });
    expect(here('three', 'final')).toEqual({ prompt: 'one', take: 'base' });
    expect(here('one', 'base', ['one/best', 'one/final', 'two/base'])).toEqual({
      prompt: 'two',
      take: 'best',
    });
  });

  it('leaves out what cannot be heard and what was put away', () => {
    const page = pageOf(
      { missing: ['one/best'], unpromised: ['one/final'] },
      { type: 'hide', take: 'base', hidden: true },
      { type: 'unplayable', clip: 'two/best', message: 'broken' },
    );
    expect(nextUnheard(page)).toEqual({ prompt: 'two', take: 'final' });
  });

  it('is none when all is heard', () => {
    expect(nextUnheard(pageOf({ prompts: ['one'], takes: ['base'], heard: ['one/base'] }))).toBeNull();
    expect(nextUnheard(pageOf({ prompts: [] }))).toBeNull();
  });
});
