/** One sentence of a script's, as ofInput.ts and ofWork.ts have them: what it needs of the values, and the words. */
import * as l10n from '@vscode/l10n';
import * as z from 'zod';

/** Null for values that do not fit. */
export type Sentence = (values: unknown) => string | null;

export const text = z.string();
export const figure = z.number();

export function sentence<S extends z.ZodRawShape>(
  shape: S,
  say: (values: z.output<z.ZodObject<S>>) => string,
): Sentence {
  return (values) => {
    // Made when it is needed: few of them ever are.
    const { success, data } = z.object(shape).safeParse(values);
    return success ? say(data) : null;
  };
}

/** A key of `words`. */
export const keyOf = <T extends object>(words: T): z.ZodType<keyof T> =>
  z.custom<keyof T>((it) => typeof it === 'string' && Object.hasOwn(words, it));

/** Why a row of a data set is left out. */
export const leftOut = {
  missing: () => l10n.t('missing'),
  unreadable: () => l10n.t('unreadable'),
  empty: () => l10n.t('empty'),
  not_finite: () => l10n.t('not finite'),
  too_short: () => l10n.t('too short'),
  too_long: () => l10n.t('too long'),
  no_audio_named: () => l10n.t('no audio named'),
  no_caption: () => l10n.t('no caption'),
  duplicate: () => l10n.t('duplicate'),
} as const;
