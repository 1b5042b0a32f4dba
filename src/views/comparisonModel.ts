/** Evaluations → what the comparison page shows, and the way back from its ids to files. Pure. */
import * as l10n from '@vscode/l10n';
import { alignEvaluations } from '../evaluations/align';
import type { Clip, Evaluation, Take } from '../evaluations/evaluation';
import type { ClipView, ComparisonState, PromptView, TakeView } from '../protocol';
import type { Run } from '../runs/run';
import { formatDuration, formatLoss, formatStep } from './format';

export interface TakeOf {
  readonly evaluation: Evaluation;
  readonly take: Take;
  readonly label: string;
}

export interface ClipOf {
  readonly evaluation: Evaluation;
  readonly clip: Clip;
}

export interface ComparisonModel {
  readonly state: ComparisonState;
  /** By TakeView.id. */
  readonly takes: ReadonlyMap<string, TakeOf>;
  /** By ClipView.id; only clips that have a file. */
  readonly clips: ReadonlyMap<string, ClipOf>;
  /** By PromptView.id: evaluation id → prompt id there. */
  readonly prompts: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

export interface ComparisonContext {
  readonly run: (id: string) => Run | undefined;
  readonly uri: (file: string, version: string) => string;
  /** Tells one state of the file's bytes from another; null when the file is gone. */
  readonly version: (file: string) => string | null;
  readonly heard: (evaluation: Evaluation, clip: Clip) => boolean;
  readonly notesPath: string;
  readonly loudnessMatch: boolean;
  readonly remote: boolean;
  readonly language: string;
}

export function buildComparison(
  evaluations: readonly Evaluation[],
  context: ComparisonContext,
): ComparisonModel {
  const aligned = alignEvaluations(evaluations);
  const byId = new Map(evaluations.map((evaluation) => [evaluation.id, evaluation]));
  const severalRuns = new Set(evaluations.map((evaluation) => evaluation.run)).size > 1;
  const severalHere = evaluations.length > new Set(evaluations.map((evaluation) => evaluation.run)).size;

  const takes = new Map<string, TakeOf>();
  const takeViews: TakeView[] = [];
  for (const { id, evaluation: evaluationId, take } of aligned.takes) {
    const evaluation = byId.get(evaluationId);
    if (evaluation === undefined) continue;
    const prefix = [severalRuns ? evaluation.runName : '', severalHere ? evaluation.name : '']
      .filter((part) => part !== '')
      .map((part) => `${part}/`)
      .join('');
    const label = prefix + take.name;
    takes.set(id, { evaluation, take, label });
    takeViews.push({
      id,
      name: take.name,
      run: evaluation.runName,
      evaluation: evaluation.name,
      detail: takeDetail(take, context.run(evaluation.run), context.language),
      label,
    });
  }

  const prompts = new Map<string, ReadonlyMap<string, string>>();
  const promptViews: PromptView[] = [];
  const clips = new Map<string, ClipOf>();
  const clipViews: ClipView[] = [];
  const clipsByPlace = new Map(
    evaluations.flatMap((evaluation) =>
      evaluation.clips.map((clip) => [placeOf(evaluation.id, clip.prompt, clip.take), clip] as const),
    ),
  );
  for (const prompt of aligned.prompts) {
    prompts.set(prompt.id, prompt.byEvaluation);
    promptViews.push({ id: prompt.id, number: prompt.number, text: prompt.text, unfair: prompt.unfair });
    for (const [takeId, { evaluation, take }] of takes) {
      const promptId = prompt.byEvaluation.get(evaluation.id);
      if (promptId === undefined) continue;
      const clip = clipsByPlace.get(placeOf(evaluation.id, promptId, take.name));
      const file = clip?.file ?? null;
      const version = file === null ? null : context.version(file);
      const id = `${takeId}|${promptId}|${version ?? 'none'}`;
      if (clip !== undefined && file !== null && version !== null) clips.set(id, { evaluation, clip });
      clipViews.push({
        id,
        prompt: prompt.id,
        take: takeId,
        uri: file === null || version === null ? null : context.uri(file, version),
        problem:
          file !== null && version !== null
            ? null
            : clip === undefined
              ? l10n.t('No clip yet: {0} has none for this prompt.', take.name)
              : l10n.t('The clip is missing on disk. Run the evaluation again, or copy its WAV files here.'),
        heard: clip !== undefined && file !== null && context.heard(evaluation, clip),
      });
    }
  }

  const runNames = [...new Set(evaluations.map((evaluation) => evaluation.runName))];
  return {
    takes,
    clips,
    prompts,
    state: {
      kind: 'comparison',
      restore: { evaluations: evaluations.map((evaluation) => evaluation.id) },
      title: runNames.join(' ↔ '),
      subtitle: subtitleOf(evaluations, promptViews.length, takeViews.length),
      takes: takeViews,
      prompts: promptViews,
      clips: clipViews,
      problems: evaluations.flatMap((evaluation) => evaluation.problems),
      notesPath: context.notesPath,
      loudnessMatch: context.loudnessMatch,
      remote: context.remote,
    },
  };
}

function takeDetail(take: Take, run: Run | undefined, language: string): string {
  const checkpoint = run?.checkpoints.find((candidate) => candidate.name === take.model);
  const step = take.step ?? checkpoint?.step ?? null;
  const loss = checkpoint?.validLoss ?? null;
  if (take.model === 'base') return l10n.t('base model');
  return [
    step === null ? '' : formatStep(step, language),
    loss === null ? '' : l10n.t('valid {0}', formatLoss(loss)),
    take.seed === null || !take.name.includes('_s') ? '' : l10n.t('seed {0}', take.seed),
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

function subtitleOf(evaluations: readonly Evaluation[], prompts: number, takes: number): string {
  const names = [...new Set(evaluations.map((evaluation) => evaluation.name))].filter((name) => name !== '.');
  const durations = new Set(
    evaluations.flatMap((evaluation) =>
      evaluation.clips.flatMap((clip) => (clip.durationSeconds === null ? [] : [clip.durationSeconds])),
    ),
  );
  const [duration] = durations;
  const seeds = new Set(evaluations.flatMap((evaluation) => evaluation.takes.map((take) => take.seed)));
  const [seed] = seeds;
  return [
    names.join(', '),
    l10n.t('{0} prompts × {1} takes', prompts, takes),
    durations.size === 1 && duration !== undefined ? formatDuration(duration) : '',
    seeds.size === 1 && seed !== undefined && seed !== null ? l10n.t('seed {0}', seed) : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');
}

function placeOf(evaluation: string, prompt: string, take: string): string {
  return JSON.stringify([evaluation, prompt, take]);
}
