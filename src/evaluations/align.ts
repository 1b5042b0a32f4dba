/** Evaluations side by side: equal prompts in one row, every take a column. */
import * as l10n from '@vscode/l10n';
import type { Clip, Evaluation, Prompt, Take } from './evaluation';
import { promptId } from './names';
import { words } from './promptSet';

export interface AlignedPrompt {
  /** Unique here and stable: it follows from the words, so that a page finds its place again after a reload. */
  readonly id: string;
  readonly number: number;
  readonly text: string;
  /** Evaluation id → prompt id there. */
  readonly byEvaluation: ReadonlyMap<string, string>;
  /** Why the takes of this prompt are no fair comparison, in one sentence, or null. */
  readonly unfair: string | null;
}

export interface AlignedTake {
  /** `<evaluation id>/<take name>`. */
  readonly id: string;
  readonly evaluation: string;
  readonly take: Take;
}

export interface AlignedClip {
  /** AlignedPrompt.id. */
  readonly prompt: string;
  /** AlignedTake.id. */
  readonly take: string;
  readonly clip: Clip;
}

export interface Aligned {
  /** As in the first evaluation, then what the others have more. */
  readonly prompts: readonly AlignedPrompt[];
  readonly takes: readonly AlignedTake[];
  readonly clips: readonly AlignedClip[];
}

/**
 * Prompts are one when their words are (white space aside); ids only count where there are no words, since two prompt
 * files can give one id to different prompts, and the clip of another prompt must never be shown.
 */
export function alignEvaluations(evaluations: readonly Evaluation[]): Aligned {
  const takes = evaluations.flatMap((evaluation) =>
    evaluation.takes.map((take) => ({ id: takeId(evaluation, take.name), evaluation: evaluation.id, take })),
  );
  const rows = joinPrompts(evaluations);
  const rowOf = new Map(
    [...rows].flatMap(([id, { members }]) => members.map((member) => [member.key, id] as const)),
  );
  const clips = evaluations.flatMap((evaluation) =>
    evaluation.clips.flatMap((clip): AlignedClip[] => {
      const prompt = rowOf.get(promptKey(evaluation, clip.prompt));
      return prompt === undefined ? [] : [{ prompt, take: takeId(evaluation, clip.take), clip }];
    }),
  );
  const unfair = unfairPrompts(evaluations, takes, clips);
  const number = numbering();
  const prompts = [...rows].map(([id, { prompt, members }]) => ({
    id,
    number: number(prompt.number),
    text: prompt.text,
    byEvaluation: new Map(members.map((member) => [member.evaluation, member.prompt])),
    unfair: unfair.get(id) ?? null,
  }));
  return { prompts, takes, clips };
}

interface Row {
  readonly prompt: Prompt;
  readonly members: { readonly key: string; readonly evaluation: string; readonly prompt: string }[];
}

function joinPrompts(evaluations: readonly Evaluation[]): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const evaluation of evaluations) {
    const here = new Set<string>();
    for (const prompt of evaluation.prompts) {
      let id = rowId(prompt);
      // The same words twice in one set are two prompts.
      while (here.has(id)) id += '+';
      here.add(id);
      const row = rows.get(id) ?? { prompt, members: [] };
      rows.set(id, row);
      row.members.push({
        key: promptKey(evaluation, prompt.id),
        evaluation: evaluation.id,
        prompt: prompt.id,
      });
    }
  }
  return rows;
}

/** The row that a prompt belongs to: what AlignedPrompt.id is for the first prompt of these words. */
export function rowId(prompt: Prompt): string {
  const text = words(prompt.text);
  return text === '' ? `id:${prompt.id}` : promptId(text);
}

/** The number that a prompt has in its set, as long as no earlier one has it. */
function numbering(): (wanted: number) => number {
  const taken = new Set<number>();
  let last = 0;
  return (wanted) => {
    const number = taken.has(wanted) ? last + 1 : wanted;
    taken.add(number);
    last = Math.max(last, number);
    return number;
  };
}

/** Clips are as long as asked to the sample; this much is no difference that an ear or a note could meet. */
const SAME_SECONDS = 0.1;

/** Prompt → what differs between its takes besides the checkpoint, for those where something does. */
function unfairPrompts(
  evaluations: readonly Evaluation[],
  takes: readonly AlignedTake[],
  clips: readonly AlignedClip[],
): ReadonlyMap<string, string> {
  const takeById = new Map(takes.map((take) => [take.id, take]));
  const samplingOf = new Map(evaluations.map((evaluation) => [evaluation.id, evaluation.sampling]));
  const byPrompt = new Map<string, AlignedClip[]>();
  for (const clip of clips) {
    if (clip.clip.file === null) continue;
    const known = byPrompt.get(clip.prompt);
    if (known === undefined) byPrompt.set(clip.prompt, [clip]);
    else known.push(clip);
  }
  const unfair = new Map<string, string>();
  for (const [prompt, together] of byPrompt) {
    const played = together.flatMap(({ take, clip }) => {
      const aligned = takeById.get(take);
      return aligned === undefined
        ? []
        : [{ clip, take: aligned.take, sampling: samplingOf.get(aligned.evaluation) ?? {} }];
    });
    const names = new Set(played.flatMap(({ sampling }) => Object.keys(sampling)));
    names.delete('duration_s');
    const differing = [
      ...differ(
        l10n.t('seed'),
        played.map(({ take }) => take.seed),
      ),
      ...differLength(
        played.map(({ clip, sampling }) => clip.durationSeconds ?? sampling['duration_s'] ?? null),
      ),
      ...[...names].sort().flatMap((name) =>
        differ(
          name,
          played.map(({ sampling }) => sampling[name] ?? null),
        ),
      ),
    ];
    if (differing.length === 0) continue;
    unfair.set(
      prompt,
      l10n.t('These takes differ in more than their checkpoint: {0}.', differing.join('; ')),
    );
  }
  return unfair;
}

/** What is not known is not known to differ. */
function differ(name: string, values: readonly (string | number | boolean | null)[]): string[] {
  const known = [...new Set(values.filter((value) => value !== null))];
  return known.length < 2 ? [] : [`${name} ${known.join(', ')}`];
}

function differLength(values: readonly (string | number | boolean | null)[]): string[] {
  const seconds = values.filter((value) => typeof value === 'number');
  if (seconds.length < 2 || Math.max(...seconds) - Math.min(...seconds) < SAME_SECONDS) return [];
  const shown = [...new Set(seconds.map((value) => `${Number(value.toFixed(1))} s`))];
  return [`${l10n.t('length')} ${shown.join(', ')}`];
}

function takeId(evaluation: Evaluation, take: string): string {
  return `${evaluation.id}/${take}`;
}

function promptKey(evaluation: Evaluation, prompt: string): string {
  return `${evaluation.id}\0${prompt}`;
}
