/** The page of one run: puts the parts together and keeps them up to date. */
import * as l10n from '@vscode/l10n';
import type { NoteView, RunState } from '../protocol';
import { element } from './dom';
import type { Host } from './host';
import { problems } from './problems';
import { lossSection } from './runPageLoss';
import { runNotes, type RunDraft } from './runPageNotes';
import * as parts from './runPageSections';

/** Draws into `root`, from the host's messages. */
export function runPage(root: HTMLElement, host: Host, language: string): void {
  let draft = draftOf(host.saved);
  let restore: object = {};
  let state: RunState | null = null;

  const loss = lossSection(language);
  const troubles = problems();
  const notes = runNotes(
    {
      save: (text, replaces) =>
        host.ask({ type: 'saveNote', text, scope: 'run', prompt: null, take: null, seconds: null, replaces }),
      retract: (note) => host.ask({ type: 'retractNote', note }),
      follow: (moment) => host.post({ type: 'follow', moment }),
      keepDraft: (next) => {
        draft = next;
        host.save({ restore, draft });
      },
      openNotes: () => host.post({ type: 'openNotes' }),
      pasteRemarks: () => host.post({ type: 'pasteRemarks' }),
    },
    draft,
  );

  const open = (evaluation: string): void => host.post({ type: 'openEvaluation', evaluation });
  const copy = (text: string): void => host.post({ type: 'copyText', text });
  const head = slot(
    ({ name, label, status, statusText, model }) => [name, label, status, statusText, model],
    (shown) => parts.header(shown),
  );
  const body = [
    slot(
      (shown) => shown.evaluations,
      (shown) => parts.evaluations(shown, open),
    ),
    loss,
    slot(
      ({ parent, hyperparameters }) => [parent, hyperparameters],
      (shown) => parts.parent(shown, language),
    ),
    slot(
      (shown) => shown.checkpoints,
      (shown) => parts.checkpoints(shown, language),
    ),
    slot(
      (shown) => shown.command,
      (shown) => parts.command(shown, copy),
    ),
    slot(
      ({ hyperparameters, data, environment }) => [hyperparameters, data, environment],
      (shown) => parts.facts(shown, language),
    ),
  ];
  const page = element(
    'main',
    { class: 'run-page' },
    head.element,
    troubles.element,
    element(
      'div',
      { class: 'run-columns' },
      element('div', { class: 'run-body' }, ...body.map((one) => one.element)),
      element('aside', { class: 'run-side' }, notes.element),
    ),
  );
  const waiting = element('p', { class: 'dim waiting', text: l10n.t('Reading the run…') });
  page.hidden = true;
  root.replaceChildren(waiting, page);

  const show = (next: RunState): void => {
    waiting.remove();
    page.hidden = false;
    state = next;
    restore = next.restore;
    host.save({ restore, draft });
    document.title = next.name;
    head.update(next);
    troubles.update(next.problems);
    for (const one of body) one.update(next);
    showNotes(next.notes);
  };
  const showNotes = (list: readonly NoteView[]): void => {
    if (state !== null) notes.update(list, state.notesPath);
  };

  host.onMessage((message) => {
    if (message.type === 'state' && message.state.kind === 'run') show(message.state);
    if (message.type === 'notes') showNotes(message.notes);
    if (message.type === 'focusNote') notes.focus();
  });
  host.post({ type: 'ready' });
}

/** A place that is drawn anew only when what it shows has changed, so that focus and selection stay. */
function slot(
  inputs: (state: RunState) => unknown,
  draw: (state: RunState) => HTMLElement | null,
): { readonly element: HTMLElement; update(state: RunState): void } {
  const place = element('div', { class: 'slot' });
  let drawn = '';
  return {
    element: place,
    update: (state) => {
      const key = JSON.stringify(inputs(state));
      if (key === drawn) return;
      drawn = key;
      const content = draw(state);
      place.replaceChildren(...(content ? [content] : []));
    },
  };
}

function draftOf(saved: unknown): RunDraft {
  const draft = field(saved, 'draft');
  const editing = field(draft, 'editing');
  const [text, note, edit] = [field(draft, 'text'), field(editing, 'note'), field(editing, 'text')];
  return {
    text: typeof text === 'string' ? text : '',
    editing: typeof note === 'string' && typeof edit === 'string' ? { note, text: edit } : null,
  };
}

function field(from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null
    ? (Object.getOwnPropertyDescriptor(from, name)?.value as unknown)
    : undefined;
}
