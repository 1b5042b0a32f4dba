/** Notes as the comparison and the run page show and write them, in the ids of those pages. */
import { rowId } from '../evaluations/align';
import type { Clip, Evaluation, Prompt } from '../evaluations/evaluation';
import type { Library } from '../library';
import type { Notebook, Writing } from '../notebook';
import type { Note } from '../notes/note';
import { noteViews } from '../notes/noteViews';
import type { FromWebview, NoteView } from '../protocol';
import type { Run } from '../runs/run';
import type { ComparisonModel } from './comparisonModel';
import { formatMoment } from './format';
import { reachOf, type Place, type Reach } from './noteReach';

type SaveNote = Extract<FromWebview, { type: 'saveNote' }>;

export interface NotesContext {
  readonly library: Library;
  readonly notebook: Notebook;
  readonly language: string;
}

/** Notes on the runs and evaluations of the page, and those made elsewhere on a prompt of the page; oldest first. */
export function comparisonNotes(
  model: ComparisonModel,
  evaluations: readonly Evaluation[],
  context: NotesContext,
): NoteView[] {
  const rows = new Map<string, string>();
  for (const [row, members] of model.prompts) {
    for (const [evaluation, prompt] of members) rows.set(`${evaluation}\0${prompt}`, row);
  }
  const rowOf = (evaluation: Evaluation | null, prompt: Prompt | null): string | null => {
    if (evaluation === null || prompt === null) return null;
    const row = rows.get(`${evaluation.id}\0${prompt.id}`) ?? rowId(prompt);
    return model.prompts.has(row) ? row : null;
  };
  const reach = reaches(context.library, evaluations);
  const runs = new Set(evaluations.map((evaluation) => evaluation.run));
  const belongs = (note: Note): boolean => {
    const at = reach(note);
    if (rowOf(at.evaluation, at.prompt) !== null) return true;
    if (note.evaluation === null) return runs.has(note.run);
    return evaluations.some(({ run, name }) => run === note.run && name === note.evaluation);
  };
  const notes = context.library.runs
    .flatMap((run) => context.notebook.notesOf(run.id))
    .filter(belongs)
    .sort((a, b) => (a.id < b.id ? -1 : 1));

  return noteViews(notes, {
    rater: context.notebook.rater,
    linksOf: reach,
    takeId: (note, name) => {
      const id = takeId(reach(note), name);
      return id !== null && model.takes.has(id) ? id : null;
    },
    promptId: (note) => rowOf(reach(note).evaluation, reach(note).prompt),
    promptIdByNumber: (note, number) => {
      const { evaluation } = reach(note);
      return rowOf(evaluation, evaluation?.prompts.find((prompt) => prompt.number === number) ?? null);
    },
    hashNow: (note, name) => hashNow(reach(note), note.prompt, name, context.notebook),
    runName: (note) =>
      runs.size === 1 && runs.has(note.run) ? null : (context.library.run(note.run)?.name ?? note.run),
    formatTime: (at) => formatMoment(at, new Date(), context.language),
  });
}

/** The note that a comparison asks to save: it belongs to the run and evaluation of the take in the ear. */
export function noteDraft(
  model: ComparisonModel,
  evaluations: readonly Evaluation[],
  message: SaveNote,
  { library, notebook }: NotesContext,
): Writing {
  const members = message.prompt === null ? null : (model.prompts.get(message.prompt) ?? null);
  const heard = message.take === null ? undefined : model.takes.get(message.take);
  // A prompt that only another evaluation of the page has can only be written about there.
  const evaluation =
    [heard?.evaluation, ...evaluations].find(
      (candidate) => candidate !== undefined && (members === null || members.has(candidate.id)),
    ) ?? heard?.evaluation;
  if (evaluation === undefined) throw new Error('A note needs an evaluation on the page');
  return writing(
    {
      text: message.text,
      scope: message.scope,
      run: evaluation.run,
      evaluation: evaluation.name,
      prompt: members?.get(evaluation.id) ?? null,
      take: heard?.evaluation === evaluation ? heard.take.name : null,
      seconds: message.seconds,
    },
    message.replaces,
    reaches(library, evaluations),
    notebook,
  );
}

/** Notes on a run and all that belongs to it, for its page; oldest first. */
export function runNotes(run: Run, context: NotesContext): NoteView[] {
  const reach = reaches(context.library, []);
  return noteViews(context.notebook.notesOf(run.id), {
    rater: context.notebook.rater,
    linksOf: reach,
    takeId: (note, name) => takeId(reach(note), name),
    promptId: (note) => runPromptId(reach(note).evaluation, reach(note).prompt),
    promptIdByNumber: (note, number) => {
      const { evaluation } = reach(note);
      return runPromptId(evaluation, evaluation?.prompts.find((prompt) => prompt.number === number) ?? null);
    },
    hashNow: (note, name) => hashNow(reach(note), note.prompt, name, context.notebook),
    runName: () => null,
    formatTime: (at) => formatMoment(at, new Date(), context.language),
  });
}

/** What `runNotes` called a prompt and a take → the evaluation they are of, and their names there. */
export function momentOnRun(
  evaluations: readonly Evaluation[],
  moment: { readonly prompt: string | null; readonly take: string | null },
): { readonly evaluation: Evaluation; readonly prompt: string | null; readonly take: string | null } | null {
  for (const evaluation of evaluations) {
    const prompt = evaluation.prompts.find(
      (candidate) => runPromptId(evaluation, candidate) === moment.prompt,
    );
    const take = evaluation.takes.find((candidate) => `${evaluation.id}/${candidate.name}` === moment.take);
    if (prompt === undefined && (moment.prompt !== null || take === undefined)) continue;
    return { evaluation, prompt: prompt?.id ?? null, take: take?.name ?? null };
  }
  return null;
}

/** A note on the run itself, or the edit of any of its notes. */
export function runDraft(
  run: Run,
  message: { readonly text: string; readonly replaces: string | null },
  { library, notebook }: Pick<NotesContext, 'library' | 'notebook'>,
): Writing {
  return writing(
    {
      text: message.text,
      scope: 'run',
      run: run.id,
      evaluation: null,
      prompt: null,
      take: null,
      seconds: null,
    },
    message.replaces,
    reaches(library, []),
    notebook,
  );
}

/** A note on a row of the tree: an evaluation, or one of its prompts, with the takes and second it is known to be about. */
export function rowDraft(
  evaluation: Evaluation,
  about: {
    readonly prompt: Prompt | null;
    readonly text: string;
    readonly take?: string;
    readonly second?: number;
  },
  { library, notebook }: Pick<NotesContext, 'library' | 'notebook'>,
): Writing {
  const { prompt, text, take, second } = about;
  return writing(
    {
      text,
      scope: prompt === null ? 'evaluation' : take === undefined ? 'prompt' : 'take',
      run: evaluation.run,
      evaluation: evaluation.name,
      prompt: prompt?.id ?? null,
      take: take ?? null,
      seconds: second === undefined ? null : [second, second],
    },
    null,
    reaches(library, []),
    notebook,
  );
}

function writing(
  draft: Writing['draft'],
  replaces: string | null,
  reach: (place: Place) => Reach,
  notebook: Notebook,
): Writing {
  return {
    draft,
    replaces,
    contextAt: (place) => {
      const at = reach(place);
      return {
        takes: at.takes,
        prompts: at.prompts,
        hashOf: (name) => hashNow(at, place.prompt, name, notebook),
      };
    },
  };
}

/** Reaches of places, each worked out once. `beside`: the evaluations of the page. */
function reaches(library: Library, beside: readonly Evaluation[]): (place: Place) => Reach {
  const known = new Map<string, Reach>();
  return (place) => {
    const key = [place.run, place.evaluation ?? '\0', place.prompt ?? '\0'].join('\0');
    let reach = known.get(key);
    if (reach === undefined) {
      const onPage = beside.filter((evaluation) => evaluation.run === place.run);
      const elsewhere = library
        .evaluationsOf(place.run)
        .filter(({ id }) => !onPage.some((one) => one.id === id));
      reach = reachOf(place, [...onPage, ...elsewhere], beside);
      known.set(key, reach);
    }
    return reach;
  };
}

/** As AlignedTake.id has it. */
function takeId(reach: Reach, name: string): string | null {
  const meant = reach.take(name);
  return meant === null ? null : `${meant.evaluation.id}/${meant.take.name}`;
}

function runPromptId(evaluation: Evaluation | null, prompt: Prompt | null): string | null {
  return evaluation === null || prompt === null ? null : `${evaluation.id}|${prompt.id}`;
}

function hashNow(reach: Reach, prompt: string | null, name: string, notebook: Notebook): string | null {
  const meant = reach.take(name);
  const clip = meant === null || prompt === null ? null : clipOf(meant.evaluation, prompt, meant.take.name);
  return clip === null ? null : notebook.hashOf(clip);
}

function clipOf(evaluation: Evaluation, prompt: string, take: string): Clip | null {
  return evaluation.clips.find((clip) => clip.prompt === prompt && clip.take === take) ?? null;
}
