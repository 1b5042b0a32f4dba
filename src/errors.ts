/** What a person is told when something is wrong: in files (Problem) or with what they asked for (HumanError). */

/** A step that the person can take next, shown as a button. `command` is an id of ids.ts. */
export interface NextStep {
  readonly label: string;
  readonly command: string;
  readonly args?: readonly unknown[];
}

/** An error whose message is fit to show as it is: it says what is wrong and names the next step. */
export class HumanError extends Error {
  override readonly name = 'HumanError';

  constructor(
    message: string,
    readonly next?: NextStep,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Something in a file that could not be read as it stands. Readers never throw on a bad file: they return what could
 * be read plus problems, which the tree and the panels show.
 */
export interface Problem {
  /** A stable, greppable name such as `index-row-torn`; tests and links use it, people do not see it. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  /** One plain, translated sentence that names the next step where there is one. */
  readonly message: string;
  /** Absolute path of the file it is about. */
  readonly file?: string;
  /** Line in that file, from 1. */
  readonly line?: number;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
