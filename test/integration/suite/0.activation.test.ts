import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { watchFileAccess } from '../support/fileAccess';
import { earmark, eventually, untilEventsCome, workspaceFolder, write } from '../support/workspace';

// First of all files, since an extension is activated once.
describe('Activation @smoke', () => {
  it('waits until Earmark is asked for', () => {
    assert.equal(earmark().isActive, false);
  });

  it('reads nothing, not even when runs change, until the runs are shown', async () => {
    const access = watchFileAccess(join(earmark().extensionPath, 'dist'));
    try {
      await earmark().activate();
      assert.equal(earmark().isActive, true);

      await mkdir(join(workspaceFolder(), 'fresh'));
      await untilEventsCome();
      const watcher = vscode.workspace.createFileSystemWatcher('**/events.jsonl');
      const told = new Promise((resolve) => watcher.onDidCreate(resolve));
      await write(workspaceFolder(), { 'fresh/events.jsonl': [] });
      await told;
      watcher.dispose();
      // Longer than the extension waits before it looks; there is no event for nothing happening.
      await new Promise((resolve) => setTimeout(resolve, 300));
      assert.deepEqual(access.seen.filter(isRead), []);

      await vscode.commands.executeCommand('earmark.runs.focus');
      await eventually(() => (access.seen.some((line) => line.includes('output_epoch3')) ? true : undefined));
    } finally {
      access.stop();
    }
  });
});

/** Whether jobs were started here is asked, and no more: jobs of an earlier window are watched even out of sight. */
function isRead(access: string): boolean {
  return access !== `stat ${join(workspaceFolder(), '.earmark', 'jobs')}`;
}
