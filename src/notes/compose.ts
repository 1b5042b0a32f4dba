/** What a person typed → the line that keeps it. Pure: ids, time and hashes are handed in. */
import type { NoteScope } from '../protocol';
import { linkedSeconds, linkedTakes, parseLinks, type LinkContext } from './links';
import type { Note } from './note';
import { RECORD_VERSION, type NoteOp, type NoteRecord } from './record';

/** What every line says of its origin. */
export interface Origin {
  /** ULID (noteId.ts). */
  readonly id: string;
  readonly at: Date;
  /** The rater. */
  readonly by: string;
}

export interface Draft {
  readonly text: string;
  readonly scope: NoteScope;
  /** Run.id. */
  readonly run: string;
  /** Evaluation.name; ignored for notes on the run. */
  readonly evaluation: string | null;
  /** Prompt id; ignored for notes on the run or evaluation. */
  readonly prompt: string | null;
  /** Name of the take in the ear; only a note on the take is about it whatever the text says. */
  readonly take: string | null;
  /** A stretch that was marked; a time in the text goes before it. */
  readonly seconds: readonly [number, number] | null;
}

export interface ComposeContext extends LinkContext {
  /** sha256 of a take's clip of the draft's prompt, where it is known. */
  hashOf(take: string): string | null;
}

/** The line of a new note. */
export function compose(draft: Draft, context: ComposeContext, origin: Origin): NoteRecord {
  const evaluation = draft.scope === 'run' ? null : draft.evaluation;
  const prompt = draft.scope === 'prompt' || draft.scope === 'take' ? draft.prompt : null;
  const segments = parseLinks(draft.text, context);
  const takes = linkedTakes(segments);
  if (draft.scope === 'take' && draft.take !== null && !takes.includes(draft.take)) takes.unshift(draft.take);
  return {
    ...blank('note', draft.run, origin),
    evaluation,
    prompt,
    takes,
    seconds: linkedSeconds(segments) ?? pair(draft.seconds),
    text: draft.text,
    clip_sha256: prompt === null ? {} : hashesOf(takes, context),
  };
}

/**
 * The line that edits `note`: what the old text linked goes with the old text, what the note was about besides stays. A take
 * that stays keeps the hash of the clip that was heard then; putting a word right is no new listening.
 */
export function composeEdit(note: Note, text: string, context: ComposeContext, origin: Origin): NoteRecord {
  const before = parseLinks(note.text, context);
  const after = parseLinks(text, context);
  const dropped = new Set(linkedTakes(before));
  const kept = note.takes.filter((take) => !dropped.has(take));
  const takes = [...new Set([...kept, ...linkedTakes(after)])];
  const oldSeconds = linkedSeconds(before) === null ? pair(note.seconds) : null;
  const heard = Object.entries(note.clipSha256).filter(([take]) => takes.includes(take));
  return {
    ...blank('note', note.run, origin),
    evaluation: note.evaluation,
    prompt: note.prompt,
    takes,
    seconds: linkedSeconds(after) ?? oldSeconds,
    text,
    tags: [...note.tags],
    clip_sha256: { ...(note.prompt === null ? {} : hashesOf(takes, context)), ...Object.fromEntries(heard) },
    replaces: note.version,
  };
}

/** The line that takes `note` back. */
export function composeRetraction(note: Note, origin: Origin): NoteRecord {
  return {
    ...blank('retract', note.run, origin),
    evaluation: note.evaluation,
    prompt: note.prompt,
    replaces: note.version,
  };
}

export interface HeardClip {
  readonly run: string;
  /** Evaluation.name. */
  readonly evaluation: string;
  readonly prompt: string;
  readonly take: string;
  readonly sha256: string | null;
  readonly seconds: readonly [number, number];
}

/** The line that says a clip was heard for long enough. */
export function composeHeard(heard: HeardClip, origin: Origin): NoteRecord {
  return {
    ...blank('hear', heard.run, origin),
    evaluation: heard.evaluation,
    prompt: heard.prompt,
    takes: [heard.take],
    seconds: pair(heard.seconds),
    clip_sha256: heard.sha256 === null ? {} : { [heard.take]: heard.sha256 },
  };
}

/** A note's scope follows from what it names; no field of its own could contradict that. */
export function scopeOf(note: Pick<Note, 'evaluation' | 'prompt' | 'takes'>): NoteScope {
  if (note.prompt !== null) return note.takes.length > 0 ? 'take' : 'prompt';
  return note.evaluation === null ? 'run' : 'evaluation';
}

function blank(op: NoteOp, run: string, origin: Origin): NoteRecord {
  return {
    v: RECORD_VERSION,
    id: origin.id,
    at: origin.at.toISOString(),
    by: origin.by,
    op,
    run,
    evaluation: null,
    prompt: null,
    takes: [],
    seconds: null,
    text: '',
    tags: [],
    ratings: {},
    clip_sha256: {},
    replaces: null,
  };
}

function hashesOf(takes: readonly string[], context: ComposeContext): Record<string, string> {
  return Object.fromEntries(
    takes.flatMap((take) => {
      const hash = context.hashOf(take);
      return hash === null ? [] : [[take, hash] as const];
    }),
  );
}

function pair(seconds: readonly [number, number] | null): [number, number] | null {
  return seconds && [seconds[0], seconds[1]];
}
