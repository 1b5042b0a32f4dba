import { describe, expect, it } from 'vitest';
import {
  compose,
  composeEdit,
  composeHeard,
  composeRetraction,
  scopeOf,
  type ComposeContext,
  type Draft,
} from '../../../src/notes/compose';
import { mergeNotes } from '../../../src/notes/merge';
import { formatRecord, parseRecord } from '../../../src/notes/record';

const context: ComposeContext = {
  takes: ['base', 'best', 'final'],
  prompts: new Set([1, 2, 3]),
  hashOf: (take) => (take === 'base' ? null : `hash of ${take}`),
};
const origin = { id: '01A', at: new Date('2026-03-01T14:02:00Z'), by: 'Ann' };
const draft: Draft = {
  text: 'hiss',
  scope: 'take',
  run: 'run-a',
  evaluation: 'evaluation',
  prompt: 'p-3',
  take: 'best',
  seconds: null,
};

describe('compose', () => {
  it('is about the take in the ear and those in the text, with the hashes that are known', () => {
    const made = compose({ ...draft, text: 'less hiss than final and base @0:12' }, context, origin);
    expect(made).toMatchObject({
      op: 'note',
      takes: ['best', 'final', 'base'],
      seconds: [12, 12],
      clip_sha256: { best: 'hash of best', final: 'hash of final' },
    });
  });

  it('leaves out what its scope does not reach', () => {
    expect(compose({ ...draft, scope: 'run' }, context, origin)).toMatchObject({
      evaluation: null,
      prompt: null,
      takes: [],
    });
    expect(compose({ ...draft, scope: 'evaluation' }, context, origin)).toMatchObject({
      evaluation: 'evaluation',
      prompt: null,
    });
    expect(compose({ ...draft, scope: 'prompt' }, context, origin)).toMatchObject({
      prompt: 'p-3',
      takes: [],
      clip_sha256: {},
    });
  });

  it('takes the marked stretch where the text names no time', () => {
    expect(compose({ ...draft, seconds: [8, 12] }, context, origin).seconds).toEqual([8, 12]);
    expect(compose({ ...draft, text: '@3s', seconds: [8, 12] }, context, origin).seconds).toEqual([3, 3]);
  });

  it('writes lines that are read as they were', () => {
    const lines = [
      compose({ ...draft, text: 'two\nlines "quoted" \u2028 音 \0' }, context, origin),
      composeHeard(
        { run: 'r', evaluation: 'e', prompt: 'p', take: 'best', sha256: null, seconds: [0, 4] },
        origin,
      ),
    ];
    for (const line of lines) {
      expect(formatRecord(line)).not.toContain('\n');
      expect(parseRecord(formatRecord(line))).toEqual({ record: line, fault: null });
    }
  });
});

describe('composeEdit and composeRetraction', () => {
  const first = compose({ ...draft, text: 'final is noisier @0:12' }, context, origin);
  const [note] = mergeNotes([first]);
  const later: ComposeContext = { ...context, hashOf: (take) => `new hash of ${take}` };
  const edit = composeEdit(note!, 'base is noisier', later, { ...origin, id: '01B' });

  it('drops what only the old text named and keeps what the note was about', () => {
    expect(edit).toMatchObject({ takes: ['best', 'base'], seconds: null, replaces: '01A', prompt: 'p-3' });
  });

  it('keeps the hash of what was heard then', () => {
    expect(edit.clip_sha256).toEqual({ best: 'hash of best', base: 'new hash of base' });
  });

  it('builds on the latest version', () => {
    const [edited] = mergeNotes([first, edit]);
    expect(edited).toMatchObject({ id: '01A', version: '01B', text: 'base is noisier' });
    const again = composeEdit(edited!, 'good', later, { ...origin, id: '00X' });
    expect(mergeNotes([first, edit, again])).toMatchObject([{ text: 'good' }]);
    expect(mergeNotes([first, edit, composeRetraction(edited!, { ...origin, id: '01C' })])).toEqual([]);
  });
});

describe('scopeOf', () => {
  it('follows from what the note names', () => {
    expect(scopeOf({ evaluation: null, prompt: null, takes: ['best'] })).toBe('run');
    expect(scopeOf({ evaluation: 'e', prompt: null, takes: ['best'] })).toBe('evaluation');
    expect(scopeOf({ evaluation: 'e', prompt: 'p', takes: [] })).toBe('prompt');
    expect(scopeOf({ evaluation: 'e', prompt: 'p', takes: ['best'] })).toBe('take');
  });
});
