import { describe, expect, it } from 'vitest';
import { mergeNotes } from '../../../src/notes/merge';
import { noteViews, type NoteViewContext } from '../../../src/notes/noteViews';
import { record } from './records';

const context: NoteViewContext = {
  rater: 'Ann',
  linksOf: () => ({ takes: ['base', 'best', 'final'], prompts: new Set([1, 3]) }),
  takeId: (note, take) => (take === 'final' ? null : `${note.run}/${take}`),
  promptId: (_, prompt) => (prompt === 'gone' ? null : `id of ${prompt}`),
  promptIdByNumber: (_, number) => `prompt ${number}`,
  hashNow: (_, take) => (take === 'best' ? 'now' : null),
  runName: () => null,
  formatTime: (at) => at.toISOString().slice(11, 16),
};
const view = (given: Parameters<typeof record>[0], over: Partial<NoteViewContext> = {}) =>
  noteViews(mergeNotes([record(given)]), { ...context, ...over })[0]!;
const words = (segments: readonly { readonly text: string }[]) => segments.map(({ text }) => text).join('');

const onTake = { id: '1', evaluation: 'e', prompt: 'p', takes: ['best'] };

describe('noteViews', () => {
  it('heads a note with when and on what, and links it', () => {
    const { heading, scope, own } = view({ ...onTake, seconds: [8, 12], text: 'hiss' });
    expect([words(heading), scope, own]).toEqual(['14:02 · on best · @0:08-0:12', 'take', true]);
    expect(heading.filter(({ link }) => link)).toEqual([
      { text: 'best', link: { take: 'run-a/best', prompt: 'id of p', second: null } },
      { text: '@0:08-0:12', link: { take: 'run-a/best', prompt: 'id of p', second: 8 } },
    ]);
  });

  it('says who wrote it and on which run where that is another', () => {
    expect(words(view({ id: '1', by: 'Bob' }, { runName: () => 'output_epoch1' }).heading)).toBe(
      'Bob · output_epoch1 · 14:02 · on the run',
    );
    expect(view({ id: '1', by: 'Bob' }).own).toBe(false);
    expect(words(view({ id: '1', evaluation: 'e' }).heading)).toBe('14:02 · on the evaluation');
    expect(words(view({ id: '1', at: 'last Tuesday' }).heading)).toBe('last Tuesday · on the run');
  });

  it('leads a time to the take named before it, else to the take the note is on', () => {
    const text = '@0:02 base fine, p3 @0:12';
    expect(view({ ...onTake, text }).text.filter(({ link }) => link)).toEqual([
      { text: '@0:02', link: { take: 'run-a/best', prompt: 'id of p', second: 2 } },
      { text: 'base', link: { take: 'run-a/base', prompt: 'id of p', second: null } },
      { text: 'p3', link: { take: null, prompt: 'prompt 3', second: null } },
      { text: '@0:12', link: { take: 'run-a/base', prompt: 'prompt 3', second: 12 } },
    ]);
  });

  it('shows what is not on the page as plain words', () => {
    const shown = view({ ...onTake, prompt: 'gone', takes: ['final'], text: 'final hisses' });
    expect(shown.prompt).toBeNull();
    expect([...shown.heading, ...shown.text].every(({ link }) => link === null)).toBe(true);
  });

  it('tells a note on an earlier clip only when the present one is known to differ', () => {
    expect(view({ ...onTake, clip_sha256: { best: 'then' } }).earlierClip).toBe(true);
    expect(view({ ...onTake, clip_sha256: { best: 'now' } }).earlierClip).toBe(false);
    expect(view({ ...onTake, clip_sha256: { base: 'then' } }).earlierClip).toBe(false);
  });
});
