/** Earmark's own editor tabs. */
import * as vscode from 'vscode';
import { eventually } from './workspace';

export function tabsOf(viewType: string): vscode.Tab[] {
  return vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .filter(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(viewType));
}

/** Waits for a tab of this kind with this title: its page was loaded, asked for its state, and was given it. */
export function tab(viewType: string, title: string): Promise<vscode.Tab> {
  return eventually(() => tabsOf(viewType).find(({ label }) => label === title));
}
