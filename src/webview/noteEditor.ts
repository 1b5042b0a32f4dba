import * as l10n from '@vscode/l10n';
import { noteScopeOf } from './noteScope';
import type { Controls, NewNote } from './controls';
import { element, setText } from './dom';
import { level, shortClock } from './format';
import { currentPrompt, currentTake } from './lane';
import { draftKey, withDraft, type Draft, type Page } from './state';
import { button, dropdown, textArea } from './toolkit';

export interface NoteEditor {
  readonly element: HTMLElement;
  update(page: Page): void;
  focus(): void;
}

/** Saving, told apart by draft, so that a failure stays with the text it is about. */
type Saving = { readonly is: 'saving' } | { readonly is: 'failed'; readonly why: string };

/** Where a note is written. Its text is the page's draft: it survives whatever happens to the page or the disk. */
export function noteEditor(controls: Controls): NoteEditor {
  let page: Page | null = null;
  const saving = new Map<string, Saving>();
  /** Drafts that were to be saved while what stood before them still was. */
  const again = new Set<string>();

  const title = element('h2');
  const area = textArea({
    label: l10n.t('Note'),
    placeholder: l10n.t('What do you hear?'),
    rows: 4,
  });
  const about = dropdown(l10n.t('About'));
  const time = button({
    label: l10n.t('Insert the time'),
    icon: 'clockface',
    iconOnly: true,
    onClick: () => {
      area.insert(`@${shortClock(controls.position)} `);
      area.focus();
    },
  });
  const save = button({ label: l10n.t('Save'), icon: 'check', primary: true, onClick: () => send() });
  const cancel = button({ label: l10n.t('Cancel edit'), onClick: () => stopEditing() });
  const stretch = element('span', { class: 'note-stretch' });
  const status = element('div', { class: 'note-status', attributes: { role: 'status' } });
  const failure = element('div', { class: 'note-failure', attributes: { role: 'alert' } });
  const hint = element('div', { class: 'note-hint' });
  hint.append(
    ...marked(l10n.t('{0}, {1} and {2} become links.'), ['best', 'p3', '@0:12']),
    element('span', { text: ` ${l10n.t('Enter saves, Shift+Enter starts a new line.')}` }),
  );

  const draft = (): Draft => {
    const kept = page?.drafts[draftKey(page)];
    return kept ?? { text: '', scope: 'prompt' };
  };
  const keep = (next: Draft): void => {
    if (page === null) return;
    const blank = next.text === '' && next.scope === 'prompt' && page.editing === null;
    put(draftKey(page), blank ? null : next);
  };
  /** Known here at once: keys that are hit before the page is drawn anew must not go on in an older text. */
  const put = (key: string, next: Draft | null): void => {
    controls.dispatch({ type: 'draft', key, draft: next });
    if (page !== null) page = { ...page, drafts: withDraft(page.drafts, key, next) };
  };
  const stopEditing = (): void => {
    if (page === null || page.editing === null) return;
    controls.dispatch({ type: 'draft', key: draftKey(page), draft: null });
    controls.dispatch({ type: 'edit', note: null });
  };
  const send = (): void => {
    if (page === null || draft().text.trim() === '') return;
    const key = draftKey(page);
    const sent = draft();
    if (saving.get(key)?.is === 'saving') {
      again.add(key);
      return;
    }
    saving.set(key, { is: 'saving' });
    status.textContent = '';
    show();
    controls.saveNote(newNote(page, sent)).then(
      () => saved(key, sent),
      (error: unknown) => {
        again.delete(key);
        saving.set(key, { is: 'failed', why: error instanceof Error ? error.message : String(error) });
        show();
      },
    );
  };
  const saved = (key: string, sent: Draft): void => {
    saving.delete(key);
    const kept = page?.drafts[key];
    // What was typed on while it was being saved is a new draft.
    const rest =
      kept?.text.startsWith(sent.text) === true ? kept.text.slice(sent.text.length).trimStart() : null;
    if (kept !== undefined && rest !== null) put(key, rest === '' ? null : { ...kept, text: rest });
    if (page !== null && key === `note:${page.editing}`) controls.dispatch({ type: 'edit', note: null });
    setText(status, l10n.t('Saved in {0}', page?.comparison?.notesPath ?? ''));
    show();
    if (again.delete(key) && page !== null && draftKey(page) === key) send();
  };

  const show = (): void => {
    if (page === null) return;
    const { text, scope } = draft();
    const state = saving.get(draftKey(page));
    area.value = text;
    about.value = scope;
    about.setChoices(scopes(page));
    about.setDisabled(page.editing !== null);
    setText(title, headingOf(page));
    cancel.element.hidden = page.editing === null;
    save.setLabel(
      state?.is === 'saving' ? l10n.t('Saving…') : state?.is === 'failed' ? l10n.t('Retry') : l10n.t('Save'),
    );
    save.setDisabled(state?.is === 'saving' || text.trim() === '' || page.prompt === null);
    failure.hidden = state?.is !== 'failed';
    setText(failure, state?.is === 'failed' ? l10n.t('Not saved: {0}', state.why) : '');
    const seconds = secondsOf(page, scope);
    stretch.hidden = seconds === null || page.editing !== null;
    setText(
      stretch,
      seconds === null ? '' : l10n.t('with the loop {0}–{1} s', level(seconds[0]), level(seconds[1])),
    );
    status.hidden = status.textContent === '';
  };

  area.onInput(() => {
    status.textContent = '';
    keep({ ...draft(), text: area.value });
  });
  about.onChange(() => keep({ ...draft(), scope: noteScopeOf(about.value) }));
  area.element.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    }
    // Enter that ends an input method's composition belongs to the input method.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });

  return {
    element: element(
      'section',
      { class: 'note-editor', attributes: { 'aria-label': l10n.t('Write a note') } },
      title,
      area.element,
      element(
        'div',
        { class: 'note-controls' },
        element('span', { class: 'dim', text: l10n.t('About'), attributes: { 'aria-hidden': 'true' } }),
        about.element,
        time.element,
      ),
      stretch,
      failure,
      element('div', { class: 'note-controls' }, hint, cancel.element, save.element),
      status,
    ),
    update: (next) => {
      if (page !== null && draftKey(page) !== draftKey(next)) status.textContent = '';
      page = next;
      show();
    },
    focus: () => area.focus(),
  };
}

function newNote(page: Page, { text, scope }: Draft): NewNote {
  const edited = page.notes.find((note) => note.id === page.editing);
  if (edited !== undefined) {
    return {
      text,
      scope: edited.scope,
      prompt: edited.prompt,
      take: page.take,
      seconds: null,
      replaces: edited.id,
    };
  }
  const prompt = scope === 'prompt' || scope === 'take' ? page.prompt : null;
  return { text, scope, prompt, take: page.take, seconds: secondsOf(page, scope), replaces: null };
}

/** The loop that is on: a note written while it plays is about that stretch. */
function secondsOf({ loop }: Page, scope: Draft['scope']): [number, number] | null {
  return loop?.on === true && (scope === 'prompt' || scope === 'take') ? [loop.from, loop.to] : null;
}

function headingOf(page: Page): string {
  if (page.editing !== null) return l10n.t('Edit a note');
  const prompt = currentPrompt(page);
  return prompt === undefined ? l10n.t('Notes') : l10n.t('Notes on prompt {0}', prompt.number);
}

function scopes(page: Page): readonly (readonly [string, string])[] {
  const take = currentTake(page);
  return [
    ['take', l10n.t('this take: {0}', take?.label ?? '–')],
    ['prompt', l10n.t('this prompt')],
    ['evaluation', l10n.t('the evaluation: {0}', take?.evaluation ?? '–')],
    ['run', l10n.t('the run: {0}', take?.run ?? '–')],
  ];
}

/** A sentence with its `{n}` set as code. */
function marked(sentence: string, names: readonly string[]): Node[] {
  return sentence.split(/\{(\d)\}/u).map((part, i) => {
    if (i % 2 === 0) return document.createTextNode(part);
    return element('code', { text: names[Number(part)] ?? '' });
  });
}
