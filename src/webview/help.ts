import * as l10n from '@vscode/l10n';
import { element, iconButton } from './dom';

export interface Help {
  readonly element: HTMLDialogElement;
  open(): void;
}

/** Every key, in a dialog that Escape closes. */
export function help(): Help {
  const dialog = element('dialog', { class: 'help', attributes: { 'aria-label': l10n.t('Keys') } });
  const close = iconButton('close', l10n.t('Close'), () => dialog.close());
  const groups = element('div', { class: 'help-groups' });
  for (const [title, keys] of allKeys()) {
    const list = element('dl');
    for (const [names, does] of keys) {
      list.append(
        element('dt', {}, ...names.map((name) => element('kbd', { text: name }))),
        element('dd', { text: does }),
      );
    }
    groups.append(element('section', {}, element('h3', { text: title }), list));
  }
  dialog.append(
    element('div', { class: 'help-head' }, element('h2', { text: l10n.t('Keys') }), close),
    groups,
  );
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  return { element: dialog, open: () => dialog.showModal() };
}

type KeyText = readonly [readonly string[], string];

function allKeys(): readonly (readonly [string, readonly KeyText[]])[] {
  return [
    [
      l10n.t('Listen'),
      [
        [['1', '…', '9'], l10n.t('Switch to that take, at the same second')],
        [[l10n.t('Space')], l10n.t('Play or pause')],
        [['←', '→'], l10n.t('Back or on by 1 s; with Shift by 5 s')],
        [['Home', 'End'], l10n.t('To the start or the end')],
        [['L'], l10n.t('Loop on or off')],
        [['[', ']'], l10n.t('Loop from here, loop up to here')],
        [['Esc'], l10n.t('Remove the loop; leave a text field')],
        [['M'], l10n.t('Loudness match on or off')],
      ],
    ],
    [
      l10n.t('Go'),
      [
        [['J', 'K'], l10n.t('Next or previous prompt')],
        [['U'], l10n.t('Next clip that was not heard')],
        [['O'], l10n.t('Overview of all clips')],
        [['F'], l10n.t('Filter the prompts')],
      ],
    ],
    [
      l10n.t('Note'),
      [
        [['N'], l10n.t('Write a note')],
        [['Enter'], l10n.t('Save it; Shift+Enter starts a new line')],
      ],
    ],
    [
      l10n.t('Mouse'),
      [
        [[l10n.t('Click')], l10n.t('On a waveform: hear that take from there')],
        [[l10n.t('Drag')], l10n.t('On a waveform: loop that stretch; its edges can be dragged')],
      ],
    ],
  ];
}
