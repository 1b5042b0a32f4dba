/**
 * Host ⇄ webview. Whole states go in, small requests come out; ids go both ways, paths never come back.
 * What comes from a webview is checked with zod before anything acts on it. Every request with a `request` number is
 * answered by one `done` or `failed`.
 */
import * as z from 'zod';
import type { ClipFormat } from './audio/clip';
import type { Checkpoint, Hyperparameters, LossPoint, RunStatus } from './runs/run';
import type { Problem } from './errors';

// ---- The comparison -------------------------------------------------------------------------------------------

/** A column of the comparison: one checkpoint's take in one evaluation of one run. */
export interface TakeView {
  /** Opaque. */
  readonly id: string;
  /** `best`; in a comparison of several runs still `best`, with `run` telling which. */
  readonly name: string;
  readonly run: string;
  readonly evaluation: string;
  /** Second line of the lane: `step 1,200 · valid 8.03`, already translated and formatted. */
  readonly detail: string;
  /** How text names it unambiguously here: `best`, or `output_epoch1/best` where runs differ. */
  readonly label: string;
}

export interface PromptView {
  /** Opaque; unique in the comparison. */
  readonly id: string;
  readonly number: number;
  readonly text: string;
  /** Sampling settings differ between the takes of this prompt (seed, length, top-k…): one sentence, or null. */
  readonly unfair: string | null;
}

export interface ClipView {
  /** Opaque; changes when the file's bytes change, so it can key caches. */
  readonly id: string;
  readonly prompt: string;
  readonly take: string;
  /** Webview URI of the WAV; null when there is no file (yet). */
  readonly uri: string | null;
  /** Why there is nothing to play, when uri is null. */
  readonly problem: string | null;
  /** Heard long enough by this rater (and not changed since). */
  readonly heard: boolean;
}

export interface ComparisonState {
  readonly kind: 'comparison';
  /** What the host needs to open this page again; the page keeps it in its saved state beside its own. */
  readonly restore: { readonly evaluations: readonly string[] };
  /** `output_epoch3`, or `output_epoch1 ↔ output_epoch3`. */
  readonly title: string;
  /** `evaluation_full · 50 prompts × 3 takes · 15 s · seed 0`. */
  readonly subtitle: string;
  readonly takes: readonly TakeView[];
  readonly prompts: readonly PromptView[];
  /** Present and missing ones alike; a pair that no evaluation promises has no entry. */
  readonly clips: readonly ClipView[];
  readonly problems: readonly Problem[];
  /** Where notes go, for the foot of the notes column: `listening-notes/output_epoch3.md`. */
  readonly notesPath: string;
  readonly loudnessMatch: boolean;
  /** VS Code runs in another place than the files: say so where it explains waiting. */
  readonly remote: boolean;
}

/** What the host found in a clip's bytes. Sent in batches as it is computed. */
export interface ClipAnalysisView {
  /** ClipView.id. */
  readonly clip: string;
  readonly format: ClipFormat | null;
  readonly problem: { readonly severity: 'error' | 'warning'; readonly message: string } | null;
  readonly sha256: string | null;
  /** Interleaved min, max of PEAK_COLUMNS columns; value / 32767 is full scale. */
  readonly peaks: Int16Array | null;
  /** LUFS. */
  readonly loudness: number | null;
  /** dBTP. */
  readonly truePeak: number | null;
}

// ---- Notes ----------------------------------------------------------------------------------------------------

/** Where a link in a note leads: any of take, prompt, second; what is null stays as it is. */
export interface Moment {
  /** TakeView.id. */
  readonly take: string | null;
  /** PromptView.id. */
  readonly prompt: string | null;
  /** Seconds from the clip's start. */
  readonly second: number | null;
}

export interface Segment {
  readonly text: string;
  readonly link: Moment | null;
}

export interface NoteView {
  readonly id: string;
  /** What it is about: `run`, `evaluation`, `prompt` or `take`. */
  readonly scope: NoteScope;
  /** PromptView.id; null for notes on the run or evaluation, or on a prompt that is not in this comparison. */
  readonly prompt: string | null;
  /** `14:02 · on best`, translated; its links (take names, the second) are segments too. */
  readonly heading: readonly Segment[];
  readonly text: readonly Segment[];
  /** The text as typed, for editing. */
  readonly source: string;
  readonly own: boolean;
  readonly edited: boolean;
  /** The clip it was made on has changed since. */
  readonly earlierClip: boolean;
}

export const noteScopes = ['run', 'evaluation', 'prompt', 'take'] as const;
export type NoteScope = (typeof noteScopes)[number];

// ---- The run page ---------------------------------------------------------------------------------------------

export interface RunState {
  readonly kind: 'run';
  readonly restore: { readonly run: string };
  readonly name: string;
  readonly label: string;
  readonly status: RunStatus;
  /** `completed 3 days ago`, translated. */
  readonly statusText: string;
  readonly model: string | null;
  readonly command: readonly string[];
  readonly hyperparameters: Hyperparameters;
  /** The parent run, if it was found: its name and hyperparameters, to show what differs. */
  readonly parent: {
    readonly name: string;
    readonly found: boolean;
    readonly reason: string;
    readonly hyperparameters: Hyperparameters;
  } | null;
  readonly data: Hyperparameters;
  readonly environment: Hyperparameters;
  readonly checkpoints: readonly Pick<Checkpoint, 'name' | 'kind' | 'step' | 'epoch' | 'validLoss'>[];
  readonly train: readonly LossPoint[];
  readonly valid: readonly LossPoint[];
  readonly evaluations: readonly { readonly id: string; readonly name: string; readonly detail: string }[];
  readonly notes: readonly NoteView[];
  readonly notesPath: string;
  readonly problems: readonly Problem[];
}

// ---- The training form ----------------------------------------------------------------------------------------

export interface FormField {
  /** The flag of train_lora.py without its dashes, or `output`, `parent`, `reason`, `then`. */
  readonly name: string;
  /** Translated. */
  readonly label: string;
  /** One translated sentence; '' for none. */
  readonly help: string;
  readonly kind: 'text' | 'number' | 'folder' | 'file' | 'choice' | 'switch' | 'words';
  /** Value and label; of a `choice` only. */
  readonly choices: readonly (readonly [string, string])[];
  /** As text; a switch is `true` or `false`. */
  readonly value: string;
  /** The parent's value in the same form; null where there is none to compare with. */
  readonly parentValue: string | null;
}

export interface FormState {
  readonly kind: 'training';
  /** Opens the form as it is again; the page keeps it with the values as they are typed. */
  readonly restore: { readonly parent: string | null; readonly host: string | null };
  readonly title: string;
  readonly groups: readonly { readonly title: string; readonly fields: readonly FormField[] }[];
  /** Name and notes of the parent run, to decide from. */
  readonly parentName: string | null;
  readonly notes: readonly NoteView[];
}

/** What the form as it stands would start. */
export interface FormPlan {
  /** For the eye and for a shell: POSIX-quoted, a flag with its values on a line of its own. */
  readonly command: string;
  /** Where and with what: host, folder, interpreter. */
  readonly facts: readonly (readonly [string, string])[];
  /** Field name → what is wrong with its value. Anything here keeps the form from starting. */
  readonly errors: Readonly<Record<string, string>>;
  /** Worth a look before the start. */
  readonly warnings: readonly string[];
  /** Fields that make no sense as the others stand. */
  readonly hidden: readonly string[];
  /** Whether it may run in a terminal under tmux instead: not where a batch system has the GPUs. */
  readonly interactive: boolean;
  /** What keeps any form from starting (no Python, no torch, no trust), as a sentence; null for nothing. */
  readonly blocked: string | null;
  /** Whether that is what a new environment would mend. */
  readonly lacksTorch: boolean;
}

// ---- Messages -------------------------------------------------------------------------------------------------

export type ToWebview =
  | { readonly type: 'state'; readonly state: ComparisonState | RunState | FormState }
  | { readonly type: 'analysis'; readonly clips: readonly ClipAnalysisView[] }
  | { readonly type: 'notes'; readonly notes: readonly NoteView[] }
  /** Go to a moment (a click in the tree, a link in a note); `play` starts it if a gesture was made in the page before. */
  | { readonly type: 'show'; readonly moment: Moment; readonly play: boolean }
  /** A key of the editor, e.g. from the palette; `note` focuses the note editor. */
  | { readonly type: 'focusNote' }
  | { readonly type: 'plan'; readonly plan: FormPlan }
  /** A folder or file was chosen for a field of the form. */
  | { readonly type: 'picked'; readonly field: string; readonly value: string }
  | { readonly type: 'done'; readonly request: number }
  | { readonly type: 'failed'; readonly request: number; readonly message: string };

const id = z.string().max(4096);
const request = z.number().int().nonnegative();
const formValues = z.record(z.string().max(100), z.string().max(20_000));
const second = z.number().min(0).max(86_400);

export const fromWebviewSchema = z.discriminatedUnion('type', [
  /** The page has loaded and can take its state. */
  z.object({ type: z.literal('ready') }),
  /** Compute peaks and loudness of these clips, most wanted first; replaces what was asked before and is not done. */
  z.object({ type: z.literal('analyse'), clips: z.array(id).max(20_000) }),
  z.object({
    type: z.literal('saveNote'),
    request,
    text: z.string().min(1).max(100_000),
    scope: z.enum(noteScopes),
    prompt: id.nullable(),
    /** The take in the ear when it was written: it decides the run and is linked when the scope is `take`. */
    take: id.nullable(),
    seconds: z.tuple([second, second]).nullable(),
    /** Edit of this note. */
    replaces: id.nullable(),
  }),
  z.object({ type: z.literal('retractNote'), request, note: id }),
  /** The clip has been heard for long enough to count; seconds is the span that was played. */
  z.object({ type: z.literal('heard'), clip: id, seconds: z.tuple([second, second]) }),
  /** What is looked at, so that a reload opens there. */
  z.object({ type: z.literal('at'), prompt: id.nullable(), take: id.nullable() }),
  z.object({ type: z.literal('copyText'), text: z.string().max(100_000) }),
  z.object({ type: z.literal('openNotes') }),
  z.object({ type: z.literal('pasteRemarks') }),
  /** Open this evaluation (run page), or the run a take comes from (comparison). */
  z.object({ type: z.literal('openEvaluation'), evaluation: id }),
  z.object({ type: z.literal('openRun'), take: id }),
  /** From the run page: a link in a note was followed; the host opens the comparison there. */
  z.object({
    type: z.literal('follow'),
    moment: z.object({ take: id.nullable(), prompt: id.nullable(), second: second.nullable() }),
  }),
  /** The form as it stands: say what it would start. */
  z.object({ type: z.literal('plan'), values: formValues }),
  z.object({ type: z.literal('startTraining'), request, values: formValues }),
  z.object({ type: z.literal('startInteractive'), request, values: formValues }),
  /** Another parent or host: the fields that nobody `touched` are prefilled from it. `host` is null while nobody chose one. */
  z.object({
    type: z.literal('prefill'),
    run: id.nullable(),
    host: id.nullable(),
    values: formValues,
    touched: z.array(id).max(100),
  }),
  z.object({ type: z.literal('createEnvironment') }),
  /** Ask for a folder or file for this field. */
  z.object({ type: z.literal('pick'), field: id, kind: z.enum(['folder', 'file']) }),
  /** Something failed in the page; goes to the log. */
  z.object({ type: z.literal('log'), message: z.string().max(10_000) }),
]);

export type FromWebview = z.infer<typeof fromWebviewSchema>;

/** What the page is started with, in a JSON script element of its HTML: translations of the display language. */
export interface Boot {
  readonly l10n: Readonly<
    Record<string, string | { readonly message: string; readonly comment: readonly string[] }>
  >;
  readonly language: string;
}
