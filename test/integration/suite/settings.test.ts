import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { notesFolder, readConfig, runRoots } from '../../../src/config';
import { workspaceFolder } from '../support/workspace';

const defaults = readConfig();

/** A workspace's settings file may hold anything; VS Code hands it on as it is. */
async function set(values: Readonly<Record<string, unknown>>): Promise<void> {
  const settings = vscode.workspace.getConfiguration('earmark');
  for (const [key, value] of Object.entries(values)) {
    await settings.update(key, value, vscode.ConfigurationTarget.Workspace);
  }
}

describe('Settings', () => {
  const touched = [
    'runs.folders',
    'runs.depth',
    'runs.exclude',
    'compare.loudnessMatch',
    'notes.folder',
    'notes.rater',
  ];
  afterEach(() => set(Object.fromEntries(touched.map((key) => [key, undefined]))));

  it('of wrong types count as not set, and the others hold @smoke', async () => {
    await set({
      'runs.folders': 5,
      'runs.depth': 'deep',
      'runs.exclude': [1, 2],
      'compare.loudnessMatch': 'yes',
      'notes.folder': false,
      'notes.rater': 'Ann',
    });
    assert.deepEqual(readConfig(), { ...defaults, notes: { ...defaults.notes, rater: 'Ann' } });
    // The extension itself lives with them.
    await vscode.commands.executeCommand('earmark.refresh');
  });

  it('out of range count as not set', async () => {
    await set({ 'runs.depth': 0 });
    assert.equal(readConfig().runs.depth, defaults.runs.depth);
    await set({ 'runs.depth': 2.5 });
    assert.equal(readConfig().runs.depth, defaults.runs.depth);
    await set({ 'runs.depth': 3 });
    assert.equal(readConfig().runs.depth, 3);
  });

  it('name folders from the workspace, from home, and absolutely', async () => {
    const folder = workspaceFolder();
    await set({
      'runs.folders': ['../elsewhere', '', '/abs/runs', '~/runs'],
      'notes.folder': ' notes/here ',
    });
    const home = process.env['HOME'] ?? '';
    assert.deepEqual(
      runRoots(readConfig()).map(({ path }) => path),
      [folder, folder.replace(/\/[^/]+$/, '/elsewhere'), '/abs/runs', `${home}/runs`],
    );
    assert.equal(notesFolder(readConfig()), `${folder}/notes/here`);
    await set({ 'notes.folder': '  ' });
    assert.equal(notesFolder(readConfig()), `${folder}/listening-notes`);
  });
});
