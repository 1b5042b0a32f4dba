/** Remarks that were written elsewhere (a chat, a list, a table), pasted in → drafts to look over before they are saved. */
import { linkedSeconds, linkedTakes, parseLinks, type LinkContext } from './links';
import { isRule, tableRemarks } from './remarksTable';

export interface RemarkDraft {
  /** As it was written, less bullets and table lines. */
  readonly text: string;
  readonly prompt: number | null;
  readonly takes: readonly string[];
  readonly second: number | null;
}

export interface RemarkContext extends LinkContext {
  /** The words of a prompt, so that a heading that repeats them is no remark; null where they are not known. */
  promptText(number: number): string | null;
}

/** What the lines that follow are about, until the next heading. */
interface Topic {
  readonly prompt: number | null;
  readonly take: string | null;
}

interface Remark {
  text: string;
  readonly topic: Topic;
}

const NOWHERE: Topic = { prompt: null, take: null };
const BULLET = /^(\s*)(?:[-*+•·‣◦–—]\s+|[-•·‣◦–—](?=[^\s\d-]))(?:\[[ xX]\]\s+)?(.*)$/;
const LABEL =
  /^(?:p|prompt|#|no\.?|提示词?|提示|第)\s*#?\s*(\d{1,6})(?:\s*[题条号])?\s*(?:[:：.)）、,，–—-]\s*|\s+|$)(.*)$/iu;

/**
 * One draft a line or bullet; an indented line, or one right below a bullet, goes on with it. A line that only names a prompt (`## Prompt 3`,
 * `p3:`) or a take (`base:`) is a heading for what follows. Everything else is kept, dates and names included.
 */
export function parseRemarks(pasted: string, context: RemarkContext): RemarkDraft[] {
  const lines = pasted.replace(/^\uFEFF/, '').split(/\r\n|[\n\r\u2028\u2029]/);
  const remarks: Remark[] = [];
  let topic = NOWHERE;
  let open: Remark | null = null;
  let inBullet = false;

  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (line.trim() === '') {
      open = null;
      continue;
    }
    const table = tableRemarks(lines, index, context);
    if (table) {
      for (const row of table.rows) remarks.push({ text: row.text, topic: { ...topic, ...row.topic } });
      index = table.last;
      open = null;
      continue;
    }
    if (isRule(line)) continue;
    const bullet = BULLET.exec(line);
    const heading = /^\s{0,3}#{1,6}\s+(.*?)\s*#*$/.exec(line);
    const words = (bullet?.[2] ?? heading?.[1] ?? line).trim();
    const next = topicOf(unwrapped(words), topic, context);
    if (next) {
      topic = next;
      open = null;
      continue;
    }
    const indented = /^(?: {2}|\t)/.test(line);
    if (open && !bullet && !heading && (indented || (inBullet && !startsAnew(words, context)))) {
      open.text += `\n${words}`;
      continue;
    }
    // A heading about nothing known ends what the one before was about, and is itself kept.
    if (heading) topic = NOWHERE;
    open = { text: words, topic };
    inBullet = bullet !== null;
    remarks.push(open);
  }
  return remarks.filter(({ text }) => text !== '').map((remark) => draftOf(remark, context));
}

/** The topic that a heading sets; null when the line says more than that. */
function topicOf(words: string, topic: Topic, context: RemarkContext): Topic | null {
  const label = LABEL.exec(words);
  const number = Number(label?.[1]);
  if (label && context.prompts.has(number)) {
    const rest = bare(label[2] ?? '');
    if (rest === '' || rest === bare(context.promptText(number) ?? '')) return { prompt: number, take: null };
  }
  const named = parseLinks(words.replace(/[\s:：]+$/, ''), context);
  const only = named.length === 1 ? named[0]?.link : null;
  return only?.kind === 'take' ? { ...topic, take: only.take } : null;
}

function draftOf({ text, topic }: Remark, context: RemarkContext): RemarkDraft {
  const segments = parseLinks(text, context);
  const takes = linkedTakes(segments);
  return {
    text,
    prompt: promptOf(text, segments, context) ?? topic.prompt,
    takes: takes.length === 0 && topic.take !== null ? [topic.take] : takes,
    second: linkedSeconds(segments)?.[0] ?? null,
  };
}

/** The prompt a remark names itself: `p3` anywhere, or `Prompt 3` at its start (behind a date or name, if any). */
function promptOf(
  text: string,
  segments: ReturnType<typeof parseLinks>,
  context: RemarkContext,
): number | null {
  const label = LABEL.exec(
    unwrapped(text.replace(/^\[[^\]\n]{1,40}\]\s*/, '').replace(/^[^:：\n]{1,40}[:：]\s*(?=p)/iu, '')),
  );
  if (label && context.prompts.has(Number(label[1]))) return Number(label[1]);
  for (const { link } of segments) if (link?.kind === 'prompt') return link.number;
  return null;
}

/** A line below a bullet that has a subject of its own is no continuation: a label, a name or time of a chat, a take. */
function startsAnew(words: string, context: RemarkContext): boolean {
  if (/^[[(（【]?\d{1,4}[-/.:：]\d/.test(words) || /^\[[^\]]+\]/.test(words)) return true;
  if (/^[^\s:：]{1,24}(?: [^\s:：]{1,24})?[:：]/u.test(words) || LABEL.test(words)) return true;
  const first = parseLinks(words, context)[0]?.link;
  return first?.kind === 'take' || first?.kind === 'prompt';
}

/** Without the signs of emphasis that wrap a label: `**p3**:`. */
function unwrapped(words: string): string {
  return words
    .replace(/[*`]+/g, '')
    .replace(/^_+|_+$/g, '')
    .trim();
}

function bare(words: string): string {
  return words
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}
