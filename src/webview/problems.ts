import * as l10n from '@vscode/l10n';
import type { Problem } from '../errors';
import { element, icon, onChange } from './dom';

export interface Problems {
  readonly element: HTMLElement;
  update(problems: readonly Problem[]): void;
}

/** More would be a log, not a message. */
const MOST = 50;

/** What was wrong with the files: one line that opens to all of them. */
export function problems(): Problems {
  const summary = element('summary');
  const list = element('ul');
  const whole = element('details', { class: 'problems' }, summary, list);
  whole.hidden = true;
  const draw = onChange((all: readonly Problem[]) => {
    const found = all.toSorted((a, b) => a.severity.localeCompare(b.severity));
    whole.hidden = !found.length;
    const first = found[0];
    const worst = found.some((problem) => problem.severity === 'error') ? 'error' : 'warning';
    whole.className = `problems ${worst}`;
    const words =
      found.length === 1
        ? (first?.message ?? '')
        : l10n.t('{0} problems with the files: {1}', found.length, first?.message ?? '');
    summary.replaceChildren(icon(worst), element('span', { text: words }), icon('chevron-right'));
    list.replaceChildren(
      ...found.slice(0, MOST).map((problem) => {
        const item = element('li', { text: problem.message });
        if (problem.file !== undefined) {
          const where = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
          item.append(element('span', { class: 'dim', text: ` ${where}` }));
        }
        return item;
      }),
      ...(found.length > MOST
        ? [element('li', { text: l10n.t('… and more: {0} in all.', found.length) })]
        : []),
    );
  });
  return { element: whole, update: draw };
}
