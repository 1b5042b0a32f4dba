/** Asks python/host.py on a host. Its answer is JSON, checked by whoever asks. */
import * as l10n from '@vscode/l10n';
import type * as z from 'zod';
import { HumanError } from '../errors';
import { Unreachable } from './noAnswer';
import type { Transport } from './transport';

export interface HostScript {
  readonly transport: Transport;
  /** Interpreter on the host, 3.8 or newer. */
  readonly python: string;
  /** host.py on the host, absolute. */
  readonly script: string;
}

/** Nothing of the person's Python set-up has a say, and starting is quick. */
export const PYTHON_FLAGS = ['-I', '-S', '-X', 'utf8'];

/** Throws a HumanError when no answer comes, or none that can be believed. */
export async function askHost<T>(
  { transport, python, script }: HostScript,
  words: readonly string[],
  input: string,
  schema: z.ZodType<T>,
): Promise<T> {
  const argv = [python, ...PYTHON_FLAGS, script, ...words] as const;
  const result = await transport.run({ argv, input, timeoutMs: 20_000 });
  const { code, stdout, stderr } = result;
  if (code === null) throw new Unreachable(result);
  const answer = code === 0 ? schema.safeParse(parsed(stdout)) : null;
  if (answer?.success === true) return answer.data;
  const said = stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  throw new HumanError(
    l10n.t('{0} gave no answer that can be read: {1}. Run “Check Environment”.', transport.label, said),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
