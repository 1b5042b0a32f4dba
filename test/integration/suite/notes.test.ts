import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { commands } from '../../../src/ids';
import { evaluationRow, pasteRemarks, records } from '../support/remarks';
import { eventually, workspaceFolder } from '../support/workspace';

describe('Notes', () => {
  const pageFile = join(workspaceFolder(), 'listening-notes', 'output_epoch3.md');

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
    // The page follows each line in turn.
    await eventually(async () => {
      const page = await readFile(pageFile, 'utf8').catch(() => '');
      return /keeps the bass line[^]*too much hiss/.test(page) ? true : undefined;
    });
  });

  it('are by whom git says where no name is set', async () => {
    await vscode.workspace
      .getConfiguration('earmark.notes')
      .update('rater', undefined, vscode.ConfigurationTarget.Workspace);
    await vscode.commands.executeCommand(commands.refresh);
    await pasteRemarks('p5: gated snare too loud', await evaluationRow('output_epoch3'));
    const git = spawnSync('git', ['config', '--global', 'user.name'], { cwd: homedir(), encoding: 'utf8' });
    const name = git.status === 0 ? git.stdout.trim() : '';
    assert.equal((await records()).at(-1)?.by, name === '' ? userInfo().username : name);
  });

  it('open as the page of their run', async () => {
    const row = await evaluationRow('output_epoch3');
    await vscode.commands.executeCommand(commands.openNotes, row);
    const editor = vscode.window.activeTextEditor;
    assert.equal(editor?.document.fileName, pageFile);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });
});
