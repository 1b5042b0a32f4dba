/** What a host has, in words: the same in the Hosts view and in the training form. */
import * as l10n from '@vscode/l10n';
import type { Interpreter } from '../hosts/interpreters';
import type { Survey } from '../hosts/survey';

/** `H100 80GB: 12 of 80 GB in use, 97 % busy`, one for each GPU. */
export function gpuText({ name, total, used, percent }: Survey['gpus'][number]): string {
  const parts = [
    total === null || used === null
      ? ''
      : l10n.t('{0} of {1} GB in use', gigabytes(used * 2 ** 20), gigabytes(total * 2 ** 20)),
    percent === null ? '' : l10n.t('{0} % busy', Math.round(percent)),
  ].filter((part) => part !== '');
  return parts.length === 0 ? name : `${name}: ${parts.join(', ')}`;
}

/** `Python 3.11.7 · torch 2.4.0 · conda music`: first what jobs hang on, as a narrow side bar cuts the rest. */
export function pythonText(interpreter: Interpreter): string {
  const { environment } = interpreter;
  return (
    versionsText(interpreter) + (environment === null ? '' : ` · ${environment.kind} ${environment.name}`)
  );
}

export function versionsText({ version, torch }: Pick<Interpreter, 'version' | 'torch'>): string {
  return `Python ${version ?? '?'} · ${torch === null ? l10n.t('no torch') : `torch ${torch}`}`;
}

export function resourceRows({ gpus, free }: Survey): readonly (readonly [string, string])[] {
  return [
    [l10n.t('GPU'), gpus.length === 0 ? l10n.t('none') : gpus.map(gpuText).join('; ')],
    ...(free === null ? [] : [[l10n.t('Free disk'), l10n.t('{0} GB', gigabytes(free))] as const]),
  ];
}

export function gigabytes(bytes: number): string {
  const value = bytes / 1e9;
  return value >= 10 ? String(Math.round(value)) : value.toFixed(1);
}
