/** Notices changes of run folders: events where VS Code watches anyway, and a poll as the safety net. */
import * as vscode from 'vscode';
import { DisposableStore } from './disposables';

/** Small files that are written when something happens. WAVs are never watched: an evaluation writes hundreds. */
const signalFiles =
  '**/{run.json,events.jsonl,checkpoint.json,adapter_config.json,trainer_state.json,evaluation.json,comparison_results.jsonl}';

/** Only folders of the workspace are watched by events: VS Code watches them already, so this costs no new watcher. */
export function watchSignalFiles(onChange: () => void): DisposableStore {
  const store = new DisposableStore();
  const watcher = store.add(vscode.workspace.createFileSystemWatcher(signalFiles));
  store.add(watcher.onDidCreate(onChange));
  store.add(watcher.onDidChange(onChange));
  store.add(watcher.onDidDelete(onChange));
  return store;
}

/**
 * Calls `work` again and again while `wanted()`: `pauseMs` after the last end, slower when the window has no focus or
 * when the work itself takes long, so that it takes no more than `share` of the time. `wake` brings the next call forward.
 */
export class Poll implements vscode.Disposable {
  #timer: NodeJS.Timeout | null = null;
  #busy = false;
  #disposed = false;

  constructor(
    private readonly work: () => Promise<void>,
    private readonly wanted: () => boolean,
    private readonly pauseMs: number | (() => number),
    private readonly share = 0.1,
  ) {}

  /** Polls from now on while wanted; call it whenever `wanted` may have become true. */
  wake(): void {
    if (!this.#busy && this.wanted()) this.#schedule(this.#pause);
  }

  dispose(): void {
    this.#disposed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  get #pause(): number {
    return typeof this.pauseMs === 'number' ? this.pauseMs : this.pauseMs();
  }

  async #tick(): Promise<void> {
    this.#timer = null;
    if (!this.wanted()) return;
    this.#busy = true;
    const started = Date.now();
    try {
      await this.work();
    } finally {
      this.#busy = false;
      const took = Date.now() - started;
      this.#schedule(Math.max(this.#pause, took / this.share) * (vscode.window.state.focused ? 1 : 3));
    }
  }

  #schedule(pauseMs: number): void {
    if (this.#disposed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tick(), pauseMs);
  }
}
