/** The comparison page with a host that does what the extension does: reads clips, keeps notes, and lets a test interfere. */
import { expect, type Page } from '@playwright/test';
import type {
  ClipAnalysisView,
  ComparisonState,
  FromWebview,
  NoteView,
  ToWebview,
} from '../../../src/protocol';
import { openPage, type PageOptions, type PageRig } from './pageRig';
import { analysisOf, audioFile, comparison, noteOn, type ScenarioOptions } from './scenario';

export interface ComparisonOptions extends ScenarioOptions, Omit<PageOptions, 'host'> {
  readonly notes?: readonly NoteView[];
  /** Null: not found yet. */
  readonly analyse?: (clip: string) => ClipAnalysisView | null;
}

/** What the host has; a test changes it as it likes. */
export interface Desk {
  state: ComparisonState;
  notes: readonly NoteView[];
  /** Said instead of saving or retracting a note; null: it is done. */
  refuse: string | null;
  /** Notes are saved and shown, but that it is done is for the test to say. */
  late: boolean;
}

export type ComparisonRig = PageRig & Desk;

export async function openComparison(page: Page, options: ComparisonOptions = {}): Promise<ComparisonRig> {
  const desk = deskOf(options);
  const host = hostOf(desk, options);
  const rig = await openPage(page, 'comparison', { file: audioFile, ...options, host });
  await expect(page.getByRole('heading', { level: 1 })).not.toHaveText('');
  if (options.analyse === undefined) await expect(page.locator('.lane-notice.reading')).toHaveCount(0);
  return Object.assign(desk, rig);
}

export function deskOf(options: ComparisonOptions): Desk {
  return { state: comparison(options), notes: options.notes ?? [], refuse: null, late: false };
}

/** Answers a comparison page as the extension does. */
export function hostOf(desk: Desk, { analyse = analysisOf }: ComparisonOptions = {}) {
  return (message: FromWebview): ToWebview[] => {
    if (message.type === 'ready') {
      return [
        { type: 'state', state: desk.state },
        { type: 'notes', notes: desk.notes },
      ];
    }
    if (message.type === 'analyse') {
      const clips = message.clips.map(analyse).filter((clip) => clip !== null);
      return [{ type: 'analysis', clips }];
    }
    if (message.type !== 'saveNote' && message.type !== 'retractNote') return [];
    const { request } = message;
    if (desk.refuse !== null) return [{ type: 'failed', request, message: desk.refuse }];
    desk.notes =
      message.type === 'saveNote' ? withNote(desk.notes, message) : without(desk.notes, message.note);
    return [{ type: 'notes', notes: desk.notes }, ...(desk.late ? [] : [{ type: 'done' as const, request }])];
  };
}

function withNote(
  notes: readonly NoteView[],
  { text, scope, prompt, replaces }: Extract<FromWebview, { type: 'saveNote' }>,
): NoteView[] {
  if (replaces === null) return [...notes, noteOn(prompt, text, { scope })];
  return notes.map((note) =>
    note.id === replaces ? { ...note, text: [{ text, link: null }], source: text, edited: true } : note,
  );
}

function without(notes: readonly NoteView[], id: string): NoteView[] {
  return notes.filter((note) => note.id !== id);
}
