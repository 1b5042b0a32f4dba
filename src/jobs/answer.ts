/** What supervisor.py said: one JSON object between two lines that carry the call's own random word. */
import * as l10n from '@vscode/l10n';
import * as z from 'zod';
import { HumanError } from '../errors';
import { parseJson } from '../files/json';
import { reasonOf } from '../hosts/noAnswer';
import type { Tail } from '../hosts/tail';
import type { HostCall, Transport } from '../hosts/transport';
import { readEvidence, type Evidence } from './evidence';

/** No answer came, or one that can't be believed. What was asked for may have happened or not. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

export interface Answer {
  readonly jobs: readonly Evidence[];
  /** Ids of jobs that were asked to be left out and are still there. */
  readonly untold: ReadonlySet<string>;
  /** Of the files that were asked for, those that are there. */
  readonly tails: readonly Tail[];
}

const answerSchema = z.object({
  ok: z.literal(true),
  jobs: z.array(z.unknown()),
  tails: z.array(z.unknown()).catch([]),
});
const tailSchema = z
  .object({
    path: z.string(),
    inode: z.number().int(),
    size: z.number().int().min(0),
    offset: z.number().int().min(0),
    base64: z.base64(),
  })
  .transform(({ base64, ...facts }): Tail => ({ ...facts, bytes: Buffer.from(base64, 'base64') }));
const refusalSchema = z.object({
  ok: z.literal(false),
  error: z.string(),
  text: z.string().catch(''),
});

/** Throws NoAnswer, or a HumanError when the host refused. */
export async function ask(transport: Transport, call: HostCall): Promise<Answer> {
  const result = await transport.run(call);
  const value = framed(result.stdout, call);
  const refusal = refusalSchema.safeParse(value);
  if (refusal.success) throw refused(refusal.data);
  const answer = answerSchema.safeParse(value);
  if (!answer.success) throw new NoAnswer(reasonOf(result));
  const jobs: Evidence[] = [];
  const untold = new Set<string>();
  for (const entry of answer.data.jobs) {
    const evidence = readEvidence(entry);
    if (evidence === null) continue;
    if (evidence.told) jobs.push(evidence);
    else untold.add(evidence.id);
  }
  const tails = answer.data.tails.flatMap((entry) => tailSchema.safeParse(entry).data ?? []);
  return { jobs, untold, tails };
}

/** Only what stands between the marks counts: before and after, a login shell may print what it likes. */
function framed(stdout: string, { argv }: HostCall): unknown {
  const frame = argv[argv.indexOf('--frame') + 1] ?? '';
  const [, ...afterStart] = stdout.split(`EARMARK-${frame}\n`);
  const [body, ...afterEnd] = (afterStart.at(-1) ?? '').split(`\nEND-${frame}`);
  if (afterEnd.length === 0) return undefined;
  try {
    // A bad file on the host may hold NaN, which Python passes on: it must not cost the other jobs their answer.
    return parseJson(body ?? '');
  } catch {
    return undefined;
  }
}

function refused({ error, text }: z.infer<typeof refusalSchema>): HumanError {
  return new HumanError(sentences[error]?.() ?? text, undefined, { cause: error });
}

/** Refusals that need no detail of the host's own words; the others carry paths and are shown as they came. */
const sentences: Readonly<Record<string, (() => string) | undefined>> = {
  cut: () => l10n.t('The request arrived incomplete. Nothing was started; start again.'),
  'other-content': () => l10n.t('A different job has this id already. Start again, under a new one.'),
};
