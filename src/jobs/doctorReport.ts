/** What doctor.py found, for a person: a page with what is well, what is not, and the line that mends it. */
import * as l10n from '@vscode/l10n';
import * as z from 'zod';
import type { ExecResult } from '../hosts/exec';
import type { Figures } from './doctorEntry';
import { wordsOf } from './doctorWords';

const reportSchema = z.object({
  ok: z.boolean(),
  checks: z.array(
    z.object({
      name: z.string(),
      state: z.enum(['ok', 'warning', 'failed']).catch('warning'),
      text: z.string(),
      fix: z.string().catch(''),
      // What the English is made of; a script of old has none.
      code: z.string().catch(''),
      values: z.unknown().optional(),
    }),
  ),
});
type Report = z.infer<typeof reportSchema>;

/** Of every font, and without colour of their own. */
const MARKS = { ok: '✓', warning: '⚠', failed: '✗' } as const;

/** Markdown. What the script said is shown as it is where it is no report. */
export function doctorPage(
  python: string,
  result: ExecResult,
  figures: Figures,
  host: string | null = null,
): string {
  const report = readReport(result.stdout);
  const title =
    host === null
      ? `# ${l10n.t('Check of {0}', code(python))}`
      : `# ${l10n.t('Check of {0} on {1}', code(python), inline(host))}`;
  if (report === null) {
    const said = [result.stdout, result.stderr].join('\n').trim().split('\n').slice(-40).join('\n');
    return [title, l10n.t('The check broke off. This is the last that it said:'), fenced(said)].join('\n\n');
  }
  const verdict = report.ok
    ? l10n.t('Nothing stands in the way of a training.')
    : l10n.t('Something stands in the way. Run the lines below in a terminal, then check again.');
  return [title, verdict, ...report.checks.map((check) => section(check, figures))].join('\n\n').concat('\n');
}

function section(check: Report['checks'][number], figures: Figures): string {
  const words = wordsOf(check.code, check.values, figures);
  const name = inline(words?.name ?? check.name);
  const line = `${MARKS[check.state]} ${l10n.t('{0}: {1}', `**${name}**`, inline(words?.text ?? check.text))}`;
  if (check.fix === '') return line;
  // A command is for copying, a sentence for reading.
  if (/ -m pip |^pip /.test(check.fix)) return `${line}\n\n${fenced(check.fix)}`;
  return `${line}  \n→ ${inline(words?.fix ?? check.fix)}`;
}

/** The report is the last line that is one: libraries print what they like before it. */
function readReport(stdout: string): Report | null {
  for (const line of stdout.trim().split('\n').reverse()) {
    if (!line.startsWith('{')) continue;
    try {
      const parsed = reportSchema.safeParse(JSON.parse(line));
      if (parsed.success) return parsed.data;
    } catch {
      // No JSON after all: an earlier line may be.
    }
  }
  return null;
}

function inline(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|]/g, String.raw`\$&`).replace(/\s+/g, ' ');
}

function code(text: string): string {
  return `\`${text.replaceAll('`', '')}\``;
}

function fenced(text: string): string {
  return ['```sh', text.replaceAll('```', "'''"), '```'].join('\n');
}
