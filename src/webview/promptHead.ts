import * as l10n from '@vscode/l10n';
import type { Controls } from './controls';
import { element, icon, iconButton, onChange, setText } from './dom';
import { currentPrompt } from './lane';
import type { Page } from './state';

export interface PromptHead {
  readonly element: HTMLElement;
  update(page: Page): void;
}

/** The words that were asked for, in full. */
export function promptHead(controls: Controls): PromptHead {
  const words = element('h2', { class: 'prompt-words' });
  const place = element('span');
  let text = '';
  const copied = element('span', { class: 'copied', attributes: { role: 'status' } });
  const copy = iconButton('copy', l10n.t('Copy the prompt'), () => {
    controls.copy(text);
    copied.textContent = l10n.t('Copied');
    setTimeout(() => (copied.textContent = ''), 2000);
  });
  const unfair = element('div', { class: 'unfair' });
  const draw = onChange(
    (id: string | undefined, number: number, total: number, asked: string, warning: string | null) => {
      text = asked;
      setText(words, asked === '' ? l10n.t('Words unknown: only file names tell these clips apart.') : asked);
      words.classList.toggle('dim', asked === '');
      copy.hidden = id === undefined || asked === '';
      setText(place, id === undefined ? '' : l10n.t('prompt {0} of {1}', number, total));
      unfair.hidden = warning === null;
      unfair.replaceChildren(icon('warning'), element('span', { text: warning ?? '' }));
    },
  );
  return {
    element: element(
      'div',
      { class: 'prompt-head' },
      words,
      element('div', { class: 'prompt-meta' }, place, copy, copied),
      unfair,
    ),
    update: (page) => {
      const prompt = currentPrompt(page);
      const total = page.comparison?.prompts.length ?? 0;
      draw(prompt?.id, prompt?.number ?? 0, total, prompt?.text ?? '', prompt?.unfair ?? null);
    },
  };
}
