/** The notes on a run as a page that reads well on GitHub. Always in English and UTC: raters of one repository share the file. */
import type { Evaluation } from '../evaluations/evaluation';
import type { Run } from '../runs/run';
import { formatSeconds, linkedSeconds, parseLinks } from './links';
import type { Note } from './note';
import type { Heard } from './notesStore';

/** How a page of ours starts; one without it is somebody's own and is never written over. */
export const MARKER = '<!-- Rendered by Earmark.';

export interface MarkdownInput {
  readonly run: Pick<Run, 'name'>;
  /** Those that are still there; notes on others are shown as well. */
  readonly evaluations: readonly Pick<Evaluation, 'name' | 'prompts' | 'takes'>[];
  /** Oldest first. */
  readonly notes: readonly Note[];
  /** By anyone. */
  readonly heard: readonly Heard[];
  /** Name of the folder the lines lie in, beside the page. */
  readonly folder: string;
}

export function renderMarkdown(input: MarkdownInput): string {
  const { run, evaluations, notes, heard, folder } = input;
  const onRun = notes.filter((note) => note.evaluation === null);
  const names = new Set([
    ...evaluations.map((evaluation) => evaluation.name),
    ...notes.flatMap((note) => note.evaluation ?? []),
    ...heard.map((one) => one.evaluation),
  ]);
  const sections = [...names].map((name) => {
    const there = evaluations.find((evaluation) => evaluation.name === name);
    const evaluation = there ?? { name, prompts: [], takes: [] };
    return evaluationSection(
      evaluation,
      notes.filter((note) => note.evaluation === name),
      heard.filter((one) => one.evaluation === name),
    );
  });
  const path = code(`${folder}/*.jsonl`);
  return [
    `${MARKER} Changes made here are overwritten; the notes are the .jsonl files beside it. -->`,
    `# Listening notes: ${inline(run.name)}`,
    `*Rendered by Earmark from ${path}. Changes made here are overwritten; write notes in Earmark.*`,
    ...(onRun.length > 0 ? ['## On the run', list(onRun)] : []),
    ...sections.flat(),
  ]
    .join('\n\n')
    .concat('\n');
}

function evaluationSection(
  evaluation: Pick<Evaluation, 'name' | 'prompts' | 'takes'>,
  notes: readonly Note[],
  heard: readonly Heard[],
): string[] {
  if (notes.length === 0 && heard.length === 0) return [];
  const general = notes.filter((note) => note.prompt === null);
  const known = evaluation.prompts.map((prompt) => ({
    title: `Prompt ${prompt.number}`,
    text: prompt.text,
    notes: notes.filter((note) => note.prompt === prompt.id),
  }));
  const ids = new Set(evaluation.prompts.map((prompt) => prompt.id));
  const gone = [...new Set(notes.flatMap((note) => note.prompt ?? []))].filter((id) => !ids.has(id));
  const others = gone.map((id) => ({
    title: `Prompt ${code(id)}`,
    text: '',
    notes: notes.filter((note) => note.prompt === id),
  }));
  return [
    `## ${inline(evaluation.name)}`,
    ...summary(evaluation, notes, heard),
    ...(general.length > 0 ? [list(general)] : []),
    ...[...known, ...others].flatMap((prompt) =>
      prompt.notes.length === 0
        ? []
        : [`### ${prompt.title}`, ...(prompt.text === '' ? [] : [quote(prompt.text)]), list(prompt.notes)],
    ),
  ];
}

function summary(
  evaluation: Pick<Evaluation, 'prompts' | 'takes'>,
  notes: readonly Note[],
  heard: readonly Heard[],
): string[] {
  const names = new Set([
    ...evaluation.takes.map((take) => take.name),
    ...notes.filter((note) => note.prompt !== null).flatMap((note) => note.takes),
    ...heard.map((one) => one.take),
  ]);
  if (names.size === 0) return [];
  const of = evaluation.prompts.length > 0 ? ` of ${evaluation.prompts.length}` : '';
  const rows = [...names].map((name) => {
    const prompts = new Set(heard.filter((one) => one.take === name).map((one) => one.prompt));
    const count = notes.filter((note) => note.takes.includes(name)).length;
    return `| ${inline(name)} | ${prompts.size}${of} | ${count} |`;
  });
  return [['| Take | Prompts heard | Notes |', '| --- | --: | --: |', ...rows].join('\n')];
}

function list(notes: readonly Note[]): string {
  return notes.map(item).join('\n');
}

function item(note: Note): string {
  const date = new Date(note.at);
  const when = Number.isNaN(date.getTime())
    ? note.at
    : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const facts = [
    `**${inline(note.by)}**`,
    inline(when),
    ...(note.takes.length > 0 ? [`on ${note.takes.map(inline).join(', ')}`] : []),
    ...(note.seconds && !linkedSeconds(parseLinks(note.text, { takes: [], prompts: new Set() }))
      ? [formatSeconds(note.seconds)]
      : []),
    ...(note.rewords === null ? [] : [`instead of a note by ${inline(note.rewords)}`]),
    ...(note.edited ? ['edited'] : []),
  ];
  return `- ${facts.join(', ')}: ${block(note.text, '  ')}`;
}

function quote(text: string): string {
  return `> ${block(text, '> ')}`;
}

/** Several lines inside a list item or quotation: each kept as a line, none able to start anything of its own. */
function block(text: string, indent: string): string {
  const lines = text
    .trim()
    .split(/\r\n|[\n\r\u0085\u2028\u2029]/)
    .map((line) => inline(line));
  return lines
    .map((line, index) => {
      const next = lines[index + 1];
      return line !== '' && next !== undefined && next !== '' ? `${line}\\` : line;
    })
    .join(`\n${indent}`)
    .replace(/[ \t]+$/gm, '');
}

/**
 * One line of text as itself: what Markdown (CommonMark 0.31, GFM, GitHub's `$` mathematics and `@` mentions) reads as a sign is
 * escaped, and characters that cannot be seen or turn the direction of writing are left out.
 */
function inline(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\u200B\u200E\u200F\u202A-\u202E\u2060-\u2069\uFEFF]+/gu, ' ')
    .trim()
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/[\\`*[\]|~$]/g, String.raw`\$&`)
    .replace(/(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, String.raw`\_`)
    .replace(/^([#=+-])/, String.raw`\$1`)
    .replace(/^(\d{1,9})([.)])/, String.raw`$1\$2`)
    .replace(/@(?=[A-Za-z])/g, '@<!-- -->');
}

/** A code span that no backtick in the text can end. */
function code(text: string): string {
  const clean = text.replace(/[\p{Cc}\p{Cs}\p{Cf}]+/gu, ' ');
  const longest = Math.max(0, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const space = longest > 0 ? ' ' : '';
  return `${fence}${space}${clean}${space}${fence}`;
}
