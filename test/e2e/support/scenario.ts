/** A comparison as a host would send it, with clips that can be heard: each take is a tone of its own. */
import type {
  ClipAnalysisView,
  ClipView,
  ComparisonState,
  NoteView,
  PromptView,
  TakeView,
} from '../../../src/protocol';
import { sine } from '../../bench/support/signals';

export interface ScenarioOptions {
  readonly prompts?: number;
  /** Takes of each run. */
  readonly takes?: number;
  readonly runs?: readonly string[];
  /** Words of the prompts, again and again; `prompt i` where there are none. */
  readonly texts?: readonly string[];
  /** So many clips, prompt by prompt, are heard already. */
  readonly heard?: number;
  /** Anything else of the state. */
  readonly state?: Partial<ComparisonState>;
}

const RATE = 16_000;
export const SECONDS = 15;
const PEAK_COLUMNS = 800;

export const words = [
  'Upbeat 80s synth-pop with gated drums and a bright lead',
  'Solo cello, slow and mournful, close microphone',
  'Driving techno, 130 bpm, rolling bass, hypnotic',
  'Bossa nova guitar with soft shaker, sunny',
  'Warm lo-fi hip hop with a dusty piano loop, soft brushed drums and vinyl crackle, late at night',
  'Orchestral fanfare, brass and timpani, triumphant',
  'Delta blues, slide guitar and foot stomp',
  'Ambient pads, evolving, no drums',
  'Chinese guzheng over slow strings, misty morning 古筝与弦乐，清晨薄雾',
  'Ska punk with horns, fast',
];
const names = ['base', 'best', 'final'];
const details = ['base model', 'step 1,200 · valid 8.03', 'step 1,500 · valid 8.05'];

export function comparison(options: ScenarioOptions = {}): ComparisonState {
  const { prompts: count = 8, takes: each = 3, runs = ['output_epoch3'], texts = words, heard = 0 } = options;
  const takes: TakeView[] = runs.flatMap((run) =>
    Array.from({ length: each }, (_, i) => {
      const name = names[i] ?? `checkpoint-${i * 400}`;
      return {
        id: `${run}:${name}`,
        name,
        run,
        evaluation: 'evaluation_full',
        detail: details[i] ?? `step ${i * 400}`,
        label: runs.length > 1 ? `${run}/${name}` : name,
      };
    }),
  );
  const prompts: PromptView[] = Array.from({ length: count }, (_, i) => ({
    id: `p${i + 1}`,
    number: i + 1,
    text: texts.length > 0 ? (texts[i % texts.length] ?? '') : `prompt ${i + 1}`,
    unfair: null,
  }));
  const clips: ClipView[] = prompts.flatMap((prompt, p) =>
    takes.map((take, t) => ({
      id: clipId(p + 1, t + 1),
      prompt: prompt.id,
      take: take.id,
      uri: `/audio/${p + 1}-${t + 1}.wav`,
      problem: null,
      heard: p * takes.length + t < heard,
    })),
  );
  return {
    kind: 'comparison',
    restore: { evaluations: runs.map((run) => `${run}:evaluation_full`) },
    title: runs.join(' ↔ '),
    subtitle: `evaluation_full · ${prompts.length} prompts × ${takes.length} takes · ${SECONDS} s · seed 0`,
    takes,
    prompts,
    clips,
    problems: [],
    notesPath: `listening-notes/${runs.at(-1) ?? 'run'}.md`,
    loudnessMatch: true,
    remote: false,
    ...options.state,
  };
}

/** Of the clip of a prompt and a take, both counted from 1. */
export function clipId(prompt: number, take: number): string {
  return `clip-${prompt}-${take}`;
}

/** Each take sounds at a pitch of its own, in Hz; `take` counts from 1. */
export function toneOf(take: number): number {
  return 200 + 200 * take;
}

/** Of what the page fetches: the clip of a take, or nothing. */
export function audioFile(path: string): Buffer | undefined {
  const take = /^\/audio\/\d+-(\d+)\.wav$/.exec(path)?.[1];
  return take === undefined ? undefined : Buffer.from(toneClip(Number(take)).wav);
}

/** What a host would find in a clip. The takes' loudness differs by 2 LU a take. */
export function analysisOf(clip: string): ClipAnalysisView {
  const [prompt = 1, take = 1] = clip.split('-').slice(1).map(Number);
  return {
    clip,
    format: toneClip(take).format,
    problem: null,
    sha256: `hash of ${clip}`,
    peaks: peaksOf(prompt * 3 + take),
    loudness: -18 + 2 * (take % 4),
    truePeak: -3,
  };
}

export function noteOn(prompt: string | null, text: string, more: Partial<NoteView> = {}): NoteView {
  return {
    id: `note on ${prompt}: ${text}`,
    scope: prompt === null ? 'run' : 'prompt',
    prompt,
    heading: [{ text: '14:02', link: null }],
    text: [{ text, link: null }],
    source: text,
    own: true,
    edited: false,
    earlierClip: false,
    ...more,
  };
}

const tones = new Map<number, ReturnType<typeof sine>>();

function toneClip(take: number): ReturnType<typeof sine> {
  const made = tones.get(take) ?? sine(toneOf(take), 1, SECONDS * RATE, RATE);
  tones.set(take, made);
  return made;
}

/** Peaks of something like music: bars, beats, and in every third a fade. */
function peaksOf(seed: number): Int16Array {
  return Int16Array.from({ length: PEAK_COLUMNS * 2 }, (_, i) => {
    const second = (Math.floor(i / 2) / PEAK_COLUMNS) * SECONDS;
    const bar = 0.35 + 0.3 * Math.abs(Math.sin(second * 1.6 + seed));
    const beat = 0.35 * Math.abs(Math.sin(second * (6.2 + (seed % 3)))) ** 6;
    const grain = 0.55 + 0.45 * noise(seed * 7919 + Math.floor(second * 53));
    const fade = seed % 3 === 0 && second > 12.9 ? Math.max(0.05, 1 - (second - 12.9) / 2) : 1;
    const level = (bar + beat) * grain * fade * (0.6 + 0.1 * (seed % 4)) * 32_767;
    return Math.round(i % 2 === 0 ? -level * (0.85 + 0.15 * noise(i + seed)) : level);
  });
}

function noise(n: number): number {
  const x = Math.sin(n * 12.9898) * 43_758.5453;
  return x - Math.floor(x);
}
