/** Settings → one object checked by zod. A wrong setting is told once and the default taken; it never breaks the rest. */
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import * as vscode from 'vscode';
import * as z from 'zod';

const schema = z.object({
  runs: z.object({
    folders: z.array(z.string()).catch([]),
    depth: z.number().int().min(1).max(12).catch(6),
    exclude: z.array(z.string()).catch(['node_modules', '.git', '__pycache__']),
  }),
  compare: z.object({ loudnessMatch: z.boolean().catch(true) }),
  python: z.object({ path: z.string().catch('') }),
  /** Read entry by entry (hosts/hostEntry.ts): one that is wrong costs no other. */
  hosts: z.unknown(),
  results: z.object({ limitGB: z.number().min(0).catch(5) }),
  notes: z.object({ folder: z.string().catch('listening-notes'), rater: z.string().catch('') }),
});

export type Config = z.infer<typeof schema>;

/** The settings as they are now. Defaults are package.json's; the ones here only stand in for values of a wrong type. */
export function readConfig(): Config {
  const settings = vscode.workspace.getConfiguration('earmark');
  const section = (name: string): unknown => settings.get(name) ?? {};
  return schema.parse({
    runs: section('runs'),
    compare: section('compare'),
    notes: section('notes'),
    python: section('python'),
    results: section('results'),
    hosts: settings.get('hosts'),
  });
}

/** Folders of the workspace on disk, then the configured ones: where runs are looked for. */
export function runRoots(config: Config): { path: string; label: string }[] {
  const folders = workspaceFolders();
  const base = folders[0]?.path ?? homedir();
  const configured = config.runs.folders
    .filter((folder) => folder.trim() !== '')
    .map((folder) => ({ path: absolute(folder.trim(), base), label: folder.trim() }));
  return [...folders, ...configured];
}

/** Absolute folder of the notes, or null when no folder is open and the setting is relative. */
export function notesFolder(config: Config): string | null {
  const folder = config.notes.folder.trim() === '' ? 'listening-notes' : config.notes.folder.trim();
  if (isAbsolute(folder) || folder.startsWith('~/')) return absolute(folder, homedir());
  const base = workspaceFolders()[0]?.path ?? runRoots(config)[0]?.path;
  return base === undefined ? null : absolute(folder, base);
}

/** Where runs of other hosts are kept: beside the work, else where VS Code keeps what extensions know. */
export function mirrorsFolder(globalStorage: string): string {
  const base = workspaceFolders()[0]?.path;
  return base === undefined ? join(globalStorage, 'hosts') : join(base, '.earmark', 'hosts');
}

/** Folders of the workspace that are on a disk. */
export function workspaceFolders(): { path: string; label: string }[] {
  return (vscode.workspace.workspaceFolders ?? [])
    .filter((folder) => folder.uri.scheme === 'file')
    .map((folder) => ({ path: folder.uri.fsPath, label: folder.name }));
}

function absolute(path: string, base: string): string {
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1));
  return resolve(base, path);
}
