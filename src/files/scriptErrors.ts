/** Why a script of ours failed, in the language of the display: by the names that python/ gives its sentences (errors.py). */
import { ofInput } from './scriptErrors/ofInput';
import { ofWork } from './scriptErrors/ofWork';

/** As a record has it. Scripts of old write the sentence alone. */
export interface Said {
  /** English. */
  readonly text: string;
  /** Its name, and what it is made of. */
  readonly says?: unknown;
  readonly values?: unknown;
}

/** The script's own English for what another version of it says. */
export function inWords({ text, says, values }: Said): string {
  return typeof says === 'string' ? (errorWords(says, values) ?? text) : text;
}

/** Null for a name or values of another version of the scripts. */
export function errorWords(says: string, values: unknown): string | null {
  for (const table of [ofInput, ofWork]) if (Object.hasOwn(table, says)) return table[says]?.(values) ?? null;
  return null;
}
