import { describe, expect, it } from 'vitest';
import { draftKey, emptyPage, reduce, type Page } from '../../../src/webview/state';
import { comparisonOf, noteOf, pageOf } from './pages';

const withState = (page: Page, shape: Parameters<typeof comparisonOf>[0]): Page =>
  reduce(page, { type: 'state', comparison: comparisonOf(shape) });

describe('a new state of the comparison', () => {
  it('starts at the first prompt and take', () => {
    expect(pageOf()).toMatchObject({ prompt: 'one', take: 'base' });
  });

  it('keeps what is looked at while it is there', () => {
    const page = pageOf({}, { type: 'go', prompt: 'two', take: 'best' });
    expect(withState(page, { prompts: ['zero', 'one', 'two'], takes: ['final', 'best'] })).toMatchObject({
      prompt: 'two',
      take: 'best',
    });
  });

  it('stays near the place of a prompt that is gone, and falls back to the first take', () => {
    const page = pageOf({}, { type: 'go', prompt: 'two', take: 'final' });
    expect(withState(page, { prompts: ['one', 'three'], takes: ['base'] })).toMatchObject({
      prompt: 'three',
      take: 'base',
    });
  });

  it('has nothing to look at when everything is gone, and comes back', () => {
    const nothing = withState(pageOf(), { prompts: [], takes: [] });
    expect(nothing).toMatchObject({ prompt: null, take: null });
    expect(withState(nothing, {})).toMatchObject({ prompt: 'one', take: 'base' });
  });

  it('leaves at least one take on screen', () => {
    const page = pageOf(
      {},
      { type: 'hide', take: 'base', hidden: true },
      { type: 'hide', take: 'best', hidden: true },
    );
    expect(page).toMatchObject({ take: 'final' });
    expect([...withState(page, { takes: ['base', 'best'] }).hidden]).toEqual([]);
  });

  it('forgets that a clip was heard here once the host knows, or once the clip has changed', () => {
    const page = pageOf({}, { type: 'heard', clip: 'one/base' }, { type: 'heard', clip: 'two/base' });
    expect([...withState(page, { heard: ['one/base'] }).heardHere]).toEqual(['two/base']);
    expect([...withState(page, { prompts: ['one'] }).heardHere]).toEqual(['one/base']);
  });

  it('follows the setting of the loudness match only when that changed', () => {
    const off = pageOf({}, { type: 'match', on: false });
    expect(withState(off, {}).loudnessMatch).toBe(false);
    const comparison = { ...comparisonOf(), loudnessMatch: false };
    const changed = reduce(pageOf(), { type: 'state', comparison });
    expect(changed.loudnessMatch).toBe(false);
    expect(withState(changed, {}).loudnessMatch).toBe(true);
  });
});

describe('going', () => {
  it('ignores what is not there', () => {
    const page = pageOf();
    expect(reduce(page, { type: 'go', prompt: 'nine', take: 'nobody' })).toBe(page);
  });

  it('brings a take back that was put away', () => {
    const page = pageOf({}, { type: 'hide', take: 'best', hidden: true }, { type: 'go', take: 'best' });
    expect(page).toMatchObject({ take: 'best', hidden: new Set() });
  });

  it('tries a clip that failed again on another visit, not on a switch of takes', () => {
    const failed = pageOf({}, { type: 'unplayable', clip: 'one/base', message: 'gone' });
    expect(reduce(failed, { type: 'go', take: 'best' }).unplayable.size).toBe(1);
    expect(reduce(failed, { type: 'go', prompt: 'two' }).unplayable.size).toBe(0);
  });

  it('puts away all takes but the last', () => {
    const page = pageOf({ takes: ['base'] });
    expect(reduce(page, { type: 'hide', take: 'base', hidden: true })).toBe(page);
  });
});

describe('drafts', () => {
  const draft = { text: 'half a thought', scope: 'prompt' } as const;

  it('belong to the prompt they were begun on', () => {
    const page = pageOf({}, { type: 'draft', key: 'prompt:one', draft }, { type: 'go', prompt: 'two' });
    expect(page.drafts[draftKey(page)]).toBeUndefined();
    const back = reduce(page, { type: 'go', prompt: 'one' });
    expect(back.drafts[draftKey(back)]).toEqual(draft);
    expect(reduce(back, { type: 'draft', key: 'prompt:one', draft: null }).drafts).toEqual({});
  });

  it('of an edit stay apart from the new note', () => {
    const page = pageOf({}, { type: 'notes', notes: [noteOf('a')] }, { type: 'edit', note: 'a' });
    expect(draftKey(page)).toBe('note:a');
  });

  it('survive the note they edit: what was changed becomes a new note on its prompt', () => {
    const page = pageOf(
      {},
      { type: 'notes', notes: [noteOf('a')] },
      { type: 'draft', key: 'prompt:one', draft },
      { type: 'edit', note: 'a' },
      { type: 'draft', key: 'note:a', draft: { text: 'changed', scope: 'prompt' } },
      { type: 'go', prompt: 'two' },
      { type: 'notes', notes: [] },
    );
    expect(page).toMatchObject({ editing: null });
    expect(page.drafts).toEqual({ 'prompt:one': { text: 'half a thought\nchanged', scope: 'prompt' } });
  });

  it('of an edit that changed nothing go with the note', () => {
    const page = pageOf(
      {},
      { type: 'notes', notes: [noteOf('a')] },
      { type: 'edit', note: 'a' },
      { type: 'draft', key: 'note:a', draft: { text: 'text of a', scope: 'prompt' } },
      { type: 'notes', notes: [] },
    );
    expect(page.drafts).toEqual({});
  });
});

it('does not draw again what is heard already', () => {
  const page = reduce(emptyPage, { type: 'heard', clip: 'x' });
  expect(reduce(page, { type: 'heard', clip: 'x' })).toBe(page);
});
