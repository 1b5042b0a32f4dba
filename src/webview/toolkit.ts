/**
 * The only file that knows @vscode/webview-ui-toolkit: it makes the page's controls and hands them out as plain
 * elements, so that the (archived) toolkit can be replaced here.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeTextArea,
  vsCodeTextField,
  type Checkbox,
  type Dropdown,
  type TextArea,
  type TextField,
} from '@vscode/webview-ui-toolkit';
import { element, icon, key } from './dom';

declare global {
  interface HTMLElementTagNameMap {
    'vscode-checkbox': Checkbox;
    'vscode-dropdown': Dropdown;
    'vscode-text-area': TextArea;
    'vscode-text-field': TextField;
  }
}

/** Registers the controls. To be called once, before any of them is made. */
export function registerControls(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeTextArea(),
    vsCodeTextField(),
  );
}

export interface ButtonOptions {
  readonly label: string;
  readonly icon?: string;
  /** Shown beside the label: the key that does the same. */
  readonly key?: string;
  readonly primary?: boolean;
  /** The label is for screen readers and the tooltip; only icon and key are seen. */
  readonly iconOnly?: boolean;
  readonly onClick: () => void;
}

export interface ButtonControl {
  readonly element: HTMLElement;
  setLabel(label: string): void;
  setIcon(name: string): void;
  setPressed(pressed: boolean): void;
  setDisabled(disabled: boolean): void;
}

export function button(options: ButtonOptions): ButtonControl {
  const label = element('span', {
    class: options.iconOnly === true ? 'hidden-text' : 'button-label',
    text: options.label,
  });
  const picture = options.icon === undefined ? null : icon(options.icon);
  const content = element('div', { class: 'button-content' });
  if (picture !== null) content.append(picture);
  content.append(label);
  if (options.key !== undefined) content.append(key(options.key));
  const made = document.createElement('vscode-button');
  made.setAttribute('appearance', options.primary === true ? 'primary' : 'secondary');
  if (options.iconOnly === true) made.title = options.label;
  made.append(content);
  made.addEventListener('click', options.onClick);
  return {
    element: made,
    setLabel: (text) => {
      if (label.textContent !== text) label.textContent = text;
      if (options.iconOnly === true) made.title = text;
    },
    setIcon: (name) => {
      if (picture !== null) picture.className = `codicon codicon-${name}`;
    },
    // The toolkit's button passes the property on to what screen readers see, but not the attribute.
    setPressed: (pressed) => (made.ariaPressed = String(pressed)),
    setDisabled: (disabled) => made.toggleAttribute('disabled', disabled),
  };
}

export interface TextControl {
  readonly element: HTMLElement;
  value: string;
  focus(): void;
  /** Writes at the cursor, in place of what is selected. */
  insert(text: string): void;
  onInput(listener: () => void): void;
}

export interface TextOptions {
  readonly label: string;
  readonly placeholder: string;
}

export function textArea(options: TextOptions & { readonly rows: number }): TextControl {
  const made = document.createElement('vscode-text-area');
  made.rows = options.rows;
  made.resize = 'vertical';
  return text(made, options);
}

export function textField(options: TextOptions): TextControl {
  return text(document.createElement('vscode-text-field'), options);
}

function text(made: TextArea | TextField, options: TextOptions): TextControl {
  made.placeholder = options.placeholder;
  name(made, options.label);
  return {
    element: made,
    get value() {
      return made.value;
    },
    set value(value) {
      if (made.value !== value) made.value = value;
      // The toolkit hands it on with the next frame; keys that are hit before must not go on in the old text.
      const control = made.control as TextArea['control'] | TextField['control'] | undefined;
      if (control !== undefined && control.value !== value) control.value = value;
    },
    focus: () => made.focus(),
    insert: (insertion) => {
      const { control } = made;
      control.setRangeText(insertion, control.selectionStart ?? 0, control.selectionEnd ?? 0, 'end');
      control.dispatchEvent(new Event('input', { bubbles: true, composed: true }));
    },
    onInput: (listener) => made.addEventListener('input', listener),
  };
}

export interface DropdownControl {
  readonly element: HTMLElement;
  value: string;
  /** Value and label of each choice. */
  setChoices(choices: readonly (readonly [string, string])[]): void;
  setDisabled(disabled: boolean): void;
  onChange(listener: () => void): void;
}

export function dropdown(label: string): DropdownControl {
  const made = document.createElement('vscode-dropdown');
  let shown = '';
  let value = '';
  name(made, label);
  return {
    element: made,
    get value() {
      return value;
    },
    set value(next) {
      value = next;
      if (made.value !== next) made.value = next;
    },
    setChoices: (choices) => {
      const wanted = JSON.stringify(choices);
      if (wanted === shown) return;
      shown = wanted;
      made.replaceChildren(...choices.map(([choice, text]) => option(choice, text, choice === value)));
    },
    setDisabled: (disabled) => made.toggleAttribute('disabled', disabled),
    onChange: (listener) =>
      made.addEventListener('change', () => {
        // Choices that are put in anew report a change too.
        if (made.value === '' || made.value === value) return;
        value = made.value;
        listener();
      }),
  };
}

function option(value: string, text: string, selected: boolean): HTMLElement {
  const made = document.createElement('vscode-option');
  made.setAttribute('value', value);
  made.toggleAttribute('selected', selected);
  made.textContent = text;
  return made;
}

export interface CheckboxControl {
  readonly element: HTMLElement;
  checked: boolean;
  onChange(listener: () => void): void;
}

export function checkbox(label: string): CheckboxControl {
  const made = document.createElement('vscode-checkbox');
  made.textContent = label;
  return {
    element: made,
    get checked() {
      return made.checked;
    },
    set checked(checked) {
      if (made.checked !== checked) made.checked = checked;
    },
    onChange: (listener) => made.addEventListener('change', listener),
  };
}

/** The toolkit names an unlabelled control "Text area" when it enters the page; the real name has to come after that. */
function name(made: HTMLElement, label: string): void {
  made.setAttribute('aria-label', label);
  queueMicrotask(() => made.setAttribute('aria-label', label));
}
