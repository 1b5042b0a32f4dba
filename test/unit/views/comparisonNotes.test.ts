import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Library } from '../../../src/library';
import { Notebook } from '../../../src/notebook';
import type { FromWebview } from '../../../src/protocol';
import { buildComparison } from '../../../src/views/comparisonModel';
import {
  comparisonNotes,
  momentOnRun,
  noteDraft,
  rowDraft,
  runDraft,
  runNotes,
} from '../../../src/views/comparisonNotes';
import { makeFolder } from '../files/folders';
import { below, earmarkRun } from '../runs/samples';

type SaveNote = Extract<FromWebview, { type: 'saveNote' }>;

/** An index of two prompts; clips need not exist. */
const index = (prompts: readonly string[], takes: readonly string[]) =>
  prompts.flatMap((prompt, number) =>
    takes.map((model) => ({
      prompt_id: `p${number + 1}`,
      prompt,
      model,
      path: `${model}_model/${number}.wav`,
    })),
  );

/** Runs a and b share the prompt "slow cello"; in b it is the second. */
async function open() {
  const folder = await makeFolder({
    ...below('output_a', earmarkRun('a', 'output_a')),
    ...below('output_b', earmarkRun('b', 'output_b')),
    'output_a/evaluation/comparison_results.jsonl': index(['slow cello', 'fast techno'], ['base', 'best']),
    'output_b/evaluation/comparison_results.jsonl': index(['delta blues', 'slow cello'], ['best', 'final']),
  });
  const library = new Library({
    roots: () => [{ path: folder, label: 'workspace' }],
    depth: () => 6,
    exclude: () => ['listening-notes'],
  });
  await library.refresh();
  const notebook = new Notebook({
    library,
    folder: () => join(folder, 'listening-notes'),
    base: () => folder,
    rater: () => Promise.resolve('Ann'),
    machine: 'laptop',
    warn: () => undefined,
  });
  await notebook.refresh();
  const found = (id: string) => {
    const [run, evaluation] = [library.run(id), library.evaluation(`${id}:evaluation`)];
    if (run === undefined || evaluation === undefined) throw new Error(`Run ${id} was not found`);
    return { run, evaluation };
  };
  const [a, b] = [found('a'), found('b')];
  const context = { library, notebook, language: 'en' };
  /** The comparison of some evaluations, and what it saves and shows. */
  const page = (...evaluations: (typeof a.evaluation)[]) => {
    const model = buildComparison(evaluations, {
      run: (id) => library.run(id),
      uri: (file) => file,
      version: () => 'v1',
      heard: () => false,
      notesPath: '',
      loudnessMatch: true,
      remote: false,
      language: 'en',
    });
    const row = (text: string) => model.state.prompts.find((prompt) => prompt.text === text)?.id ?? null;
    const take = (label: string) => model.state.takes.find((one) => one.label === label)?.id ?? null;
    const draft = (about: Partial<SaveNote>) =>
      noteDraft(
        model,
        evaluations,
        {
          type: 'saveNote',
          request: 1,
          text: 'words',
          scope: 'prompt',
          prompt: null,
          take: null,
          seconds: null,
          replaces: null,
          ...about,
        },
        context,
      );
    return { row, take, draft, notes: () => comparisonNotes(model, evaluations, context) };
  };
  return { a, b, library, notebook, context, page };
}

const plain = (segments: readonly { readonly text: string }[]) => segments.map(({ text }) => text).join('');

describe('a note of the comparison', () => {
  it('belongs to the run and evaluation of the take in the ear, under the prompt as that one calls it', async () => {
    const { a, b, page } = await open();
    const { draft, row, take } = page(a.evaluation, b.evaluation);
    const cello = row('slow cello');
    expect(draft({ prompt: cello, take: take('output_b/final') }).draft).toMatchObject({
      run: 'b',
      evaluation: 'evaluation',
      prompt: 'p2',
      take: 'final',
    });
    expect(draft({ prompt: cello, take: take('output_a/base') }).draft).toMatchObject({
      run: 'a',
      prompt: 'p1',
      take: 'base',
    });
  });

  it('on a prompt that the take in the ear does not have, goes where the prompt is, and names no take', async () => {
    const { a, b, page } = await open();
    const { draft, row, take } = page(a.evaluation, b.evaluation);
    expect(draft({ prompt: row('delta blues'), take: take('output_a/base') }).draft).toMatchObject({
      run: 'b',
      prompt: 'p1',
      take: null,
    });
  });

  it('links what stands beside it by its longer name', async () => {
    const { a, b, notebook, page } = await open();
    const { draft, row, take, notes } = page(a.evaluation, b.evaluation);
    const about = { prompt: row('slow cello'), take: take('output_a/best'), scope: 'take' } as const;
    await notebook.save(draft({ ...about, text: 'best is warmer than output_b/best @0:12, see p2' }));
    const [note] = notes();
    expect(plain(note?.text ?? [])).toBe('best is warmer than output_b/best @0:12, see p2');
    expect(note?.text.flatMap(({ text, link }) => (link === null ? [] : [[text, link]]))).toEqual([
      ['best', { take: 'a:evaluation/best', prompt: row('slow cello'), second: null }],
      ['output_b/best', { take: 'b:evaluation/best', prompt: row('slow cello'), second: null }],
      ['@0:12', { take: 'b:evaluation/best', prompt: row('slow cello'), second: 12 }],
      ['p2', { take: null, prompt: row('fast techno'), second: null }],
    ]);
  });
});

describe('the notes of a comparison', () => {
  it('are those of its runs and evaluations, and those made elsewhere on a prompt that it shows', async () => {
    const { a, b, library, notebook, page } = await open();
    const stores = { library, notebook };
    const on = (one: typeof a, number: number, text: string) =>
      rowDraft(one.evaluation, { prompt: one.evaluation.prompts[number - 1] ?? null, text }, stores);
    await notebook.save(on(b, 2, 'b on cello'));
    await notebook.save(on(b, 1, 'b on blues'));
    await notebook.save(on(a, 2, 'a on techno'));
    await notebook.save(runDraft(a.run, { text: 'a as a whole', replaces: null }, stores));
    await notebook.save(runDraft(b.run, { text: 'b as a whole', replaces: null }, stores));

    const shown = (...evaluations: Parameters<typeof page>) =>
      page(...evaluations)
        .notes()
        .map((note) => note.source);
    // On another run's prompt of the same words too, but not on that run itself.
    expect(shown(a.evaluation)).toEqual(['b on cello', 'a on techno', 'a as a whole']);
    expect(shown(a.evaluation, b.evaluation)).toEqual([
      'b on cello',
      'b on blues',
      'a on techno',
      'a as a whole',
      'b as a whole',
    ]);
    const [elsewhere] = page(a.evaluation).notes();
    expect(elsewhere?.prompt).toBe(page(a.evaluation).row('slow cello'));
    expect(plain(elsewhere?.heading ?? [])).toMatch(/^output_b · /);
  });

  it('say that the clip has changed since', async () => {
    const { a, library, notebook, page } = await open();
    const clip = a.evaluation.clips.find(({ prompt, take }) => prompt === 'p1' && take === 'best');
    if (clip === undefined) throw new Error('no clip');
    // There has to be a file for its bytes to be known.
    const present = { ...clip, file: '/w/best.wav' };
    const evaluation = { ...a.evaluation, clips: [present] };
    notebook.knowHash(present, 'aaa');
    const { draft, row, take, notes } = page(evaluation);
    await notebook.save(draft({ prompt: row('slow cello'), take: take('best'), scope: 'take' }));
    expect(notes().map((note) => note.earlierClip)).toEqual([false]);
    notebook.knowHash(present, 'bbb');
    expect(notes().map((note) => note.earlierClip)).toEqual([true]);
    expect(library.runs).toHaveLength(2);
  });
});

describe('the notes of a run', () => {
  it('link moments that lead back to its evaluation', async () => {
    const { a, library, notebook, context } = await open();
    const prompt = a.evaluation.prompts[1] ?? null;
    await notebook.save(
      rowDraft(a.evaluation, { prompt, take: 'best', second: 7, text: 'thin' }, { library, notebook }),
    );
    const [note] = runNotes(a.run, context);
    const moment = note?.heading.findLast(({ link }) => link !== null)?.link;
    expect(moment?.second).toBe(7);
    expect(momentOnRun([a.evaluation], moment ?? { prompt: null, take: null })).toEqual({
      evaluation: a.evaluation,
      prompt: 'p2',
      take: 'best',
    });
  });

  it('lead nowhere when the evaluation is gone', async () => {
    const { a, b } = await open();
    const moment = { prompt: 'b:evaluation|p1', take: 'b:evaluation/best' };
    expect(momentOnRun([a.evaluation], moment)).toBeNull();
    expect(momentOnRun([a.evaluation, b.evaluation], moment)?.evaluation).toBe(b.evaluation);
    expect(momentOnRun([a.evaluation], { prompt: null, take: null })).toBeNull();
  });
});
