/** The folder that VS Code has open in a round: a copy of the examples, to change at will. */
import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';

export function workspaceFolder(): string {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  assert.ok(folder, 'no folder is open');
  return folder.uri.fsPath;
}

/** Writes files by their path below `folder`; what is no string is written as JSON, a list as lines of it. */
export async function write(folder: string, files: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, textOf(content));
  }
}

/** Earmark's own extension, as VS Code knows it. */
export function earmark(): vscode.Extension<unknown> {
  const extension = vscode.extensions.getExtension<unknown>('earmark.earmark');
  assert.ok(extension, 'earmark.earmark is not installed');
  return extension;
}

/** Asks again and again, for what tells of no change by itself. The test's own time limit ends it. */
export async function eventually<T>(ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A watcher that was just made does not hear yet. Those made before this call hear when it settles. */
export async function untilEventsCome(): Promise<void> {
  const probes = join(workspaceFolder(), 'probes');
  const watcher = vscode.workspace.createFileSystemWatcher('**/probes/*');
  let heard = false;
  watcher.onDidCreate(() => (heard = true));
  let count = 0;
  await eventually(async () => {
    await write(probes, { [String(count++)]: '' });
    return heard ? true : undefined;
  });
  watcher.dispose();
  await rm(probes, { recursive: true });
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return JSON.stringify(content);
  return content.map((line) => `${JSON.stringify(line)}\n`).join('');
}
