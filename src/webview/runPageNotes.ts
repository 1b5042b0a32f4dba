/** Notes on the run: where one is written, and those that were. */
import * as l10n from '@vscode/l10n';
import type { Moment, NoteView, Segment } from '../protocol';
import { element, iconButton, linkButton, setText } from './dom';
import { button, textArea } from './toolkit';

export interface RunNoteActions {
  save(text: string, replaces: string | null): Promise<void>;
  retract(note: string): Promise<void>;
  follow(moment: Moment): void;
  /** Keeps what is being written through a reload of the page. */
  keepDraft(draft: RunDraft): void;
  openNotes(): void;
  pasteRemarks(): void;
}

export interface RunDraft {
  readonly text: string;
  /** The note that it edits. */
  readonly editing: string | null;
}

export interface RunNotes {
  readonly element: HTMLElement;
  update(notes: readonly NoteView[], notesPath: string): void;
  focus(): void;
}

export function runNotes(actions: RunNoteActions, draft: RunDraft): RunNotes {
  const area = textArea({
    label: l10n.t('Note on the run'),
    placeholder: l10n.t('What did this run teach you? What comes next?'),
    rows: 4,
  });
  const save = button({ label: l10n.t('Save'), icon: 'check', primary: true, onClick: () => void send() });
  const cancel = button({ label: l10n.t('Cancel edit'), onClick: () => begin({ text: '', editing: null }) });
  const failure = element('div', { class: 'note-failure', attributes: { role: 'alert' } });
  const status = element('div', { class: 'note-status', attributes: { role: 'status' } });
  const list = element('div', { class: 'notes-list' });
  const path = element('span', { class: 'notes-path' });
  let { editing } = draft;
  let saving = false;
  let shown: readonly NoteView[] = [];
  let asking: string | null = null;

  const refresh = (): void => {
    cancel.element.hidden = editing === null;
    save.setLabel(saving ? l10n.t('Saving…') : editing === null ? l10n.t('Save') : l10n.t('Save edit'));
    save.setDisabled(saving || area.value.trim() === '');
    for (const note of list.children)
      note.classList.toggle('editing', note.getAttribute('data-note') === editing);
  };
  const begin = (next: RunDraft): void => {
    area.value = next.text;
    ({ editing } = next);
    setText(failure, '');
    actions.keepDraft(next);
    refresh();
  };
  const send = async (): Promise<void> => {
    const text = area.value;
    if (saving || text.trim() === '') return;
    saving = true;
    setText(failure, '');
    setText(status, '');
    refresh();
    try {
      await actions.save(text, editing);
      // What was typed on while it was being saved is a new note.
      if (area.value === text) begin({ text: '', editing: null });
      setText(status, l10n.t('Saved'));
    } catch (error) {
      setText(failure, messageOf(error));
    }
    saving = false;
    refresh();
  };
  const retract = async (note: string): Promise<void> => {
    asking = null;
    drawList();
    try {
      await actions.retract(note);
    } catch (error) {
      setText(failure, messageOf(error));
    }
  };
  const ask = (note: string | null): void => {
    const before = asking;
    asking = note;
    drawList();
    const selector =
      note === null ? `[data-note="${CSS.escape(before ?? '')}"] .retract` : '.note-ask vscode-button';
    list.querySelector<HTMLElement>(selector)?.focus();
  };

  const item = (note: NoteView): HTMLElement => {
    const heading = element('div', { class: 'note-heading' }, ...segments(note.heading, actions));
    if (note.edited) heading.append(element('span', { class: 'badge', text: l10n.t('edited') }));
    const text = element('div', { class: 'note-text' }, ...segments(note.text, actions));
    const made = element('article', { class: 'note', attributes: { 'data-note': note.id } }, heading, text);
    if (asking === note.id) {
      const yes = button({ label: l10n.t('Retract'), primary: true, onClick: () => void retract(note.id) });
      const no = button({ label: l10n.t('Keep'), onClick: () => ask(null) });
      const question = l10n.t('Retract this note? It stays in the file, marked as retracted.');
      made.append(
        element('div', { class: 'note-ask' }, element('span', { text: question }), yes.element, no.element),
      );
    } else if (note.own) {
      const change = iconButton('edit', l10n.t('Edit this note'), () => {
        begin({ text: note.source, editing: note.id });
        area.focus();
      });
      const remove = iconButton('trash', l10n.t('Retract this note'), () => ask(note.id));
      remove.classList.add('retract');
      made.append(element('div', { class: 'note-actions' }, change, remove));
    }
    return made;
  };
  const drawList = (): void => {
    const none = l10n.t('No notes on this run yet.');
    list.replaceChildren(
      ...(shown.length > 0 ? shown.toReversed().map(item) : [element('p', { class: 'dim', text: none })]),
    );
    refresh();
  };

  area.value = draft.text;
  area.onInput(() => {
    setText(status, '');
    actions.keepDraft({ text: area.value, editing });
    refresh();
  });
  area.element.addEventListener('keydown', (event) => {
    // Enter that ends an input method's composition belongs to the input method.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    void send();
  });
  const hint = l10n.t('best, p3 and @0:12 become links. Enter saves, Shift+Enter starts a new line.');
  return {
    element: element(
      'section',
      { class: 'run-notes', attributes: { 'aria-labelledby': 'notes-title' } },
      element('h2', { text: l10n.t('Notes on the run'), attributes: { id: 'notes-title' } }),
      area.element,
      element('div', { class: 'note-controls' }, save.element, cancel.element, status),
      failure,
      element('p', { class: 'note-hint', text: hint }),
      list,
      element(
        'div',
        { class: 'notes-foot' },
        path,
        linkButton(l10n.t('Open notes'), () => actions.openNotes()),
        linkButton(l10n.t('Paste remarks…'), () => actions.pasteRemarks()),
      ),
    ),
    update: (notes, notesPath) => {
      setText(path, notesPath);
      path.title = notesPath;
      const same = JSON.stringify(notes) === JSON.stringify(shown);
      if (same && list.firstChild) return;
      shown = notes;
      drawList();
    },
    focus: () => area.focus(),
  };
}

function segments(parts: readonly Segment[], actions: RunNoteActions): (Node | string)[] {
  return parts.map(({ text, link }) => {
    if (link === null) return text;
    const made = linkButton(text, () => actions.follow(link));
    made.title = l10n.t('Hear this in the comparison');
    return made;
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
