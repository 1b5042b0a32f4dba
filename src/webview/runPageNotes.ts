/** Notes on the run: where one is written, and those that were. */
import * as l10n from '@vscode/l10n';
import type { Moment, NoteView } from '../protocol';
import { element, linkButton, setText } from './dom';
import { noteCards } from './noteCards';
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
  /** Of a new note. It waits while another is edited. */
  readonly text: string;
  readonly editing: { readonly note: string; readonly text: string } | null;
}

export interface RunNotes {
  readonly element: HTMLElement;
  update(notes: readonly NoteView[], notesPath: string): void;
  focus(): void;
}

export function runNotes(actions: RunNoteActions, saved: RunDraft): RunNotes {
  const area = textArea({
    label: l10n.t('Note on the run'),
    placeholder: l10n.t('What did this run teach you? What comes next?'),
    rows: 4,
  });
  const save = button({ label: l10n.t('Save'), icon: 'check', primary: true, onClick: () => void send() });
  const cancel = button({ label: l10n.t('Cancel edit'), onClick: () => write({ ...draft, editing: null }) });
  const failure = element('div', { class: 'note-failure', attributes: { role: 'alert' } });
  const status = element('div', { class: 'note-status', attributes: { role: 'status' } });
  const path = element('span', { class: 'notes-path' });
  let draft = saved;
  let saving = false;
  let shown: readonly NoteView[] = [];

  const refresh = (): void => {
    const { editing } = draft;
    area.value = editing?.text ?? draft.text;
    cancel.element.hidden = editing === null;
    save.setLabel(saving ? l10n.t('Saving…') : editing === null ? l10n.t('Save') : l10n.t('Save edit'));
    save.setDisabled(saving || area.value.trim() === '');
    list.update(shown, editing?.note ?? null);
  };
  const write = (next: RunDraft): void => {
    draft = next;
    setText(failure, '');
    actions.keepDraft(next);
    refresh();
  };
  const send = async (): Promise<void> => {
    const { text, editing } = draft;
    const sent = editing?.text ?? text;
    if (saving || sent.trim() === '') return;
    saving = true;
    setText(failure, '');
    setText(status, '');
    refresh();
    try {
      await actions.save(sent, editing?.note ?? null);
      // What was typed on while it was being saved stays.
      if (editing === null && draft.text === sent) write({ ...draft, text: '' });
      if (editing !== null && draft.editing?.note === editing.note && draft.editing.text === sent) {
        write({ ...draft, editing: null });
      }
      setText(status, l10n.t('Saved'));
    } catch (error) {
      setText(failure, messageOf(error));
    }
    saving = false;
    refresh();
  };
  const list = noteCards({
    edit: (note) => {
      if (draft.editing?.note !== note.id) {
        write({ ...draft, editing: { note: note.id, text: note.source } });
      }
      area.focus();
    },
    retract: (note) => actions.retract(note),
    follow: (moment) => actions.follow(moment),
    linkTitle: l10n.t('Hear this in the comparison'),
  });
  const none = element('p', { class: 'dim', text: l10n.t('No notes on this run yet.') });

  area.onInput(() => {
    setText(status, '');
    const text = area.value;
    const { editing } = draft;
    write(editing === null ? { ...draft, text } : { ...draft, editing: { ...editing, text } });
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
      list.element,
      none,
      element(
        'div',
        { class: 'notes-foot' },
        path,
        linkButton(l10n.t('Open notes'), () => actions.openNotes()),
        linkButton(l10n.t('Paste remarks…'), () => actions.pasteRemarks()),
      ),
    ),
    update: (all, notesPath) => {
      setText(path, notesPath);
      path.title = notesPath;
      const { editing } = draft;
      const before = shown.find((note) => note.id === editing?.note);
      shown = all;
      // The note is gone from under its edit: what was changed in it becomes a new one.
      if (before !== undefined && editing !== null && !all.some((note) => note.id === editing.note)) {
        const kept = editing.text === before.source ? [] : [editing.text];
        write({ text: [draft.text, ...kept].filter((text) => text !== '').join('\n'), editing: null });
      }
      none.hidden = all.length > 0;
      refresh();
    },
    focus: () => area.focus(),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
