/** What a note's text points at: takes by name, prompts as `p3`, moments as `@0:12`. */

export interface LinkContext {
  /** Names that can be meant: `best`, `checkpoint-400`, `best@0.7`, `output_epoch1/best`. */
  readonly takes: readonly string[];
  /** Numbers of the prompts there are. */
  readonly prompts: ReadonlySet<number>;
}

export type TextLink =
  | { readonly kind: 'take'; /** as in LinkContext.takes */ readonly take: string }
  | { readonly kind: 'prompt'; readonly number: number }
  /** Seconds from the clip's start; `to` equals `from` for a moment. */
  | { readonly kind: 'time'; readonly from: number; readonly to: number };

export interface TextSegment {
  readonly text: string;
  readonly link: TextLink | null;
}

/** Scripts that set no spaces between words: beside them a Latin name is a word of its own. */
const SPACELESS =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORD = /[\p{L}\p{N}\p{M}_]/u;

const CLOCK = String.raw`(?:(\d{1,4})[:：]([0-5]\d(?:\.\d{1,3})?)|(\d{1,5}(?:\.\d{1,3})?)s)`;
const TIME = String.raw`[@＠]${CLOCK}(?:\s?[-–—~～]\s?[@＠]?${CLOCK})?`;
const PROMPT = String.raw`p(\d{1,6})`;

/** Where no further letter, digit or `:` may follow, so that `@0:123` is no time and `p3.5` no prompt. */
const AFTER_FIGURE = /^(?:[\p{N}_:：]|\.\d)/u;

/**
 * Cuts `text` into pieces, in order and without loss. Names are matched whatever their case, longest first, as whole words; `base`
 * and `final` used as ordinary words match too. The parts of a link to an unknown run's take (`other/best`) are no link.
 */
export function parseLinks(text: string, context: LinkContext): TextSegment[] {
  const segments: TextSegment[] = [];
  const pattern = patternOf(context.takes);
  let done = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const link = linkOf(text, match, context, segments.length > 0 ? done : -1);
    if (!link) {
      // Look again from the next character: a shorter or later name may lie inside.
      pattern.lastIndex = match.index + 1;
      continue;
    }
    if (match.index > done) segments.push({ text: text.slice(done, match.index), link: null });
    segments.push({ text: match[0], link });
    done = match.index + match[0].length;
    pattern.lastIndex = done;
  }
  if (done < text.length) segments.push({ text: text.slice(done), link: null });
  return segments;
}

/** The takes a text names, each once, as the context spells them. */
export function linkedTakes(segments: readonly TextSegment[]): string[] {
  return [...new Set(segments.flatMap(({ link }) => (link?.kind === 'take' ? [link.take] : [])))];
}

/** The first moment or stretch that a text names. */
export function linkedSeconds(segments: readonly TextSegment[]): [number, number] | null {
  for (const { link } of segments) if (link?.kind === 'time') return [link.from, link.to];
  return null;
}

/** As a note's text names it: `@0:12`, `@0:08-0:12.5`. */
export function formatSeconds([from, to]: readonly [number, number]): string {
  return from === to ? `@${clock(from)}` : `@${clock(from)}-${clock(to)}`;
}

function patternOf(takes: readonly string[]): RegExp {
  const names = [...takes]
    .filter((take) => take !== '')
    .sort((a, b) => b.length - a.length)
    .map((take) => take.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`));
  return new RegExp([TIME, PROMPT, ...(names.length > 0 ? [`(${names.join('|')})`] : [])].join('|'), 'giu');
}

function linkOf(
  text: string,
  match: RegExpExecArray,
  context: LinkContext,
  lastLinkEnd: number,
): TextLink | null {
  const [all, m1, s1, t1, m2, s2, t2, number, name] = match;
  // Two units either side are a character, whatever its plane; more would make long texts slow.
  const end = match.index + all.length;
  const after = text.slice(end, end + 2);
  if (s1 !== undefined || t1 !== undefined) {
    if (AFTER_FIGURE.test(after) || (/s$/i.test(all) && joins(all, after))) return null;
    const from = secondsOf(m1, s1, t1);
    const to = s2 === undefined && t2 === undefined ? from : secondsOf(m2, s2, t2);
    return { kind: 'time', from: Math.min(from, to), to: Math.max(from, to) };
  }
  const before = text.slice(Math.max(0, match.index - 2), match.index);
  if (joins(before, all) || joins(all, after)) return null;
  if (number !== undefined) {
    const known = context.prompts.has(Number(number)) && !AFTER_FIGURE.test(after);
    return known ? { kind: 'prompt', number: Number(number) } : null;
  }
  if (before.endsWith('/') && lastLinkEnd !== match.index - 1) return null;
  const take = spelled(name ?? '', context.takes);
  return take === null ? null : { kind: 'take', take };
}

function spelled(name: string, takes: readonly string[]): string | null {
  if (takes.includes(name)) return name;
  return takes.find((take) => take.toLowerCase() === name.toLowerCase()) ?? null;
}

/** Whether the end of `a` and the start of `b` are within one word. */
function joins(a: string, b: string): boolean {
  const last = /.$/su.exec(a.slice(-2))?.[0] ?? '';
  const first = /^./su.exec(b)?.[0] ?? '';
  return WORD.test(last) && WORD.test(first) && !SPACELESS.test(last) && !SPACELESS.test(first);
}

function secondsOf(minutes = '0', seconds: string | undefined, plain = '0'): number {
  return seconds === undefined ? Number(plain) : Number(minutes) * 60 + Number(seconds);
}

function clock(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  const rest = (tenths % 600) / 10;
  const whole = String(Math.floor(rest)).padStart(2, '0');
  return `${minutes}:${whole}${Number.isInteger(rest) ? '' : `.${tenths % 10}`}`;
}
