/** States of the comparison page for tests. */
import type { ClipAnalysisView, ComparisonState, NoteView } from '../../../src/protocol';
import { emptyPage, reduce, type Action, type Page } from '../../../src/webview/state';

export interface Shape {
  readonly prompts?: readonly string[];
  readonly takes?: readonly string[];
  /** `prompt/take` of clips that are not there. */
  readonly missing?: readonly string[];
  readonly heard?: readonly string[];
  /** `prompt/take` that no evaluation promises. */
  readonly unpromised?: readonly string[];
}

/** Clip ids are `prompt/take`. */
export function comparisonOf(shape: Shape = {}): ComparisonState {
  const { prompts = ['one', 'two', 'three'], takes = ['base', 'best', 'final'] } = shape;
  const { missing = [], heard = [], unpromised = [] } = shape;
  return {
    kind: 'comparison',
    restore: { evaluations: ['e'] },
    title: 'run',
    subtitle: '',
    takes: takes.map((id) => ({ id, name: id, run: 'run', evaluation: 'evaluation', detail: '', label: id })),
    prompts: prompts.map((text, i) => ({ id: text, number: i + 1, text, unfair: null })),
    clips: prompts
      .flatMap((prompt) => takes.map((take) => ({ prompt, take, id: `${prompt}/${take}` })))
      .filter(({ id }) => !unpromised.includes(id))
      .map(({ id, prompt, take }) => ({
        id,
        prompt,
        take,
        uri: missing.includes(id) ? null : `/${id}.wav`,
        problem: null,
        heard: heard.includes(id),
      })),
    problems: [],
    notesPath: 'listening-notes/run.md',
    loudnessMatch: true,
    remote: false,
  };
}

export function pageOf(shape: Shape = {}, ...actions: readonly Action[]): Page {
  return actions.reduce(reduce, reduce(emptyPage, { type: 'state', comparison: comparisonOf(shape) }));
}

export function analysisOf(clip: string, more: Partial<ClipAnalysisView> = {}): ClipAnalysisView {
  return {
    clip,
    format: {
      encoding: 's16',
      sampleRate: 32_000,
      channels: 1,
      frames: 480_000,
      dataOffset: 44,
      dataBytes: 960_000,
    },
    problem: null,
    sha256: clip,
    peaks: new Int16Array(2),
    loudness: -16,
    truePeak: -3,
    ...more,
  };
}

export function noteOf(id: string, more: Partial<NoteView> = {}): NoteView {
  return {
    id,
    scope: 'prompt',
    prompt: 'one',
    heading: [],
    text: [],
    source: `text of ${id}`,
    own: true,
    edited: false,
    earlierClip: false,
    ...more,
  };
}
