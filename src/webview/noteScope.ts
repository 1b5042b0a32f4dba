import type { NoteScope } from '../protocol';

const known: Readonly<Record<NoteScope, true>> = { take: true, prompt: true, evaluation: true, run: true };

/** Anything as a scope; `prompt`, the usual one, where it is none. */
export function noteScopeOf(value: unknown): NoteScope {
  return isScope(value) ? value : 'prompt';
}

function isScope(value: unknown): value is NoteScope {
  return typeof value === 'string' && value in known;
}
