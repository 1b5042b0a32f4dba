import * as l10n from '@vscode/l10n';
import { element } from './dom';

/** The keys that are used all the time. */
export function footer(openHelp: () => void): { readonly element: HTMLElement; update(takes: number): void } {
  const takes = element('span');
  const more = hint(['?'], l10n.t('all keys'));
  const button = element('button', { class: 'plain', attributes: { type: 'button' } }, more);
  button.addEventListener('click', openHelp);
  const whole = element(
    'footer',
    { class: 'footer' },
    takes,
    hint(['←', '→'], l10n.t('seek')),
    hint(['J', 'K'], l10n.t('prompt')),
    hint(['N'], l10n.t('note')),
    hint(['O'], l10n.t('overview')),
    button,
  );
  let shown = -1;
  return {
    element: whole,
    update: (count) => {
      if (count === shown) return;
      shown = count;
      const numbers = Array.from({ length: Math.min(count, 9) }, (_, i) => String(i + 1));
      const names = numbers.length > 4 ? ['1', '…', String(numbers.length)] : numbers;
      takes.replaceChildren(hint(names, l10n.t('switch take')));
      takes.hidden = count < 2;
    },
  };
}

function hint(keys: readonly string[], does: string): HTMLElement {
  return element('span', { class: 'hint' }, ...keys.map((name) => element('kbd', { text: name })), does);
}
