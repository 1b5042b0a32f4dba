/** Why a program on a host gave no answer that counts, for the end of a sentence. */
import * as l10n from '@vscode/l10n';
import type { ExecResult } from './exec';

export function reasonOf({ code, stderr }: ExecResult): string {
  const said = stderr.trim().split('\n').slice(-3).join(' ').slice(0, 500);
  if (said !== '') return said;
  return code === null
    ? l10n.t('no answer came in time')
    : l10n.t('it ended with code {0} and no answer', code);
}
