/** A line of a notes file, version 1. */
import * as z from 'zod';

export const RECORD_VERSION = 1;
export const noteOps = ['note', 'rate', 'vote', 'hear', 'retract'] as const;
export type NoteOp = (typeof noteOps)[number];

const second = z.number().min(0);

const recordSchema = z.object({
  v: z.number().int().min(1),
  /** ULID. Any short word is read, so that lines written by scripts count too. */
  id: z.string().min(1).max(64),
  /** ISO 8601. */
  at: z.string().max(64),
  by: z.string().max(1000),
  op: z.string().max(64),
  /** Run.id. */
  run: z.string().min(1).max(4096),
  /** Evaluation.name, the folder relative to the run. */
  evaluation: z.string().nullable().default(null),
  /** Prompt id. */
  prompt: z.string().nullable().default(null),
  takes: z.array(z.string()).default([]),
  seconds: z.tuple([second, second]).nullable().default(null),
  text: z.string().default(''),
  tags: z.array(z.string()).default([]),
  ratings: z.record(z.string(), z.unknown()).default({}),
  /** Take name → sha256 of the clip that was heard. */
  clip_sha256: z.record(z.string(), z.string()).default({}),
  /** The line that this one edits or retracts. */
  replaces: z.string().nullable().default(null),
});

export type NoteRecord = Readonly<z.infer<typeof recordSchema>>;

/** Why a line is not, or not wholly, understood. */
export type LineFault =
  /** No JSON: torn, or edited by hand. */
  | { readonly kind: 'torn' }
  /** JSON, but no record; `field` names the first thing that is wrong. */
  | { readonly kind: 'foreign'; readonly field: string }
  /** Understood as far as this version knows. */
  | { readonly kind: 'newer'; readonly version: number }
  | { readonly kind: 'op'; readonly op: string }
  | { readonly kind: 'fields'; readonly fields: readonly string[] };

/** Reads one line. Never throws; a line can be both read and at fault. */
export function parseRecord(line: string): { record: NoteRecord | null; fault: LineFault | null } {
  const json = parseJson(line);
  if (json === undefined) return { record: null, fault: { kind: 'torn' } };
  const parsed = recordSchema.safeParse(json);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.') ?? '';
    return { record: null, fault: { kind: 'foreign', field } };
  }
  return { record: parsed.data, fault: faultOf(parsed.data, json) };
}

export function formatRecord(record: NoteRecord): string {
  return JSON.stringify(record);
}

function faultOf(record: NoteRecord, json: unknown): LineFault | null {
  if (record.v > RECORD_VERSION) return { kind: 'newer', version: record.v };
  if (!noteOps.some((op) => op === record.op)) return { kind: 'op', op: record.op };
  const fields = Object.keys(Object(json) as object).filter((key) => !(key in recordSchema.shape));
  return fields.length > 0 ? { kind: 'fields', fields } : null;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
