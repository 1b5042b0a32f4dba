/** Saves notes as a person does: remarks on the clipboard, the command, Enter in the list that it shows. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../../src/ids';
import { parseRecord, type NoteRecord } from '../../../src/notes/record';
import type { RunsNode } from '../../../src/views/runsTree';
import { openRunBrowser } from './runBrowser';
import { eventually, workspaceFolder } from './workspace';

/** The row of an example run's evaluation. */
export async function evaluationRow(run: string): Promise<RunsNode & { kind: 'evaluation' }> {
  const browser = openRunBrowser(join(workspaceFolder(), 'finetune'));
  await browser.library.refresh();
  const row = browser.nodes().find((node) => node.kind === 'run' && node.run.name === run);
  const [evaluation] = row === undefined ? [] : browser.nodes(row);
  browser.dispose();
  assert.equal(evaluation?.kind, 'evaluation');
  return evaluation;
}

export async function pasteRemarks(text: string, row: RunsNode): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  const lines = text.split('\n').length;
  const before = (await records()).length;
  let ended = true;
  // Of a list that is shown, VS Code tells nobody: it is accepted as soon as it is there.
  await eventually(async () => {
    // Accepted before anything in it was ticked, it ends with nothing saved; else its notification is still there to be read.
    if (ended) {
      ended = false;
      void vscode.commands.executeCommand(commands.pasteRemarks, row).then(() => (ended = true));
    }
    await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
    return (await records()).length >= before + lines ? true : undefined;
  });
  await vscode.commands.executeCommand('notifications.clearAll');
}

/** Every line of every notes file of the workspace, oldest first. */
export async function records(): Promise<NoteRecord[]> {
  const folder = join(workspaceFolder(), 'listening-notes');
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  const lines = await Promise.all(
    files.filter((file) => file.endsWith('.jsonl')).map((file) => readFile(join(folder, file), 'utf8')),
  );
  return lines
    .flatMap((text) => text.split('\n').slice(0, -1))
    .flatMap((line) => parseRecord(line).record ?? [])
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}
