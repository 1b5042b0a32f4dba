/** Tables among pasted remarks: Markdown's, or cells with tabs between as a spreadsheet copies them. */
import { parseLinks, type LinkContext } from './links';

export interface TableRemarks {
  readonly rows: readonly {
    readonly text: string;
    readonly topic: { readonly prompt?: number; readonly take?: string };
  }[];
  /** Index of the table's last line. */
  readonly last: number;
}

const PROMPT_HEADING = /^(?:p|#|no\.?|number|prompt|prompt no\.?|序号|编号|提示词?)$/iu;

/** Heads that say nothing a remark would miss; a head with other words in it is kept as a remark. */
const OTHER_HEADING =
  /^(?:take|model|checkpoint|remarks?|notes?|comments?|time|模型|检查点|备注|评价|评语|听感|时间)?$/iu;

/** Cells of a line of a table; null for other lines. */
export function cellsOf(line: string): string[] | null {
  if (line.includes('\t') && line.trim().includes('\t')) return line.trim().split('\t').map(trimmed);
  if (!/^\s*\|.*\|\s*$/.test(line)) return null;
  return line
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => trimmed(cell.replaceAll('\\|', '|')));
}

/** A line that only draws: the rule under a table's head, or between parts of a text. */
export function isRule(line: string): boolean {
  return /^[\s|:=_*-]{3,}$/.test(line) && /[-=_*]{2}/.test(line.replace(/\s/g, ''));
}

/**
 * The table that starts at `index`, if one does: each row is a remark; where a column is headed by a take, each of its cells is
 * one on that take. The head is known by a rule below it or by its words.
 */
export function tableRemarks(
  lines: readonly string[],
  index: number,
  context: LinkContext,
): TableRemarks | null {
  const head = cellsOf(lines[index] ?? '');
  if (!head) return null;
  const ruled = isRule(lines[index + 1] ?? '');
  const takes = head.map((cell) => takeNamed(cell, context));
  const promptColumn = head.findIndex((cell) => PROMPT_HEADING.test(cell));
  const headed = ruled || (head.length > 1 && promptColumn >= 0) || takes.filter(Boolean).length > 1;

  const known = head.every((cell, i) => takes[i] ?? (i === promptColumn || OTHER_HEADING.test(cell)));
  const rows: TableRemarks['rows'][number][] =
    headed && !known ? [{ text: head.filter(Boolean).join(' · '), topic: {} }] : [];
  let last = index + (headed ? (ruled ? 1 : 0) : -1);
  for (let cells = cellsOf(lines[last + 1] ?? ''); cells; cells = cellsOf(lines[last + 1] ?? '')) {
    last += 1;
    if (!isRule(lines[last] ?? ''))
      rows.push(...rowRemarks(cells, headed ? takes : [], headed ? promptColumn : 0, context));
  }
  return { rows, last };
}

function rowRemarks(
  cells: readonly string[],
  takes: readonly (string | null)[],
  promptColumn: number,
  context: LinkContext,
): TableRemarks['rows'] {
  const number = Number(/^(?:p|prompt)?\s*#?(\d{1,6})$/i.exec(cells[promptColumn] ?? '')?.[1]);
  const prompt = context.prompts.has(number) ? { prompt: number } : {};
  const perTake = cells.flatMap((text, column) => {
    const take = takes[column];
    return take && text !== '' ? [{ text, topic: { ...prompt, take } }] : [];
  });
  const rest = cells.filter((text, column) => text !== '' && !takes[column]);
  const numberOnly = rest.length === 1 && 'prompt' in prompt && perTake.length > 0;
  if (rest.length === 0 || numberOnly) return perTake;
  return [{ text: rest.join(' · '), topic: prompt }, ...perTake];
}

function takeNamed(cell: string, context: LinkContext): string | null {
  const [only, ...more] = parseLinks(cell, context);
  return only?.link?.kind === 'take' && more.length === 0 ? only.link.take : null;
}

function trimmed(cell: string): string {
  return cell.trim();
}
