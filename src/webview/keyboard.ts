import type { Controls } from './controls';
import { keyCommand, type KeyCommand } from './keys';
import type { Lane } from './lane';

export interface KeyboardOptions {
  readonly controls: Controls;
  readonly lanes: () => readonly Lane[];
  readonly duration: () => number;
  readonly match: () => boolean;
  readonly isOverviewOpen: () => boolean;
  readonly openOverview: (open: boolean) => void;
  readonly focusNote: () => void;
  readonly focusFilter: () => void;
  readonly openHelp: () => void;
}

const TYPING =
  'input:not([type=checkbox]), textarea, select, vscode-dropdown, vscode-option, [contenteditable]';
const PRESSED_BY_KEYS = 'button, summary, a[href], vscode-button, vscode-checkbox';

/** The comparison's keys, for as long as no text is typed and no dialog is open. */
export function listenToKeys(options: KeyboardOptions): void {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || document.querySelector('dialog[open]') !== null) return;
    if (isIn(event, TYPING)) {
      if (event.key === 'Escape' && !event.isComposing) leave();
      return;
    }
    if ((event.key === ' ' || event.key === 'Enter') && isIn(event, PRESSED_BY_KEYS)) return;
    const command = keyCommand(event);
    if (command === null) return;
    event.preventDefault();
    run(command, options);
  });
  // A button that was clicked would go on to take space and Enter for itself.
  document.addEventListener('click', (event) => {
    const { activeElement } = document;
    const keepsFocus =
      activeElement?.matches(PRESSED_BY_KEYS) === true && event.composedPath().includes(activeElement);
    if (event.detail > 0 && keepsFocus && !isIn(event, 'dialog')) leave();
  });
}

function run(command: KeyCommand, options: KeyboardOptions): void {
  const { controls } = options;
  if (command.do === 'seek') {
    controls.seekBy(command.by);
    return;
  }
  if (command.do === 'take') {
    const lane = options.lanes()[command.number - 1];
    if (lane !== undefined) controls.chooseTake(lane.take.id);
    return;
  }
  const actions: Record<Exclude<KeyCommand['do'], 'seek' | 'take'>, () => void> = {
    toggle: () => controls.toggle(),
    start: () => controls.seek(0),
    end: () => controls.seek(options.duration()),
    nextPrompt: () => controls.stepPrompt(1),
    previousPrompt: () => controls.stepPrompt(-1),
    loop: () => controls.toggleLoop(),
    loopStart: () => controls.setLoopEdge('from'),
    loopEnd: () => controls.setLoopEdge('to'),
    escape: () => (options.isOverviewOpen() ? options.openOverview(false) : controls.clearLoop()),
    match: () => controls.dispatch({ type: 'match', on: !options.match() }),
    nextUnheard: () => controls.nextUnheard(),
    overview: () => options.openOverview(!options.isOverviewOpen()),
    note: () => options.focusNote(),
    filter: () => options.focusFilter(),
    help: () => options.openHelp(),
  };
  actions[command.do]();
}

/** Looks into shadow roots as well: the toolkit's fields have their inputs there. */
function isIn(event: Event, selector: string): boolean {
  return event.composedPath().some((node) => node instanceof Element && node.matches(selector));
}

function leave(): void {
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}
