/** Notes → what a page shows of them, every link resolved to the ids of that page. */
import * as l10n from '@vscode/l10n';
import type { Moment, NoteView, Segment } from '../protocol';
import { scopeOf } from './compose';
import { formatSeconds, linkedSeconds, parseLinks, type LinkContext } from './links';
import type { Note } from './note';

export interface NoteViewContext {
  /** Whose page it is. */
  readonly rater: string;
  /** What the text of this note can name, from where the note stands (its own run's `best` is plain `best`). */
  linksOf(note: Note): LinkContext;
  /** TakeView.id of a name in a note of this run and evaluation; null when the page does not show it. */
  takeId(note: Note, take: string): string | null;
  /** PromptView.id of a prompt id; null when the page does not show it. */
  promptId(note: Note, prompt: string): string | null;
  /** PromptView.id of `p3`, as the prompts of the note's evaluation are counted. */
  promptIdByNumber(note: Note, number: number): string | null;
  /** sha256 of the clip that is there now; null when not known (yet). */
  hashNow(note: Note, take: string): string | null;
  /** Name of the run, where the page shows several; else null. */
  runName(note: Note): string | null;
  /** `14:02`, `23 Nov, 14:02`. */
  formatTime(at: Date): string;
}

/** In the order of the notes given. */
export function noteViews(notes: readonly Note[], context: NoteViewContext): NoteView[] {
  return notes.map((note) => ({
    id: note.id,
    scope: scopeOf(note),
    prompt: promptOf(note, context),
    heading: headingOf(note, context),
    text: textOf(note, context),
    source: note.text,
    own: note.by === context.rater,
    edited: note.edited,
    earlierClip: Object.entries(note.clipSha256).some(([take, heard]) => {
      const now = context.hashNow(note, take);
      return now !== null && now !== heard;
    }),
  }));
}

function promptOf(note: Note, context: NoteViewContext): string | null {
  return note.prompt === null ? null : context.promptId(note, note.prompt);
}

/**
 * A link leads to the whole moment the writer meant: a time belongs to the take named before it in the text, else to the take
 * the note is on; everything to the prompt named before it, else to the note's.
 */
function textOf(note: Note, context: NoteViewContext): Segment[] {
  const only = note.takes.length === 1 ? note.takes[0] : undefined;
  let take = only === undefined ? null : context.takeId(note, only);
  let prompt = promptOf(note, context);
  return parseLinks(note.text, context.linksOf(note)).map(({ text, link }) => {
    if (!link) return { text, link };
    if (link.kind === 'time') return { text, link: { take, prompt, second: link.from } };
    if (link.kind === 'prompt') {
      prompt = context.promptIdByNumber(note, link.number);
      return { text, link: prompt === null ? null : { take: null, prompt, second: null } };
    }
    take = context.takeId(note, link.take);
    return { text, link: take === null ? null : { take, prompt, second: null } };
  });
}

/** `Bob · 14:02 · on best @0:12`. */
function headingOf(note: Note, context: NoteViewContext): Segment[] {
  const at = new Date(note.at);
  const when = Number.isNaN(at.getTime()) ? note.at : context.formatTime(at);
  const run = context.runName(note);
  const words = [
    ...(note.by === context.rater ? [] : [note.by]),
    ...(run === null ? [] : [run]),
    when,
    ...(note.rewords === null ? [] : [l10n.t('instead of a note by {0}', note.rewords)]),
  ];
  return [{ text: words.join(' · '), link: null }, ...subjectOf(note, context)];
}

function subjectOf(note: Note, context: NoteViewContext): Segment[] {
  const scope = scopeOf(note);
  if (scope === 'run') return [{ text: ` · ${l10n.t('on the run')}`, link: null }];
  if (scope === 'evaluation') return [{ text: ` · ${l10n.t('on the evaluation')}`, link: null }];
  const prompt = promptOf(note, context);
  const segments: Segment[] = [];
  if (note.takes.length > 0) {
    // The translation decides where in the phrase the names stand.
    const [before = '', after = ''] = l10n.t('on {0}', '\u0000').split('\u0000');
    segments.push({ text: ` · ${before}`, link: null });
    note.takes.forEach((take, index) => {
      const id = context.takeId(note, take);
      if (index > 0) segments.push({ text: ', ', link: null });
      segments.push({ text: take, link: id === null ? null : { take: id, prompt, second: null } });
    });
    if (after !== '') segments.push({ text: after, link: null });
  }
  const inText = linkedSeconds(parseLinks(note.text, context.linksOf(note)));
  if (note.seconds && !inText) {
    const only = note.takes.length === 1 ? note.takes[0] : undefined;
    const take = only === undefined ? null : context.takeId(note, only);
    const moment: Moment = { take, prompt, second: note.seconds[0] };
    segments.push({ text: ' · ', link: null }, { text: formatSeconds(note.seconds), link: moment });
  }
  return segments;
}
