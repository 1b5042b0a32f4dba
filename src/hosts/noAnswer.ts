/** What is told when a program on a host gave no answer that counts. */
import * as l10n from '@vscode/l10n';
import { HumanError } from '../errors';
import type { ExecResult } from './exec';
import type { SshTrouble } from './sshTrouble';
import type { HostResult } from './transport';

/** The call did not come back. */
export class Unreachable extends HumanError {
  /** What ssh said; null where it said nothing. */
  readonly trouble: SshTrouble | null;

  constructor({ stderr, trouble }: HostResult) {
    super(stderr);
    this.trouble = trouble ?? null;
  }
}

/** For the end of a sentence. */
export function reasonOf({ code, stderr }: ExecResult): string {
  const said = stderr.trim().split('\n').slice(-3).join(' ').slice(0, 500);
  if (said !== '') return said;
  return code === null
    ? l10n.t('no answer came in time')
    : l10n.t('it ended with code {0} and no answer', code);
}
