import type { ComparisonState, NoteScope, NoteView } from '../protocol';
import { indexComparison, type ComparisonIndex } from './comparisonIndex';

export interface Loop {
  /** Seconds. */
  readonly from: number;
  readonly to: number;
  /** It loops; else it is only marked. */
  readonly on: boolean;
}

export interface Filter {
  readonly text: string;
  /** Only prompts with a clip that was not heard. */
  readonly unheard: boolean;
}

/** A note that is being written. */
export interface Draft {
  readonly text: string;
  readonly scope: NoteScope;
}

/** All that the page shows, but for the sound (Playback) and what clips contain (analyses). */
export interface Page {
  /** Null until the host has sent it. */
  readonly comparison: ComparisonState | null;
  readonly index: ComparisonIndex;
  readonly notes: readonly NoteView[];
  /** PromptView.id and TakeView.id of what is looked at; null only while there are none. */
  readonly prompt: string | null;
  readonly take: string | null;
  /** TakeView.ids of lanes put away. */
  readonly hidden: ReadonlySet<string>;
  readonly filter: Filter;
  readonly loop: Loop | null;
  readonly loudnessMatch: boolean;
  /** ClipView.ids that were heard here and that the host may not have confirmed yet. */
  readonly heardHere: ReadonlySet<string>;
  /** ClipView.id → why it can't be played, as the audio engine found. */
  readonly unplayable: ReadonlyMap<string, string>;
  readonly overview: boolean;
  /** Draft key (see `draftKey`) → what was typed and not saved. */
  readonly drafts: Readonly<Record<string, Draft>>;
  /** NoteView.id of the note that the editor holds for a change. */
  readonly editing: string | null;
}

export type Action =
  | { readonly type: 'state'; readonly comparison: ComparisonState }
  | { readonly type: 'notes'; readonly notes: readonly NoteView[] }
  | { readonly type: 'go'; readonly prompt?: string | null; readonly take?: string | null }
  | { readonly type: 'filter'; readonly filter: Filter }
  | { readonly type: 'loop'; readonly loop: Loop | null }
  | { readonly type: 'match'; readonly on: boolean }
  | { readonly type: 'hide'; readonly take: string; readonly hidden: boolean }
  | { readonly type: 'overview'; readonly open: boolean }
  | { readonly type: 'heard'; readonly clip: string }
  | { readonly type: 'unplayable'; readonly clip: string; readonly message: string }
  | { readonly type: 'draft'; readonly key: string; readonly draft: Draft | null }
  | { readonly type: 'edit'; readonly note: string | null };

export const emptyPage: Page = {
  comparison: null,
  index: indexComparison(null),
  notes: [],
  prompt: null,
  take: null,
  hidden: new Set(),
  filter: { text: '', unheard: false },
  loop: null,
  loudnessMatch: true,
  heardHere: new Set(),
  unplayable: new Map(),
  overview: false,
  drafts: {},
  editing: null,
};

export function reduce(page: Page, action: Action): Page {
  switch (action.type) {
    case 'state':
      return withComparison(page, action.comparison);
    case 'notes':
      return withNotes(page, action.notes);
    case 'go':
      return go(page, action.prompt ?? page.prompt, action.take ?? page.take);
    case 'filter':
      return { ...page, filter: action.filter };
    case 'loop':
      return { ...page, loop: action.loop };
    case 'match':
      return { ...page, loudnessMatch: action.on };
    case 'hide':
      return hide(page, action.take, action.hidden);
    case 'overview':
      return { ...page, overview: action.open };
    case 'heard':
      return page.heardHere.has(action.clip)
        ? page
        : { ...page, heardHere: new Set(page.heardHere).add(action.clip) };
    case 'unplayable':
      return { ...page, unplayable: new Map(page.unplayable).set(action.clip, action.message) };
    case 'draft':
      return { ...page, drafts: withDraft(page.drafts, action.key, action.draft) };
    case 'edit':
      return { ...page, editing: action.note };
  }
}

/** Where the editor's text is kept: by prompt, so that it never ends up on another; by note while one is changed. */
export function draftKey(page: Pick<Page, 'prompt' | 'editing'>): string {
  return page.editing === null ? `prompt:${page.prompt ?? ''}` : `note:${page.editing}`;
}

function withComparison(page: Page, comparison: ComparisonState): Page {
  const before = page.comparison;
  const index = indexComparison(comparison);
  const takes = comparison.takes.map((take) => take.id);
  const stillHidden = takes.filter((take) => page.hidden.has(take));
  const hidden = new Set(stillHidden.length < takes.length ? stillHidden : []);
  const seen = takes.filter((take) => !hidden.has(take));
  const place = page.prompt === null ? 0 : (page.index.promptAt.get(page.prompt) ?? 0);
  const prompt =
    page.prompt !== null && index.promptAt.has(page.prompt)
      ? page.prompt
      : (comparison.prompts[Math.min(place, comparison.prompts.length - 1)]?.id ?? null);
  return {
    ...page,
    comparison,
    index,
    prompt,
    take: page.take !== null && seen.includes(page.take) ? page.take : (seen[0] ?? null),
    hidden,
    // A change of the setting counts; the same setting once more leaves what was chosen with the key.
    loudnessMatch:
      before !== null && before.loudnessMatch !== comparison.loudnessMatch
        ? comparison.loudnessMatch
        : page.loudnessMatch,
    // What the host has confirmed, and what changed on disk since, need not be remembered here.
    heardHere: new Set([...page.heardHere].filter((clip) => index.clips.get(clip)?.heard === false)),
    unplayable: new Map([...page.unplayable].filter(([clip]) => index.clips.has(clip))),
  };
}

function withNotes(page: Page, notes: readonly NoteView[]): Page {
  const { editing, prompt, drafts } = page;
  if (editing === null || notes.some((note) => note.id === editing)) return { ...page, notes };
  // The note is gone from under its edit: what was changed in it becomes a new one.
  const before = page.notes.find((note) => note.id === editing);
  const edit = drafts[draftKey(page)];
  const key = draftKey({ prompt: before?.prompt ?? prompt, editing: null });
  const texts = [
    drafts[key]?.text ?? '',
    edit === undefined || edit.text === before?.source ? '' : edit.text,
  ];
  const text = texts.filter((part) => part !== '').join('\n');
  const scope = drafts[key]?.scope ?? edit?.scope ?? 'prompt';
  const others = withDraft(drafts, draftKey(page), null);
  return {
    ...page,
    notes,
    editing: null,
    drafts: withDraft(others, key, text === '' ? null : { text, scope }),
  };
}

function go(page: Page, prompt: string | null, take: string | null): Page {
  const toPrompt = prompt !== null && page.index.promptAt.has(prompt) ? prompt : page.prompt;
  const toTake = take !== null && page.index.takeAt.has(take) ? take : page.take;
  if (toPrompt === page.prompt && toTake === page.take) return page;
  const hidden =
    toTake !== null && page.hidden.has(toTake)
      ? new Set([...page.hidden].filter((id) => id !== toTake))
      : page.hidden;
  // A clip that could not be played is tried again when it is come back to.
  const unplayable = toPrompt === page.prompt ? page.unplayable : new Map<string, string>();
  return { ...page, prompt: toPrompt, take: toTake, hidden, unplayable };
}

function hide(page: Page, take: string, hide: boolean): Page {
  const hidden = new Set(page.hidden);
  if (hide) hidden.add(take);
  else hidden.delete(take);
  const seen = (page.comparison?.takes ?? []).filter(({ id }) => !hidden.has(id));
  if (!seen.length) return page;
  const kept = seen.some(({ id }) => id === page.take);
  return { ...page, hidden, take: kept ? page.take : (seen[0]?.id ?? null) };
}

export function withDraft(drafts: Page['drafts'], key: string, draft: Draft | null): Page['drafts'] {
  const others = Object.fromEntries(Object.entries(drafts).filter(([other]) => other !== key));
  return draft === null ? others : { ...others, [key]: draft };
}
