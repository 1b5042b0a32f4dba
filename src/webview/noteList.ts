import * as l10n from '@vscode/l10n';
import type { NoteView, Segment } from '../protocol';
import type { Controls } from './controls';
import { changes, element, iconButton, linkButton } from './dom';
import { draftKey, type Page } from './state';
import { takeClass } from './takeColours';
import { colourOf } from './lane';
import { button } from './toolkit';

export interface NoteList {
  readonly element: HTMLElement;
  update(page: Page): void;
}

/** The notes of this prompt, then those on the evaluation and the run. Links play the moment they name. */
export function noteList(controls: Controls, focusEditor: () => void): NoteList {
  const here = element('div', { class: 'notes-list' });
  const general = element('div', { class: 'notes-list' });
  const generalTitle = element('h3', { text: l10n.t('On the evaluation and the run') });
  const none = element('div', {
    class: 'nothing',
    text: l10n.t('No notes on this prompt yet. Press N and write what you hear.'),
  });
  let page: Page | null = null;
  /** The note that waits for "Retract? Yes / No". */
  let asking: string | null = null;
  let refused: { readonly note: string; readonly why: string } | null = null;

  const edit = (note: NoteView): void => {
    const key = draftKey({ prompt: null, editing: note.id });
    if (page?.drafts[key] === undefined) {
      controls.dispatch({ type: 'draft', key, draft: { text: note.source, scope: note.scope } });
    }
    controls.dispatch({ type: 'edit', note: note.id });
    focusEditor();
  };
  const retract = (note: string): void => {
    controls.retractNote(note).then(
      () => undefined,
      (error: unknown) => {
        refused = { note, why: error instanceof Error ? error.message : String(error) };
        draw();
      },
    );
    asking = null;
    draw();
  };

  const item = (note: NoteView, shown: Page): HTMLElement => {
    const heading = element('div', { class: 'note-heading' }, ...segments(note.heading, shown, controls));
    if (note.edited) heading.append(badge(l10n.t('edited')));
    if (note.earlierClip) heading.append(badge(l10n.t('about an earlier clip')));
    const text = element('div', { class: 'note-text' }, ...segments(note.text, shown, controls));
    const made = element(
      'article',
      { class: `note${shown.editing === note.id ? ' editing' : ''}` },
      heading,
      text,
    );
    made.dataset['note'] = note.id;
    if (note.own) {
      const remove = iconButton('trash', l10n.t('Retract this note'), () => {
        asking = note.id;
        draw();
        here.parentElement?.querySelector<HTMLElement>('.note-ask vscode-button')?.focus();
      });
      const change = iconButton('edit', l10n.t('Edit this note'), () => edit(note));
      made.append(element('div', { class: 'note-actions' }, change, remove));
    }
    if (asking === note.id) made.append(question(note.id));
    if (refused?.note === note.id) {
      made.append(
        element('div', {
          class: 'note-failure',
          text: l10n.t('Not retracted: {0}', refused.why),
          attributes: { role: 'alert' },
        }),
      );
    }
    return made;
  };
  const question = (note: string): HTMLElement => {
    const yes = button({ label: l10n.t('Yes'), primary: true, onClick: () => retract(note) });
    const no = button({
      label: l10n.t('No'),
      onClick: () => {
        asking = null;
        draw();
      },
    });
    return element(
      'div',
      { class: 'note-ask', attributes: { role: 'group' } },
      element('span', { text: l10n.t('Retract this note? It stays in the file, marked as retracted.') }),
      element('div', {}, yes.element, no.element),
    );
  };
  const draw = (): void => {
    const shown = page;
    if (shown === null) return;
    const newestFirst = [...shown.notes].reverse();
    const onPrompt = newestFirst.filter((note) => note.prompt !== null && note.prompt === shown.prompt);
    const others = newestFirst.filter((note) => note.scope === 'evaluation' || note.scope === 'run');
    here.replaceChildren(...onPrompt.map((note) => item(note, shown)));
    general.replaceChildren(...others.map((note) => item(note, shown)));
    none.hidden = onPrompt.length > 0 || shown.prompt === null;
    generalTitle.hidden = !others.length;
  };

  const changed = changes();
  return {
    element: element('div', { class: 'notes-scroll' }, here, none, generalTitle, general),
    update: (next) => {
      page = next;
      const takes = (next.comparison?.takes ?? []).map((take) => take.id).join('\n');
      const isNew = changed(next.notes, next.prompt, next.editing, takes);
      if (isNew) draw();
    },
  };
}

function segments(parts: readonly Segment[], page: Page, controls: Controls): (Node | string)[] {
  return parts.map(({ text, link }) => {
    if (link === null) return text;
    const made = linkButton(text, () => controls.showMoment(link, true));
    made.title = l10n.t('Play this moment');
    if (link.take !== null && link.second === null)
      made.classList.add('take', takeClass(colourOf(page, link.take)));
    return made;
  });
}

function badge(text: string): HTMLElement {
  return element('span', { class: 'badge', text });
}
