import * as l10n from '@vscode/l10n';
import type { PromptView } from '../protocol';
import type { Controls } from './controls';
import { changes, element, icon, setText } from './dom';
import { isHeard, lanesOf, shownTakes } from './lane';
import { filteredPrompts } from './navigate';
import { draftKey, type Page } from './state';
import { takeClass } from './takeColours';
import { checkbox, textField } from './toolkit';
import { virtualList } from './virtualList';

export interface PromptList {
  readonly element: HTMLElement;
  update(page: Page): void;
  focusFilter(): void;
}

const ROW_PIXELS = 46;

/** All prompts, with a dot a take that fills when it was heard. Only the rows in view exist. */
export function promptList(controls: Controls): PromptList {
  let page: Page | null = null;
  let shown: readonly PromptView[] = [];

  const filter = textField({ label: l10n.t('Filter prompts'), placeholder: l10n.t('Filter prompts…') });
  const unheard = checkbox(l10n.t('Unheard only'));
  const applyFilter = (): void =>
    controls.dispatch({ type: 'filter', filter: { text: filter.value, unheard: unheard.checked } });
  filter.onInput(applyFilter);
  unheard.onChange(applyFilter);
  const count = element('span', { class: 'dim', attributes: { role: 'status' } });
  const list = element('div', {
    class: 'prompt-list',
    attributes: { role: 'listbox', tabindex: '0', 'aria-label': l10n.t('Prompts') },
  });
  const nothing = element('div', { class: 'nothing', text: l10n.t('No prompt passes this filter.') });
  nothing.hidden = true;
  const fold = element('summary', {}, element('span', { text: l10n.t('Prompts') }));
  const whole = element(
    'details',
    { class: 'prompts', attributes: { open: '' } },
    fold,
    element(
      'div',
      { class: 'filter' },
      filter.element,
      element('div', { class: 'filter-row' }, unheard.element, count),
    ),
    nothing,
    list,
  );

  const rows = virtualList({
    scroller: list,
    estimate: ROW_PIXELS,
    render: (index, row) => {
      const made = row ?? promptRow(controls);
      const prompt = shown[index];
      if (prompt !== undefined && page !== null) fillRow(made, prompt, page, index, shown.length);
      return made;
    },
  });
  list.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (step === undefined || page === null || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const at = shown.findIndex((prompt) => prompt.id === page?.prompt);
    const next = shown[Math.min(shown.length - 1, Math.max(0, at + step))];
    if (next !== undefined) controls.choosePrompt(next.id);
  });

  const [listChanged, rowsChanged, placeChanged] = [changes(), changes(), changes()];
  const follow = (prompt: string | null): void => {
    const at = shown.findIndex(({ id }) => id === prompt);
    if (at < 0) list.removeAttribute('aria-activedescendant');
    else {
      rows.scrollTo(at);
      list.setAttribute('aria-activedescendant', `prompt-${at}`);
    }
  };

  return {
    element: whole,
    update: (next) => {
      page = next;
      filter.value = next.filter.text;
      unheard.checked = next.filter.unheard;
      const { comparison, prompt, heardHere, hidden, drafts } = next;
      // Being heard does not take a prompt out of the list at once: it would go from under the listener's hands.
      if (listChanged(next.filter, comparison, hidden)) shown = filteredPrompts(next);
      if (rowsChanged(shown, comparison, prompt, heardHere, hidden, drafts)) {
        const total = comparison?.prompts.length ?? 0;
        const dots = shownTakes(next).length;
        list.style.setProperty('--dots', String(dots > 5 ? Math.ceil(dots / 2) : dots));
        nothing.hidden = shown.length > 0 || total === 0;
        setText(count, shown.length === total ? '' : l10n.t('{0} of {1}', shown.length, total));
        rows.update(shown.length);
      }
      if (placeChanged(prompt, next.filter, shown.length > 0)) follow(prompt);
    },
    focusFilter: () => {
      whole.open = true;
      filter.focus();
    },
  };
}

function promptRow(controls: Controls): HTMLElement {
  const row = element(
    'div',
    { class: 'prompt', attributes: { role: 'option' } },
    element('span', { class: 'prompt-number' }),
    // Not seen, but it keeps number and words apart for who compares what is said with what is shown.
    ' ',
    element('span', { class: 'prompt-text' }),
    element('span', { class: 'prompt-marks' }),
  );
  row.addEventListener('click', () => controls.choosePrompt(row.dataset['prompt'] ?? ''));
  return row;
}

function fillRow(row: HTMLElement, prompt: PromptView, page: Page, index: number, total: number): void {
  const [number, text, marks] = [...row.children];
  if (!(number instanceof HTMLElement) || !(text instanceof HTMLElement) || marks === undefined) return;
  row.id = `prompt-${index}`;
  row.dataset['prompt'] = prompt.id;
  row.title = prompt.text;
  row.setAttribute('aria-selected', String(prompt.id === page.prompt));
  row.setAttribute('aria-posinset', String(index + 1));
  row.setAttribute('aria-setsize', String(total));
  setText(number, String(prompt.number));
  setText(text, prompt.text === '' ? l10n.t('(words unknown)') : prompt.text);
  const lanes = lanesOf(page, prompt.id);
  const present = lanes.filter(({ clip }) => clip !== undefined && clip.uri !== null);
  const heard = present.filter(({ clip }) => clip !== undefined && isHeard(page, clip));
  const written = page.drafts[draftKey({ prompt: prompt.id, editing: null })] !== undefined;
  row.setAttribute(
    'aria-label',
    [
      `${prompt.number}: ${prompt.text}`,
      l10n.t('heard {0} / {1}', heard.length, present.length),
      ...(written ? [l10n.t('unsaved note')] : []),
    ].join(', '),
  );
  marks.replaceChildren(
    ...lanes.map((lane) => {
      const state =
        lane.clip === undefined || lane.clip.uri === null
          ? 'absent'
          : isHeard(page, lane.clip)
            ? 'heard'
            : '';
      return element('i', { class: `dot ${takeClass(lane.colour)} ${state}` });
    }),
    ...(written ? [icon('edit')] : []),
  );
}
