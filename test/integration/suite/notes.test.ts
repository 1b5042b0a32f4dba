import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../../src/ids';
import { evaluationRow, pasteRemarks, records } from '../support/remarks';
import { eventually, workspaceFolder } from '../support/workspace';

describe('Notes', () => {
  before(async () => {
    await vscode.workspace
      .getConfiguration('earmark.notes')
      .update('rater', 'Ann', vscode.ConfigurationTarget.Workspace);
    await vscode.commands.executeCommand(commands.refresh);
  });

  it('are lines on disk and a page to read, once the remarks are accepted @smoke', async () => {
    const row = await evaluationRow('output_epoch3');
    await pasteRemarks('p3 best: keeps the bass line @0:05\np4: too much hiss in final', row);
    const saved = await records();
    assert.deepEqual(
      saved.map(({ by, op, run, evaluation, prompt, takes, seconds, text }) => {
        return { by, op, run, evaluation, prompt, takes, seconds, text };
      }),
      [
        {
          by: 'Ann',
          op: 'note',
          run: row.run.id,
          evaluation: 'evaluation',
          prompt: row.evaluation.prompts[2]?.id,
          takes: ['best'],
          seconds: [5, 5],
          text: 'p3 best: keeps the bass line @0:05',
        },
        {
          by: 'Ann',
          op: 'note',
          run: row.run.id,
          evaluation: 'evaluation',
          prompt: row.evaluation.prompts[3]?.id,
          takes: ['final'],
          seconds: null,
          text: 'p4: too much hiss in final',
        },
      ],
    );
    const page = await eventually(() =>
      readFile(join(workspaceFolder(), 'listening-notes', 'output_epoch3.md'), 'utf8').catch(() => undefined),
    );
    assert.match(page, /keeps the bass line/);
    assert.match(page, /too much hiss/);
  });

  it('open as the page of their run', async () => {
    const row = await evaluationRow('output_epoch3');
    await vscode.commands.executeCommand(commands.openNotes, row);
    const editor = vscode.window.activeTextEditor;
    assert.equal(editor?.document.fileName, join(workspaceFolder(), 'listening-notes', 'output_epoch3.md'));
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });
});
