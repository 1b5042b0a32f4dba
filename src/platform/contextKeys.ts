import * as vscode from 'vscode';
import type { contexts } from '../ids';

/** Sets a key that `when` clauses of package.json read. */
export function setContext(key: (typeof contexts)[keyof typeof contexts], value: boolean): void {
  void vscode.commands.executeCommand('setContext', key, value);
}
