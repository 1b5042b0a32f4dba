import * as l10n from '@vscode/l10n';
import type { ClipAnalysisView } from '../protocol';
import { lanesOf, type Lane } from './lane';
import { matchLoudness } from './loudnessMatch';
import type { PlayerState, PlayerTake } from './playerTypes';
import type { Page } from './state';

export type Analyses = ReadonlyMap<string, ClipAnalysisView>;

/** `reading`: the host has not told yet what is in the file. `silent`: there is nothing to play, `notice` says why. */
export type LaneStatus = 'ready' | 'reading' | 'silent';

export interface LaneScene extends Lane {
  readonly analysis: ClipAnalysisView | undefined;
  readonly status: LaneStatus;
  /** Why it can't be (wholly) heard; null when all is well. */
  readonly notice: string | null;
  /** Attenuation by the loudness match, dB ≤ 0; 0 while it is off. */
  readonly gainDb: number;
}

/** What is drawn, worked out of what is known. */
export interface Scene {
  readonly page: Page;
  readonly analyses: Analyses;
  readonly lanes: readonly LaneScene[];
  /** The lane that is chosen, if any is. */
  readonly lane: LaneScene | undefined;
  /** Seconds of the longest take of the prompt; 0 while unknown. */
  readonly duration: number;
  /** LUFS that all lanes are brought to; null while the match is off or nothing is known. */
  readonly target: number | null;
  readonly player: PlayerState['kind'];
  /** Play was asked for and nothing sounds yet. */
  readonly awaited: boolean;
}

export function sceneOf(
  page: Page,
  analyses: Analyses,
  sound: { readonly player: PlayerState['kind']; readonly wanted: boolean },
): Scene {
  const known = lanesOf(page, page.prompt).map((lane) => ({
    ...lane,
    analysis: lane.clip === undefined ? undefined : analyses.get(lane.clip.id),
  }));
  const match = matchLoudness(known.flatMap((lane) => (lane.analysis === undefined ? [] : [lane.analysis])));
  const lanes = known.map((lane) => ({
    ...lane,
    ...statusOf(page, lane),
    gainDb: page.loudnessMatch ? (match.gains.get(lane.clip?.id ?? '') ?? 0) : 0,
  }));
  return {
    page,
    analyses,
    lanes,
    lane: lanes.find((lane) => lane.take.id === page.take),
    duration: Math.max(0, ...lanes.map((lane) => secondsOf(lane.analysis))),
    target: page.loudnessMatch ? match.target : null,
    player: sound.player,
    awaited: sound.wanted && sound.player !== 'playing' && sound.player !== 'blocked',
  };
}

/** The takes that the audio engine can play. One that failed stays among them: it is tried again when it is loaded anew. */
export function playerTakes(lanes: readonly LaneScene[]): readonly PlayerTake[] {
  return lanes.flatMap(({ clip, analysis, gainDb }) => {
    if (clip === undefined || clip.uri === null || analysis === undefined) return [];
    const { format, sha256, problem } = analysis;
    if (format === null || problem?.severity === 'error') return [];
    return [{ clip: clip.id, uri: clip.uri, format, gainDb, sha256 }];
  });
}

/** Seconds of a clip; 0 while unknown or unreadable. */
export function secondsOf(analysis: ClipAnalysisView | undefined): number {
  const format = analysis?.format ?? null;
  return format === null ? 0 : format.frames / format.sampleRate;
}

function statusOf(
  page: Page,
  { clip, analysis }: Lane & Pick<LaneScene, 'analysis'>,
): Pick<LaneScene, 'status' | 'notice'> {
  if (clip === undefined) {
    return { status: 'silent', notice: l10n.t('No clip: this evaluation does not hold this prompt.') };
  }
  if (clip.uri === null) {
    return { status: 'silent', notice: clip.problem ?? l10n.t('The clip is not there yet.') };
  }
  const failure = page.unplayable.get(clip.id);
  if (failure !== undefined) return { status: 'silent', notice: failure };
  if (analysis === undefined) return { status: 'reading', notice: null };
  if (analysis.format === null || analysis.problem?.severity === 'error') {
    return { status: 'silent', notice: analysis.problem?.message ?? l10n.t('This clip can’t be read.') };
  }
  return { status: 'ready', notice: analysis.problem?.message ?? null };
}
