import { describe, expect, it } from 'vitest';
import { mergeNotes } from '../../../src/notes/merge';
import { random, record, shuffled } from './records';

const texts = (records: Parameters<typeof mergeNotes>[0]) => mergeNotes(records).map((note) => note.text);

describe('mergeNotes', () => {
  it('follows an edit, and the edit of an edit', () => {
    const notes = mergeNotes([
      record({ id: '1', text: 'one', at: 'first' }),
      record({ id: '2', text: 'two', replaces: '1' }),
      record({ id: '3', text: 'three', replaces: '2' }),
    ]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatchObject({ id: '1', version: '3', text: 'three', edited: true, at: 'first' });
  });

  it('obeys what an edit names, not the clocks', () => {
    // The machine of the edit is a day behind: its ids are smaller.
    const notes = mergeNotes([
      record({ id: '5', text: 'first' }),
      record({ id: '2', text: 'edited', replaces: '5' }),
      record({ id: '1', text: 'edited again', replaces: '2' }),
    ]);
    expect(notes).toMatchObject([{ id: '5', version: '1', text: 'edited again' }]);
  });

  it('takes the greater id where one version was edited twice', () => {
    expect(
      texts([
        record({ id: '1' }),
        record({ id: '3', text: 'later', replaces: '1' }),
        record({ id: '2', text: 'sooner', replaces: '1' }),
      ]),
    ).toEqual(['later']);
  });

  it('keeps the words of one rater from the edits and retractions of another', () => {
    const notes = mergeNotes([
      record({ id: '1', by: 'Ann', text: 'hiss' }),
      record({ id: '2', by: 'Bob', text: 'no hiss', replaces: '1' }),
      record({ id: '3', by: 'Bob', text: 'no hiss at all', replaces: '2' }),
      record({ id: '4', by: 'Bob', op: 'retract', replaces: '1' }),
    ]);
    expect(notes).toMatchObject([
      { id: '1', by: 'Ann', text: 'hiss', edited: false, rewords: null },
      { id: '2', by: 'Bob', text: 'no hiss at all', edited: true, rewords: 'Ann' },
    ]);
  });

  it('retracts by the id of any version, before or after the edits', () => {
    const lines = [
      record({ id: '2' }),
      record({ id: '3', replaces: '2' }),
      record({ id: '1', op: 'retract', replaces: '3' }),
      record({ id: '4', replaces: '3' }),
    ];
    expect(texts(lines)).toEqual([]);
  });

  it('shows an edit of a line that is not here, and passes over a retraction of one', () => {
    const notes = mergeNotes([
      record({ id: '1', replaces: 'elsewhere' }),
      record({ id: '2', op: 'retract', replaces: 'nowhere' }),
      record({ id: '3', op: 'retract', replaces: null }),
    ]);
    expect(notes).toMatchObject([{ id: '1', edited: true }]);
  });

  it('comes to an end where edits go round in a circle', () => {
    expect(
      mergeNotes([
        record({ id: '1', replaces: '2' }),
        record({ id: '2', replaces: '3' }),
        record({ id: '3', replaces: '1' }),
        record({ id: '4', replaces: '2' }),
        record({ id: '5', replaces: '5' }),
      ]),
    ).toMatchObject([
      { id: '1', version: '4' },
      { id: '5', text: 'text of 5' },
    ]);
  });

  it('takes copies of a line once, and a reworded copy as a note of its own', () => {
    expect(texts([record({ id: '1' }), record({ id: '1' })])).toHaveLength(1);
    const notes = mergeNotes([
      record({ id: '1', text: 'b' }),
      record({ id: '1', text: 'a' }),
      record({ id: '1', text: 'b' }),
    ]);
    expect(notes.map(({ id, text }) => [id, text])).toEqual([
      ['1', 'a'],
      ['1-2', 'b'],
    ]);
  });

  it('gives one answer whatever the order of lines and files', () => {
    const next = random(7);
    const lines = Array.from({ length: 60 }, (_, index) =>
      record({
        id: String(Math.floor(next() * 40)),
        by: next() < 0.7 ? 'Ann' : 'Bob',
        op: next() < 0.9 ? 'note' : 'retract',
        text: `words ${index}`,
        replaces: next() < 0.5 ? String(Math.floor(next() * 40)) : null,
      }),
    );
    const expected = mergeNotes(lines);
    expect(expected.length).toBeGreaterThan(10);
    for (let round = 0; round < 20; round += 1) {
      expect(mergeNotes(shuffled(lines, next))).toEqual(expected);
    }
  });
});
