/** What a layer of `npm test` says of itself in its closing words, told by the runner that it is run with. */

export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** The tests that failed, each with the first line of why. */
  readonly failures: readonly string[];
  /** The tests that passed on their second try only. */
  readonly flaky: readonly string[];
}

export type Reader = (output: string) => Outcome;

const retried = ' (retry x';

/** Vitest: ` FAIL  file > suite > test`, once per try, then the error. Retried ones are marked in the list above. */
export function vitestOutcome(output: string): Outcome {
  const lines = linesOf(output);
  const failures = lines.flatMap((line, at) => {
    const test = /^\s*FAIL\s+(.*)$/.exec(line)?.[1];
    const next = lines[at + 1] ?? '';
    // The last of its tries is the one that is followed by the error.
    return test === undefined || /^\s*FAIL\s/.test(next) ? [] : [`${test}: ${next.trim()}`];
  });
  const flaky = lines.filter((line) => line.trimStart().startsWith('✓') && line.includes(retried));
  const counts = wordCounts(lines.findLast((line) => /^\s*Tests\s/.test(line)) ?? '');
  return { ...counts, failures, flaky: flaky.map((line) => line.trim().slice(2)) };
}

/** Pytest: `FAILED file::test - why`, then `3 failed, 210 passed, 2 skipped in 80.1s`; then the same for a second try of those. */
export function pytestOutcome(output: string): Outcome {
  const lines = linesOf(output);
  const tries = lines.filter((line) => / in [\d.]+s\b/.test(line)).map(wordCounts);
  const named = new Map<string, string[]>();
  for (const line of lines) {
    const test = /^(?:FAILED|ERROR) (\S+)/.exec(line)?.[1];
    if (test !== undefined) named.set(test, [...(named.get(test) ?? []), line]);
  }
  // What failed in every try has failed; its words may differ.
  const failed = (said: string[]): boolean => said.length >= tries.length;
  const all = [...named.values()];
  return {
    passed: sum(tries.map((counts) => counts.passed)),
    failed: tries.at(-1)?.failed ?? 0,
    skipped: tries[0]?.skipped ?? 0,
    failures: all.filter(failed).flatMap((said) => said.slice(-1)),
    flaky: all.filter((said) => !failed(said)).flat(),
  };
}

/** Our own runners: `  ✗ test`, `  ✓ test (5 ms) on the second try`, and `12 passed, 0 failed, 1 skipped` for each of their rounds or once. */
export function plainOutcome(output: string): Outcome {
  const lines = linesOf(output);
  const rounds = lines.filter((line) => /^\d+ passed, \d+ failed/.test(line)).map(wordCounts);
  const failures = lines.flatMap((line, at) =>
    /^\s*✗ /.test(line) ? [[line, lines[at + 1] ?? ''].map((text) => text.trim()).join(' ')] : [],
  );
  return {
    passed: sum(rounds.map((round) => round.passed)),
    failed: sum(rounds.map((round) => round.failed)),
    skipped: sum(rounds.map((round) => round.skipped)),
    failures,
    flaky: lines.filter((line) => line.endsWith(' on the second try')).map((line) => line.trim()),
  };
}

/** Playwright's list: at its end `  1 failed`, `  2 flaky`, each with its tests below, further in. */
export function playwrightOutcome(output: string): Outcome {
  const closing = linesOf(output).slice(-60);
  const below = (word: string): string[] => {
    const at = closing.findLastIndex((line) => new RegExp(`^ {2}\\d+ ${word}`).test(line));
    if (at < 0) return [];
    const tests = closing.slice(at + 1);
    const end = tests.findIndex((line) => !/^ {4}\S/.test(line));
    return tests.slice(0, end < 0 ? undefined : end).map((line) => line.trim());
  };
  const counts = wordCounts(
    closing.filter((line) => /^ {2}\d+ (passed|failed|skipped)/.test(line)).join('\n'),
  );
  const flaky = below('flaky');
  return { ...counts, passed: counts.passed + flaky.length, failures: below('failed'), flaky };
}

function wordCounts(text: string): Pick<Outcome, 'passed' | 'failed' | 'skipped'> {
  const count = (word: string): number => Number(new RegExp(`(\\d+) ${word}`).exec(text)?.[1] ?? 0);
  return { passed: count('passed'), failed: count('failed') + count('error'), skipped: count('skipped') };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function linesOf(output: string): string[] {
  return output.replace(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '').split('\n');
}
