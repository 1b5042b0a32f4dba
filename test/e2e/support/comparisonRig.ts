/** The comparison page with a host that does what the extension does: reads clips, keeps notes, and lets a test interfere. */
import { expect, type Page } from '@playwright/test';
import type { ClipAnalysisView, ComparisonState, FromWebview, NoteView } from '../../../src/protocol';
import { openPage, type PageOptions, type PageRig } from './pageRig';
import { analysisOf, audioFile, comparison, noteOn, type ScenarioOptions } from './scenario';

export interface ComparisonOptions extends ScenarioOptions, Omit<PageOptions, 'host'> {
  readonly notes?: readonly NoteView[];
  /** Null: not found yet. */
  readonly analyse?: (clip: string) => ClipAnalysisView | null;
}

export interface ComparisonRig extends PageRig {
  /** What the host shows; to be changed and sent by a test. */
  state: ComparisonState;
  notes: readonly NoteView[];
  /** Said instead of saving or retracting a note; null: it is done. */
  refuse: string | null;
}

export async function openComparison(page: Page, options: ComparisonOptions = {}): Promise<ComparisonRig> {
  const { analyse = analysisOf } = options;
  const desk = { state: comparison(options), notes: options.notes ?? [], refuse: null as string | null };
  const host = async (message: FromWebview, rig: PageRig): Promise<void> => {
    if (message.type === 'ready') {
      await rig.send({ type: 'state', state: desk.state });
      await rig.send({ type: 'notes', notes: desk.notes });
    }
    if (message.type === 'analyse') {
      const clips = message.clips.map(analyse).filter((clip) => clip !== null);
      // In batches, as they are computed.
      for (let i = 0; i < clips.length; i += 30) {
        await rig.send({ type: 'analysis', clips: clips.slice(i, i + 30) });
      }
    }
    if (message.type === 'saveNote' || message.type === 'retractNote') {
      const { request } = message;
      if (desk.refuse !== null) {
        await rig.send({ type: 'failed', request, message: desk.refuse });
        return;
      }
      desk.notes =
        message.type === 'saveNote' ? withNote(desk.notes, message) : without(desk.notes, message.note);
      await rig.send({ type: 'notes', notes: desk.notes });
      await rig.send({ type: 'done', request });
    }
  };
  const rig = await openPage(page, 'comparison', { file: audioFile, ...options, host });
  await expect(page.getByRole('heading', { level: 1 })).not.toHaveText('');
  return Object.assign(desk, rig);
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
