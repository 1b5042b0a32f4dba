import assert from 'node:assert/strict';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import * as vscode from 'vscode';
import { notesFolder, readConfig } from '../../../src/config';
import { commands, panels } from '../../../src/ids';
import { evaluationRow, pasteRemarks, records } from '../support/remarks';
import { tab } from '../support/tabs';
import { earmark, workspaceFolder, write } from '../support/workspace';

describe('In a workspace that is not trusted', () => {
  const bin = join(workspaceFolder(), '..', 'bin');
  const asked = join(bin, 'asked');

  before(async () => {
    await mkdir(bin, { recursive: true });
    await write(bin, { git: `#!/bin/sh\necho "$@" >> '${asked}'\necho Mallory\n` });
    await chmod(join(bin, 'git'), 0o755);
    process.env['PATH'] = [bin, process.env['PATH']].join(delimiter);
  });

  it('Earmark is there @smoke', async () => {
    assert.equal(vscode.workspace.isTrusted, false);
    await earmark().activate();
    await vscode.commands.executeCommand(commands.refresh);
  });

  it("the workspace's own settings do not say which folders are read and written", async () => {
    const changed = new Promise<void>((done) => {
      const listening = vscode.workspace.onDidChangeConfiguration(() => {
        if (readConfig().compare.loudnessMatch) return;
        listening.dispose();
        done();
      });
    });
    await write(workspaceFolder(), {
      '.vscode/settings.json': {
        'earmark.runs.folders': ['/'],
        'earmark.notes.folder': '/tmp/elsewhere',
        'earmark.compare.loudnessMatch': false,
      },
    });
    await changed;
    assert.deepEqual(readConfig().runs.folders, []);
    assert.equal(notesFolder(readConfig()), join(workspaceFolder(), 'listening-notes'));
  });

  it('takes are compared and notes are written, and no program is run @smoke', async () => {
    const row = await evaluationRow('output_epoch1');
    await vscode.commands.executeCommand(commands.compareOutputs, row);
    await tab(panels.comparison, 'output_epoch1 · evaluation');
    await pasteRemarks('p1 best: warm', row);
    const saved = await records();
    assert.deepEqual(
      saved.map(({ by, text }) => [by, text]),
      [[userInfo().username, 'p1 best: warm']],
    );
    await assert.rejects(readFile(asked), { code: 'ENOENT' });
  });
});
