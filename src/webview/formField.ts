/** One field of a form: its label, its control, the parent's value where it differs, what is wrong with it. */
import * as l10n from '@vscode/l10n';
import type { FormField } from '../protocol';
import { element, iconButton, linkButton, setText } from './dom';
import { checkbox, dropdown, textArea, textField } from './toolkit';

export interface FieldActions {
  /** The person set a value. */
  changed(name: string, value: string): void;
  pick(name: string, kind: 'folder' | 'file'): void;
}

export interface FieldControl {
  readonly element: HTMLElement;
  readonly name: string;
  readonly label: string;
  value: string;
  /** Takes over label, choices and the parent's value; the value too when nobody touched the field. */
  update(field: FormField, touched: boolean): void;
  /** '' for none. */
  setError(message: string): void;
  setHidden(hidden: boolean): void;
  focus(): void;
}

interface Control {
  readonly element: HTMLElement;
  get(): string;
  set(value: string): void;
  focus(): void;
}

export function formField(first: FormField, actions: FieldActions): FieldControl {
  const { name, kind } = first;
  let field = first;
  const errorId = `error-${name}`;
  const control = controlOf(first, () => {
    actions.changed(name, control.get());
    compare();
  });
  control.element.setAttribute('aria-describedby', errorId);
  const before = element('div', { class: 'field-parent' });
  const error = element('div', { class: 'field-error', attributes: { id: errorId, role: 'alert' } });
  const line = element('div', { class: 'field-line' }, control.element);
  if (kind === 'folder' || kind === 'file') {
    line.append(iconButton(kind, l10n.t('Choose: {0}', first.label), () => actions.pick(name, kind)));
  }
  const compare = (): void => {
    const { parentValue } = field;
    const differs = parentValue !== null && parentValue !== control.get();
    before.hidden = !differs;
    if (!differs) return;
    const back = linkButton(parentValue === '' ? l10n.t('(empty)') : parentValue, () => {
      control.set(parentValue);
      actions.changed(name, parentValue);
      compare();
    });
    back.title = l10n.t('Take the parent’s value');
    before.replaceChildren(l10n.t('parent:'), ' ', back);
  };
  // A switch says its own label.
  const label = kind === 'switch' ? [] : [element('span', { class: 'field-label', text: first.label })];
  const help = first.help === '' ? [] : [element('div', { class: 'field-help', text: first.help })];
  const made = element(
    'div',
    { class: `field field-${kind} field-of-${name}` },
    ...label,
    line,
    before,
    error,
    ...help,
  );
  control.set(first.value);
  compare();

  return {
    element: made,
    name,
    label: first.label,
    get value() {
      return control.get();
    },
    set value(value) {
      control.set(value);
      compare();
    },
    update: (next, touched) => {
      field = next;
      if (!touched && control.get() !== next.value) control.set(next.value);
      compare();
    },
    setError: (message) => {
      setText(error, message);
      control.element.toggleAttribute('aria-invalid', message !== '');
      made.classList.toggle('wrong', message !== '');
    },
    setHidden: (hidden) => void (made.hidden = hidden),
    focus: () => control.focus(),
  };
}

function controlOf(field: FormField, onChange: () => void): Control {
  if (field.kind === 'choice') {
    const made = dropdown(field.label);
    made.value = field.value;
    made.setChoices(field.choices);
    made.onChange(onChange);
    const set = (value: string): void => void (made.value = value);
    return { element: made.element, get: () => made.value, set, focus: () => made.element.focus() };
  }
  if (field.kind === 'switch') {
    const made = checkbox(field.label);
    made.onChange(onChange);
    const set = (value: string): void => void (made.checked = value === 'true');
    return { element: made.element, get: () => String(made.checked), set, focus: () => made.element.focus() };
  }
  const options = { label: field.label, placeholder: '' };
  const made = field.kind === 'words' ? textArea({ ...options, rows: 3 }) : textField(options);
  made.onInput(onChange);
  const set = (value: string): void => void (made.value = value);
  return { element: made.element, get: () => made.value, set, focus: () => made.focus() };
}
