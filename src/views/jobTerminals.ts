/** Terminals that only view: closing one, or Ctrl-C in it, ends nothing but the view. */
import * as l10n from '@vscode/l10n';
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { TerminalCommand } from '../hosts/transport';
import type { TmuxSession } from '../jobs/interactive';
import type { Job } from '../jobs/jobsStore';
import { viewerWords } from '../jobs/viewerWords';
import { DisposableStore } from '../platform/disposables';
import type { Workshop } from '../workshop';
import { quietly } from './quietTerminal';

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
    const host = this.workshop.hostOf(job);
    const viewer = await host.jobs.viewer(job.id, viewerWords());
    const { file, args } = host.isHere ? viewer : patient(viewer);
    const terminal = vscode.window.createTerminal({
      name: job.title,
      shellPath: file,
      shellArgs: [...args],
      cwd: homedir(),
      env: { EARMARK_CUT: l10n.t('[earmark] The link was cut; the job goes on. Looking for it again…') },
      iconPath: new vscode.ThemeIcon('pulse'),
      // VS Code would bring it back without a process; the Jobs view opens it anew instead.
      isTransient: true,
    });
    this.#open.set(job.id, terminal);
    terminal.show(true);
  }

  /** A session that tmux keeps: closing the terminal leaves it running. */
  showSession({ name, terminal: command }: TmuxSession): void {
    const terminal = vscode.window.createTerminal({
      ...quietly(command, 'any'),
      name,
      cwd: homedir(),
      iconPath: new vscode.ThemeIcon('terminal-tmux'),
      isTransient: true,
    });
    terminal.show();
  }

  dispose(): void {
    this.#store.dispose();
  }
}

/**
 * A view that comes back after the link was cut; ssh ends with 255 then. In whichever way it ends, VS Code has nothing to tell of it: the
 * job's own end is told by the Jobs view.
 */
function patient({ file, args }: TerminalCommand): TerminalCommand {
  if (process.platform === 'win32') return { file, args };
  const script = 'while "$@"; [ $? -eq 255 ]; do printf "\\n%s\\n" "$EARMARK_CUT"; sleep 3; done; exit 0';
  return { file: '/bin/sh', args: ['-c', script, 'sh', file, ...args] };
}
