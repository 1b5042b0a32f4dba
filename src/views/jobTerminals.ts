/** Terminals that only view: closing one, or Ctrl-C in it, ends nothing but the view. */
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { Job } from '../jobs/jobsStore';
import { DisposableStore } from '../platform/disposables';
import type { Workshop } from '../workshop';

export class JobTerminals {
  readonly #store = new DisposableStore();
  readonly #open = new Map<string, vscode.Terminal>();

  constructor(private readonly workshop: Workshop) {
    this.#store.add(
      vscode.window.onDidCloseTerminal((terminal) => {
        for (const [id, open] of this.#open) if (open === terminal) this.#open.delete(id);
      }),
    );
  }

  /** Shows what was started: of a chain the job that people wait for, not the one that only prepares it. */
  async showFirst(jobs: readonly Job[]): Promise<void> {
    const job = jobs.find(({ spec }) => spec?.kind !== 'command') ?? jobs[0];
    if (job !== undefined) await this.show(job);
  }

  /** Shows the job's log as it grows. A view that is open already is brought to the front. */
  async show(job: Pick<Job, 'id' | 'title'>): Promise<void> {
    const open = this.#open.get(job.id);
    if (open?.exitStatus === undefined && open !== undefined) {
      open.show(true);
      return;
    }
    const { file, args } = await this.workshop.hostOf(job).jobs.viewer(job.id);
    const terminal = vscode.window.createTerminal({
      name: job.title,
      shellPath: file,
      shellArgs: [...args],
      cwd: homedir(),
      iconPath: new vscode.ThemeIcon('pulse'),
      // VS Code would bring it back without a process; the Jobs view opens it anew instead.
      isTransient: true,
    });
    this.#open.set(job.id, terminal);
    terminal.show(true);
  }

  dispose(): void {
    this.#store.dispose();
  }
}
