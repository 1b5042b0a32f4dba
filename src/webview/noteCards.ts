/** Notes as they are read on both pages: newest first, their links alive, one's own to edit and retract. */
import * as l10n from '@vscode/l10n';
import type { Moment, NoteView, Segment } from '../protocol';
import { element, iconButton, linkButton } from './dom';
import { button } from './toolkit';

export interface NoteCardActions {
  edit(note: NoteView): void;
  retract(note: string): Promise<void>;
  follow(moment: Moment): void;
  /** What following a link does, for its tooltip. */
  readonly linkTitle: string;
}

export interface NoteCards {
  readonly element: HTMLElement;
  /** `editing`: the note that the editor holds. */
  update(notes: readonly NoteView[], editing: string | null): void;
}

export function noteCards(actions: NoteCardActions): NoteCards {
  const list = element('div', { class: 'notes-list', attributes: { role: 'list' } });
  let shown: readonly NoteView[] = [];
  let edited: string | null = null;
  let drawn = '';
  /** The note that waits for the answer whether it is to go. */
  let asking: string | null = null;
  let refused: { readonly note: string; readonly why: string } | null = null;

  const ask = (note: string | null): void => {
    const before = asking;
    asking = note;
    draw();
    const selector =
      note === null ? `[data-note="${CSS.escape(before ?? '')}"] .note-retract` : '.note-ask vscode-button';
    list.querySelector<HTMLElement>(selector)?.focus();
  };
  const retract = (note: string): void => {
    asking = null;
    refused = null;
    draw();
    actions.retract(note).catch((error: unknown) => {
      refused = { note, why: error instanceof Error ? error.message : String(error) };
      draw();
    });
  };

  const card = (note: NoteView): HTMLElement => {
    const heading = element('div', { class: 'note-heading' }, ...segments(note.heading, actions));
    if (note.edited) heading.append(' ', badge(l10n.t('edited')));
    if (note.earlierClip) heading.append(' ', badge(l10n.t('about an earlier clip')));
    const text = element('div', { class: 'note-text' }, ...segments(note.text, actions));
    const classes = `note${edited === note.id ? ' editing' : ''}`;
    const made = element('div', { class: classes, attributes: { role: 'listitem' } }, heading, text);
    made.dataset['note'] = note.id;
    if (asking === note.id) made.append(question(note.id));
    else if (note.own) {
      const change = iconButton('edit', l10n.t('Edit this note'), () => actions.edit(note));
      const remove = iconButton('trash', l10n.t('Retract this note'), () => ask(note.id));
      remove.classList.add('note-retract');
      made.append(element('div', { class: 'note-actions' }, change, remove));
    }
    if (refused?.note === note.id) {
      const why = l10n.t('Not retracted: {0}', refused.why);
      made.append(element('div', { class: 'note-failure', text: why, attributes: { role: 'alert' } }));
    }
    return made;
  };
  const question = (note: string): HTMLElement => {
    const words = l10n.t('Retract this note? It stays in the file, marked as retracted.');
    const yes = button({ label: l10n.t('Retract'), primary: true, onClick: () => retract(note) });
    const no = button({ label: l10n.t('Keep'), onClick: () => ask(null) });
    return element(
      'div',
      { class: 'note-ask', attributes: { role: 'group', 'aria-label': words } },
      element('span', { text: words }),
      yes.element,
      no.element,
    );
  };
  const draw = (): void => list.replaceChildren(...shown.toReversed().map(card));

  return {
    element: list,
    update: (all, editing) => {
      const key = JSON.stringify([all, editing]);
      if (key === drawn) return;
      drawn = key;
      shown = all;
      edited = editing;
      list.hidden = all.length === 0;
      draw();
    },
  };
}

function segments(parts: readonly Segment[], actions: NoteCardActions): (Node | string)[] {
  return parts.map(({ text, link }) => {
    if (link === null) return text;
    const made = linkButton(text, () => actions.follow(link));
    made.title = actions.linkTitle;
    return made;
  });
}

function badge(text: string): HTMLElement {
  return element('span', { class: 'badge', text });
}
