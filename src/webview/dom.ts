/** Builds the page's elements. Text only ever goes in as text: prompts and notes are other people's words. */

export interface ElementOptions {
  readonly class?: string;
  readonly text?: string;
  /** Tooltip. */
  readonly title?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: ElementOptions = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (options.class !== undefined) made.className = options.class;
  if (options.text !== undefined) made.textContent = options.text;
  if (options.title !== undefined) made.title = options.title;
  for (const [name, value] of Object.entries(options.attributes ?? {})) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** An icon of the editor's own font, e.g. `play`; hidden from screen readers. */
export function icon(name: string): HTMLSpanElement {
  return element('span', { class: `codicon codicon-${name}`, attributes: { 'aria-hidden': 'true' } });
}

/** A key as it is printed on the keyboard; the control it sits in already says what it does. */
export function key(name: string): HTMLElement {
  return element('kbd', { text: name, attributes: { 'aria-hidden': 'true' } });
}

/** A button that shows only an icon; its name is the tooltip and what a screen reader says. */
export function iconButton(iconName: string, name: string, onClick: () => void): HTMLButtonElement {
  const made = element(
    'button',
    { class: 'icon-button', title: name, attributes: { type: 'button', 'aria-label': name } },
    icon(iconName),
  );
  made.addEventListener('click', onClick);
  return made;
}

/** A button that reads like a link in running text. */
export function linkButton(text: string, onClick: () => void): HTMLButtonElement {
  const made = element('button', { class: 'link', text, attributes: { type: 'button' } });
  made.addEventListener('click', onClick);
  return made;
}

/** Sets the text only where it differs, so that screen readers and selections are left alone. */
export function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Tells whether one of the inputs is another value than when it was last asked. */
export function changes(): (...inputs: readonly unknown[]) => boolean {
  let last: readonly unknown[] | undefined;
  return (...inputs) => {
    if (last?.every((value, i) => Object.is(value, inputs[i])) === true) return false;
    last = inputs;
    return true;
  };
}

/** Runs `draw` only when one of its inputs is another value than before. */
export function onChange<T extends readonly unknown[]>(draw: (...inputs: T) => void): (...inputs: T) => void {
  const changed = changes();
  return (...inputs) => {
    if (changed(...inputs)) draw(...inputs);
  };
}
