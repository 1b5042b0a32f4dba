/** How prompts, takes and clips are called on disk. */
import { createHash } from 'node:crypto';

/** What a clip's file name tells: `003_lofi_beat_s1.wav`. */
export interface ClipName {
  /** Without ending, in one Unicode form, less the seed. */
  readonly stem: string;
  /** `3`, or null. */
  readonly number: number | null;
  /** `lofi-beat`: the words after the number, comparable. */
  readonly slug: string;
}

/** The id of a prompt to which its file gives none: inserting a prompt renumbers no other. */
export function promptId(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 10);
}

/** `base_model` and `base` are one take; so are `best_model@0.7` and `best@0.7`. Of a path only the last folder counts. */
export function takeOfModel(model: string): string {
  const name = model.split(/[\\/]/).findLast((part) => part !== '') ?? '';
  const known = /^(base|best|final)(?:[_-]?model)?((?:@.*)?(?:_s\d+)?)$/i.exec(name);
  return known === null ? name : `${known[1]?.toLowerCase() ?? ''}${known[2] ?? ''}`;
}

/** A name that the layout itself gives, and no free choice of whoever wrote the index. */
export function isKnownTake(take: string): boolean {
  return /^(base|best|final|checkpoint-\d+)(@.*)?(_s\d+)?$/.test(take);
}

/** The step in `checkpoint-400`, or null. */
export function stepOfTake(take: string): number | null {
  const digits = /^checkpoint-(\d+)/.exec(take)?.[1];
  return digits === undefined ? null : Number(digits);
}

export function stemOf(path: string): string {
  const name = path.split(/[\\/]/).at(-1) ?? path;
  return name.replace(/\.[^.]*$/, '').normalize('NFC');
}

/** The `1` of `003_lofi_s1`; a slug may end like that too, so whoever asks must know of seeds. */
export function seedOfStem(stem: string): number | null {
  const digits = /_s(\d{1,9})$/.exec(stem)?.[1];
  return digits === undefined ? null : Number(digits);
}

export function withoutSeed(stem: string): string {
  return stem.replace(/_s\d{1,9}$/, '');
}

export function readClipName(stem: string): ClipName {
  const parts = /^(?:prompt[_\- ]?)?(\d{1,6})(?:[_\-. ]+(.*))?$/iu.exec(stem);
  if (parts === null) return { stem, number: null, slug: slugOf(stem) };
  return { stem, number: Number(parts[1]), slug: slugOf(parts[2] ?? '') };
}

/** Words joined by `-`, so that a slug of any script's making can be told to begin like a prompt. */
export function slugOf(text: string): string {
  return (
    text
      .normalize('NFC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  ).join('-');
}
