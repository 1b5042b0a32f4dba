/** The parts of a run's page, each drawn anew from the state when what it shows has changed. */
import * as l10n from '@vscode/l10n';
import type { RunState } from '../protocol';
import { element, icon } from './dom';
import { commandLine, differences, formatValue, sortedNames } from './runPageDiff';
import { button } from './toolkit';

const STATUS_ICONS: Readonly<Record<RunState['status']['kind'], string>> = {
  training: 'sync',
  silent: 'question',
  completed: 'pass-filled',
  stopped: 'debug-stop',
  failed: 'error',
  unknown: 'circle-outline',
};

export function header(state: RunState): HTMLElement {
  const status = element(
    'span',
    { class: `status ${state.status.kind}` },
    icon(STATUS_ICONS[state.status.kind]),
    element('span', { text: state.statusText }),
  );
  const facts = element('div', { class: 'run-facts' }, status);
  if (state.model !== null) facts.append(element('span', { class: 'dim', text: state.model }));
  if (state.label !== state.name) facts.append(element('span', { class: 'dim path', text: state.label }));
  return element('header', { class: 'run-header' }, element('h1', { text: state.name }), facts);
}

/** Where one goes from here: into the comparison. */
export function evaluations({ evaluations: all }: RunState, open: (evaluation: string) => void): HTMLElement {
  const cards = all.map(({ id, name, detail }) => {
    const card = element(
      'button',
      { class: 'evaluation', attributes: { type: 'button' } },
      icon('play-circle'),
      element(
        'span',
        { class: 'evaluation-words' },
        element('span', { class: 'evaluation-name', text: name }),
        element('span', { class: 'dim', text: detail }),
      ),
      element('span', { class: 'evaluation-go', text: l10n.t('Compare') }),
    );
    card.addEventListener('click', () => open(id));
    return element('li', {}, card);
  });
  const none = l10n.t(
    'No evaluation yet: a folder evaluation…/ with WAV files in the run appears here by itself.',
  );
  return section(
    'evaluations',
    l10n.t('Evaluations'),
    cards.length > 0 ? element('ul', { class: 'evaluation-list' }, ...cards) : nothing(none),
  );
}

export function parent(
  { parent: from, hyperparameters, name }: RunState,
  language: string,
): HTMLElement | null {
  if (from === null) return null;
  const reason = from.reason === '' ? [] : [element('blockquote', { class: 'reason', text: from.reason })];
  const title = l10n.t('What differs from {0}', from.name);
  if (!from.found) {
    return section(
      'parent',
      title,
      ...reason,
      nothing(l10n.t('{0} is not among the runs found here, so what differs is not known.', from.name)),
    );
  }
  const rows = differences(from.hyperparameters, hyperparameters).map(({ name: what, before, after }) => [
    what,
    formatValue(before, language),
    formatValue(after, language),
  ]);
  const same = nothing(l10n.t('No hyperparameter that both runs tell differs.'));
  const heads = [l10n.t('hyperparameter'), from.name, name];
  return section('parent', title, ...reason, rows.length > 0 ? table(heads, rows, 'diff') : same);
}

export function checkpoints({ checkpoints: all }: RunState, language: string): HTMLElement {
  const losses = all.flatMap(({ kind, validLoss }) =>
    kind === 'base' || validLoss === null ? [] : [validLoss],
  );
  const best = Math.min(...losses);
  const rows = all.map(({ name, kind, step, epoch, validLoss }) => [
    kind === 'base' ? l10n.t('{0} (the model it started from)', name) : name,
    step === null ? '–' : step.toLocaleString(language),
    epoch === null ? '–' : epoch.toLocaleString(language, { maximumFractionDigits: 2 }),
    validLoss === null
      ? '–'
      : validLoss === best && losses.length > 1
        ? l10n.t('{0} · lowest', validLoss.toFixed(4))
        : validLoss.toFixed(4),
  ]);
  const heads = [l10n.t('checkpoint'), l10n.t('step'), l10n.t('epoch'), l10n.t('valid loss')];
  const none = nothing(l10n.t('No checkpoint has been saved yet.'));
  return section(
    'checkpoints',
    l10n.t('Checkpoints'),
    rows.length > 0 ? table(heads, rows, 'figures') : none,
  );
}

export function command({ command: argv }: RunState, copy: (text: string) => void): HTMLElement | null {
  if (argv.length === 0) return null;
  const line = commandLine(argv);
  const said = element('span', { class: 'dim', attributes: { role: 'status' } });
  const copying = button({
    label: l10n.t('Copy'),
    icon: 'copy',
    onClick: () => {
      copy(line);
      said.textContent = l10n.t('Copied');
    },
  });
  // Focusable, for scrolling with the keyboard where a word is longer than the page is wide.
  const shown = element('pre', {
    class: 'command-line',
    text: line,
    attributes: { tabindex: '0', 'aria-label': l10n.t('Command') },
  });
  return section(
    'command',
    l10n.t('Command'),
    shown,
    element('div', { class: 'note-controls' }, copying.element, said),
  );
}

/** Hyperparameters, data and environment: names and values as the files tell them. */
export function facts(state: RunState, language: string): HTMLElement | null {
  const groups = [
    [l10n.t('Hyperparameters'), state.hyperparameters],
    [l10n.t('Data'), state.data],
    [l10n.t('Environment'), state.environment],
  ] as const;
  const told = groups.filter(([, values]) => Object.keys(values).length > 0);
  if (told.length === 0) return null;
  const lists = told.map(([title, values]) => {
    const pairs = sortedNames(values).map((name) =>
      element(
        'div',
        {},
        element('dt', { text: name }),
        element('dd', { text: formatValue(values[name] ?? null, language) }),
      ),
    );
    return element('div', { class: 'facts' }, element('h3', { text: title }), element('dl', {}, ...pairs));
  });
  return section('settings', l10n.t('Settings'), element('div', { class: 'facts-groups' }, ...lists));
}

export function section(name: string, title: string, ...content: Node[]): HTMLElement {
  const heading = element('h2', { text: title, attributes: { id: `${name}-title` } });
  return element(
    'section',
    { class: name, attributes: { 'aria-labelledby': heading.id } },
    heading,
    ...content,
  );
}

export function nothing(text: string): HTMLElement {
  return element('p', { class: 'dim', text });
}

/** Wide ones scroll inside themselves, so that the page never does sideways. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  kind: string,
): HTMLElement {
  const head = heads.map((text) => element('th', { text, attributes: { scope: 'col' } }));
  const body = rows.map(([first = '', ...rest]) =>
    element(
      'tr',
      {},
      element('th', { text: first, attributes: { scope: 'row' } }),
      ...rest.map((text) => element('td', { text })),
    ),
  );
  const made = element(
    'table',
    { class: kind },
    element('thead', {}, element('tr', {}, ...head)),
    element('tbody', {}, ...body),
  );
  return element('div', { class: 'table-scroll' }, made);
}
