import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../../src/evaluations/evaluation';
import { buildComparison, type ComparisonContext } from '../../../src/views/comparisonModel';
import { evaluationOf } from '../evaluations/evaluationOf';
import { run } from '../runs/runOf';

function build(evaluations: readonly Evaluation[], context: Partial<ComparisonContext> = {}) {
  return buildComparison(evaluations, {
    run: () => undefined,
    uri: (file, version) => `uri:${file}?${version}`,
    version: () => 'v1',
    heard: () => false,
    notesPath: 'listening-notes/run-a.md',
    loudnessMatch: true,
    remote: false,
    language: 'en',
    ...context,
  });
}

const labels = (evaluations: readonly Evaluation[]) =>
  build(evaluations).state.takes.map((take) => take.label);

describe('takes', () => {
  it('have their plain names in one evaluation, and as much before them as tells them apart', () => {
    const quick = evaluationOf({ takes: ['best'] });
    const full = evaluationOf({ name: 'evaluation_full', takes: ['best'] });
    const other = evaluationOf({ run: 'run-b', takes: ['best'] });
    expect(labels([quick])).toEqual(['best']);
    expect(labels([quick, full])).toEqual(['evaluation/best', 'evaluation_full/best']);
    expect(labels([quick, other])).toEqual(['run-a/best', 'run-b/best']);
    expect(labels([quick, full, other])).toEqual([
      'run-a/evaluation/best',
      'run-a/evaluation_full/best',
      'run-b/evaluation/best',
    ]);
  });

  it('tell of their checkpoint what the run knows of it', () => {
    const evaluation = evaluationOf({ takes: ['base', 'best', 'mystery'] });
    const best = { name: 'best', kind: 'best', folder: '/b', step: 1200, epoch: 3, validLoss: 8.03 } as const;
    const { state } = build([evaluation], { run: () => run({ id: 'run-a', checkpoints: [best] }) });
    expect(state.takes.map((take) => take.detail)).toEqual(['base model', 'step 1,200 · valid 8.0300', '']);
  });
});

describe('clips', () => {
  it('are found again by their ids, and these change with the bytes of the file', () => {
    const evaluation = evaluationOf();
    const first = build([evaluation]);
    const second = build([evaluation], { version: () => 'v2' });
    const [view] = first.state.clips;
    expect(view?.uri).toBe('uri:/w/run-a/evaluation/base/1.wav?v1');
    expect(first.clips.get(view?.id ?? '')).toEqual({ evaluation, clip: evaluation.clips[0] });
    expect(second.clips.has(view?.id ?? '')).toBe(false);
    expect(new Set(first.state.clips.map((clip) => clip.id)).size).toBe(2);
  });

  it('say why there is nothing to play', () => {
    const named = evaluationOf({ clip: (clip) => ({ ...clip, file: null }) });
    const absent = evaluationOf({ clip: (clip) => (clip.take === 'best' ? undefined : clip) });
    const gone = build([evaluationOf()], { version: () => null });
    for (const { state, clips } of [build([named]), gone]) {
      expect(state.clips.map((clip) => clip.uri)).toEqual([null, null]);
      expect(state.clips[0]?.problem).toMatch(/missing on disk/);
      expect(clips.size).toBe(0);
    }
    expect(build([absent]).state.clips.map((clip) => clip.problem)).toEqual([
      null,
      'No clip yet: best has none for this prompt.',
    ]);
  });

  it('have no entry for a prompt that their evaluation does not have', () => {
    const one = evaluationOf({ prompts: ['slow cello'], takes: ['best'] });
    const two = evaluationOf({ run: 'run-b', prompts: ['slow cello', 'fast techno'], takes: ['best'] });
    const { state, prompts } = build([one, two]);
    const clipsOf = (prompt: string | undefined) =>
      state.clips.filter((clip) => clip.prompt === prompt).length;
    expect(state.prompts.map(({ text, id }) => [text, clipsOf(id)])).toEqual([
      ['slow cello', 2],
      ['fast techno', 1],
    ]);
    expect(prompts.get(state.prompts[1]?.id ?? '')).toEqual(new Map([['run-b:evaluation', 'evaluation-2']]));
  });

  it('that are gone do not count as heard', () => {
    const { state } = build([evaluationOf({ clip: (clip) => ({ ...clip, file: null }) })], {
      heard: () => true,
    });
    expect(state.clips.some((clip) => clip.heard)).toBe(false);
  });
});

describe('titles', () => {
  it('name every run once, and what all clips share', () => {
    const clip = (seconds: number) => (one: Evaluation['clips'][number]) => ({
      ...one,
      durationSeconds: seconds,
    });
    const a = evaluationOf({ clip: clip(15) });
    const b = evaluationOf({ run: 'run-b', clip: clip(15) });
    expect(build([a, b]).state).toMatchObject({
      title: 'run-a ↔ run-b',
      subtitle: 'evaluation · 1 prompts × 4 takes · 15 s',
    });
    const mixed = build([a, evaluationOf({ run: 'run-b', clip: clip(30) })]);
    expect(mixed.state.subtitle).toBe('evaluation · 1 prompts × 4 takes');
  });
});
