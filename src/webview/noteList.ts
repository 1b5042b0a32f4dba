import * as l10n from '@vscode/l10n';
import type { Moment, NoteView } from '../protocol';
import type { Controls } from './controls';
import { changes, element } from './dom';
import { noteCards } from './noteCards';
import { draftKey, type Page } from './state';

export interface NoteList {
  readonly element: HTMLElement;
  update(page: Page): void;
}

/** The notes of this prompt, then those on the evaluation and the run. Links play the moment they name. */
export function noteList(controls: Controls, focusEditor: () => void): NoteList {
  let page: Page | null = null;
  const edit = (note: NoteView): void => {
    const key = draftKey({ prompt: null, editing: note.id });
    if (page?.drafts[key] === undefined) {
      controls.dispatch({ type: 'draft', key, draft: { text: note.source, scope: note.scope } });
    }
    controls.dispatch({ type: 'edit', note: note.id });
    focusEditor();
  };
  const actions = {
    edit,
    retract: (note: string) => controls.retractNote(note),
    follow: (moment: Moment) => controls.showMoment(moment, true),
    linkTitle: l10n.t('Play this moment'),
  };
  const here = noteCards(actions);
  const general = noteCards(actions);
  const generalTitle = element('h3', { text: l10n.t('On the evaluation and the run') });
  const none = element('div', {
    class: 'nothing',
    text: l10n.t('No notes on this prompt yet. Press N and write what you hear.'),
  });

  const changed = changes();
  return {
    element: element('div', { class: 'notes-scroll' }, here.element, none, generalTitle, general.element),
    update: (next) => {
      page = next;
      if (!changed(next.notes, next.prompt, next.editing)) return;
      const onPrompt = next.notes.filter((note) => note.prompt !== null && note.prompt === next.prompt);
      const others = next.notes.filter((note) => note.scope === 'evaluation' || note.scope === 'run');
      here.update(onPrompt, next.editing);
      general.update(others, next.editing);
      none.hidden = onPrompt.length > 0 || next.prompt === null;
      generalTitle.hidden = others.length === 0;
    },
  };
}
