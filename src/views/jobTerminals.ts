/** Terminals that only view: closing one, or Ctrl-C in it, ends nothing but the view. */
import * as l10n from '@vscode/l10n';
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

  /** Shows the job's log as it grows. A view that is open already is brought to the front. */
  async show(job: Pick<Job, 'id' | 'title'>): Promise<void> {
    const open = this.#open.get(job.id);
    if (open?.exitStatus === undefined && open !== undefined) {
      open.show(true);
      return;
    }
    const { file, args } = await this.workshop.jobs.viewer(job.id);
    const terminal = vscode.window.createTerminal({
      name: job.title,
      shellPath: file,
      shellArgs: [...args],
      cwd: homedir(),
      iconPath: new vscode.ThemeIcon('pulse'),
      // VS Code would bring it back without a process; the Jobs view opens it anew instead.
      isTransient: true,
      message: l10n.t('This terminal only shows the job: closing it or Ctrl-C ends the view, never the job.'),
    });
    this.#open.set(job.id, terminal);
    terminal.show(true);
  }

  dispose(): void {
    this.#store.dispose();
  }
}
