/** The form that starts a training: what is set, what differs from the parent, and the exact command it would run. */
import * as l10n from '@vscode/l10n';
import type { FormPlan, FormState } from '../protocol';
import { element, linkButton, onChange, setText } from './dom';
import { formField, type FieldControl } from './formField';
import type { Host } from './host';
import { runNotes } from './runPageNotes';
import { readSavedForm } from './savedForm';
import { button } from './toolkit';

/** Typing pauses this long before the host is asked what the form would start. */
const PLAN_AFTER_MS = 150;

export function trainingPage(root: HTMLElement, host: Host): void {
  const saved = readSavedForm(host.saved);
  const touched = new Set(Object.keys(saved.values));
  const fields = new Map<string, FieldControl>();
  let restore: object = {};
  let timer = 0;
  let plan: FormPlan | null = null;
  let starting = false;

  const title = element('h1');
  const groups = element('div', { class: 'form-groups' });
  const command = element('pre', { class: 'command', attributes: { tabindex: '0' } });
  const facts = element('dl', { class: 'plan-facts' });
  const warnings = element('ul', { class: 'plan-warnings' });
  const wrong = element('p', { class: 'plan-wrong', attributes: { role: 'status' } });
  const blocked = element('div', { class: 'plan-blocked', attributes: { role: 'status' } });
  const environment = button({
    label: l10n.t('Create Python Environment'),
    icon: 'package',
    onClick: () => host.post({ type: 'createEnvironment' }),
  });
  const failure = element('div', { class: 'note-failure', attributes: { role: 'alert' } });
  const status = element('span', { class: 'dim', attributes: { role: 'status' } });
  const start = button({
    label: l10n.t('Start Training'),
    icon: 'play',
    primary: true,
    onClick: () => void send('startTraining'),
  });
  const tmux = button({
    label: l10n.t('Run in tmux'),
    icon: 'terminal-tmux',
    onClick: () => void send('startInteractive'),
  });
  const aboutTmux = element('p', {
    class: 'dim plan-tmux',
    text: l10n.t(
      'In tmux you type into it (pdb, Ctrl-C), and it runs on when you close its terminal. Not queued, not resumed by Earmark, no notification.',
    ),
  });
  const copy = button({
    label: l10n.t('Copy Command'),
    icon: 'copy',
    onClick: () => {
      if (plan === null) return;
      host.post({ type: 'copyText', text: plan.command });
      setText(status, l10n.t('Copied'));
    },
  });
  const notesTitle = element('h2');
  const notes = runNotes(
    {
      save: (text, replaces) =>
        host.ask({ type: 'saveNote', text, scope: 'run', prompt: null, take: null, seconds: null, replaces }),
      retract: (note) => host.ask({ type: 'retractNote', note }),
      follow: (moment) => host.post({ type: 'follow', moment }),
      keepDraft: () => undefined,
      openNotes: () => host.post({ type: 'openNotes' }),
      pasteRemarks: () => host.post({ type: 'pasteRemarks' }),
    },
    { text: '', editing: null },
  );
  const side = element('aside', { class: 'form-side' }, notesTitle, notes.element);
  const page = element(
    'main',
    { class: 'form-page' },
    title,
    element(
      'div',
      { class: 'form-columns' },
      element(
        'div',
        { class: 'form-body' },
        groups,
        element(
          'section',
          { class: 'plan' },
          element('h2', { text: l10n.t('What will run') }),
          facts,
          command,
          warnings,
          wrong,
          blocked,
          failure,
          element(
            'div',
            { class: 'plan-buttons' },
            start.element,
            tmux.element,
            copy.element,
            environment.element,
            status,
          ),
          aboutTmux,
        ),
      ),
      side,
    ),
  );
  const waiting = element('p', { class: 'dim waiting', text: l10n.t('Reading the runs…') });
  page.hidden = true;
  root.replaceChildren(waiting, page);

  const values = (): Record<string, string> =>
    Object.fromEntries([...fields.values()].map((field) => [field.name, field.value]));
  const keep = (): void => {
    const set = Object.fromEntries(Object.entries(values()).filter(([name]) => touched.has(name)));
    host.save({ restore, values: set });
  };
  const askPlan = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => host.post({ type: 'plan', values: values() }), PLAN_AFTER_MS);
  };
  const changed = (name: string): void => {
    touched.add(name);
    setText(status, '');
    keep();
    if (name === 'parent' || name === 'host') {
      const set = values();
      const run = set['parent'] ?? '';
      host.post({
        type: 'prefill',
        run: run === '' ? null : run,
        host: touched.has('host') ? (set['host'] ?? null) : null,
        values: set,
        touched: [...touched],
      });
    }
    askPlan();
  };
  const send = async (type: 'startTraining' | 'startInteractive'): Promise<void> => {
    if (starting) return;
    starting = true;
    setText(failure, '');
    show();
    try {
      await host.ask({ type, values: values() });
      setText(status, l10n.t('Started. The run appears in the sidebar by itself.'));
    } catch (error) {
      setText(failure, error instanceof Error ? error.message : String(error));
    }
    starting = false;
    show();
  };
  /** The fields may be far above: from here one gets to them. */
  const showWrong = onChange((names: string): void => {
    const links = names.split(' ').flatMap((name, at) => {
      const field = fields.get(name);
      return field === undefined ? [] : [at === 0 ? ' ' : ', ', linkButton(field.label, () => field.focus())];
    });
    wrong.replaceChildren(...(links.length === 0 ? [] : [l10n.t('To be corrected first:'), ...links]));
  });
  const show = (): void => {
    for (const field of fields.values()) {
      field.setError(plan?.errors[field.name] ?? '');
      field.setHidden(plan?.hidden.includes(field.name) === true);
    }
    const isReady = plan !== null && plan.blocked === null && Object.keys(plan.errors).length === 0;
    start.setDisabled(!isReady || starting);
    tmux.setDisabled(!isReady || starting);
    tmux.element.hidden = aboutTmux.hidden = plan?.interactive !== true;
    start.setLabel(starting ? l10n.t('Starting…') : l10n.t('Start Training'));
    copy.setDisabled(plan === null || plan.command === '');
    environment.element.hidden = plan?.lacksTorch !== true;
    showWrong(Object.keys(plan?.errors ?? {}).join(' '));
    setText(blocked, plan?.blocked ?? '');
    if (plan === null) return;
    command.hidden = plan.command === '';
    setText(command, plan.command);
    facts.replaceChildren(
      ...plan.facts.map(([name, value]) =>
        element('div', {}, element('dt', { text: name }), element('dd', { text: value })),
      ),
    );
    warnings.replaceChildren(...plan.warnings.map((warning) => element('li', { text: warning })));
  };
  const draw = (state: FormState): void => {
    waiting.remove();
    page.hidden = false;
    restore = state.restore;
    document.title = state.title;
    setText(title, state.title);
    if (fields.size === 0) {
      for (const group of state.groups) groups.append(drawGroup(group));
      for (const [name, value] of Object.entries(saved.values)) {
        const field = fields.get(name);
        if (field) field.value = value;
      }
    } else {
      for (const field of state.groups.flatMap((group) => group.fields))
        fields.get(field.name)?.update(field, touched.has(field.name));
    }
    side.hidden = state.parentName === null;
    setText(notesTitle, state.parentName === null ? '' : l10n.t('What was heard of {0}', state.parentName));
    notes.update(state.notes, '');
    keep();
    askPlan();
  };
  const drawGroup = (group: FormState['groups'][number]): HTMLElement => {
    const made = element('section', { class: 'form-group' }, element('h2', { text: group.title }));
    const grid = element('div', { class: 'form-grid' });
    for (const one of group.fields) {
      const field = formField(one, {
        changed,
        pick: (name, kind) => host.post({ type: 'pick', field: name, kind }),
      });
      fields.set(one.name, field);
      grid.append(field.element);
    }
    made.append(grid);
    return made;
  };

  host.onMessage((message) => {
    if (message.type === 'state' && message.state.kind === 'training') draw(message.state);
    if (message.type === 'plan') {
      plan = message.plan;
      show();
    }
    if (message.type === 'picked') {
      const field = fields.get(message.field);
      if (!field) return;
      field.value = message.value;
      changed(field.name);
    }
  });
  host.post({ type: 'ready' });
}
