/** Many problems of one kind say no more than a few. */
import * as l10n from '@vscode/l10n';
import type { Problem } from '../errors';

/** A list of problems that keeps the first `limit` and counts the rest. */
export class ProblemList {
  readonly #kept: Problem[] = [];
  #left: { problem: Problem; count: number } | null = null;

  constructor(private readonly limit = 20) {}

  add(problem: Problem): void {
    if (this.#kept.length < this.limit) this.#kept.push(problem);
    else this.#left = { problem, count: (this.#left?.count ?? 0) + 1 };
  }

  all(): Problem[] {
    if (this.#left === null) return [...this.#kept];
    const { problem, count } = this.#left;
    const { severity, file } = problem;
    const message = l10n.t('Further problems in this file: {0}', count);
    return [
      ...this.#kept,
      { code: 'more-problems', severity, message, ...(file === undefined ? {} : { file }) },
    ];
  }
}
