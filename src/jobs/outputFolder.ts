/** The folder that a job is to write: whether it is free, and the next name that is. */
import * as l10n from '@vscode/l10n';
import { basename, dirname, join } from 'node:path/posix';
import { HumanError, messageOf } from '../errors';
import { errorCode } from '../files/json';
import type { HostFiles } from '../hosts/hostFiles';

/** What a file browser or an editor leaves behind is nobody's run. */
const ignored = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini', '.gitkeep', '.gitignore']);

/** Throws a HumanError when the folder holds anything; it names the next free one. A folder that is not there is free. */
export async function refuseUsedFolder(folder: string, files: HostFiles): Promise<void> {
  let names: readonly string[];
  try {
    names = await files.list(folder);
  } catch (error) {
    if (error instanceof HumanError) throw error;
    if (errorCode(error) === 'ENOENT') return;
    throw new HumanError(
      errorCode(error) === 'ENOTDIR'
        ? l10n.t('{0} is a file, or lies below one. Choose another output folder.', folder)
        : l10n.t('{0} can’t be read ({1}). Choose another output folder.', folder, messageOf(error)),
      undefined,
      { cause: error },
    );
  }
  const used = names.filter((name) => !ignored.has(name));
  if (used.length === 0) return;
  const free = await nextFreeName(folder, files);
  const isRun = ['run.json', 'events.jsonl', 'best_model', 'final_model', 'adapter_config.json'].some(
    (name) => used.includes(name),
  );
  throw new HumanError(
    isRun
      ? l10n.t('{0} holds another run, which is never written over. “{1}” is free.', folder, free)
      : l10n.t('{0} is not empty, and nothing in it is written over. “{1}” is free.', folder, free),
  );
}

/** The folder's own name if nothing is there, else with the next free number: `output_epoch3` → `output_epoch3_2`. */
export async function nextFreeName(folder: string, files: HostFiles): Promise<string> {
  const beside = await files.list(dirname(folder)).catch(() => []);
  return freeName(basename(folder), beside);
}

/** Case is ignored, since some disks ignore it. */
export function freeName(name: string, taken: readonly string[]): string {
  const used = new Set(taken.map((other) => other.normalize('NFC').toLowerCase()));
  const isFree = (candidate: string): boolean => !used.has(candidate.normalize('NFC').toLowerCase());
  if (isFree(name)) return name;
  const stem = name.replace(/_\d{1,4}$/, '');
  for (let number = 2; ; number += 1) {
    const candidate = `${stem}_${number}`;
    if (isFree(candidate)) return candidate;
  }
}

/** Why this is no name for a folder, as a sentence; null when it is one, on every system that may get a copy of it. */
export function folderNameProblem(name: string): string | null {
  if (name.trim() === '') return l10n.t('Give the folder a name.');
  if (/[/\\]/.test(name)) return l10n.t('A folder’s name holds no “/” or “\\”.');
  if (/[\p{Cc}<>:"|?*]/u.test(name)) {
    return l10n.t('Leave out line breaks, control characters and any of < > : " | ? *');
  }
  if (/^\.{1,2}$|^-|^\s|[.\s]$/.test(name)) {
    return l10n.t('A folder’s name does not start with “-” or a space, nor end with a dot or a space.');
  }
  if (/^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$/i.test(name)) {
    return l10n.t('“{0}” is a reserved name on Windows. Take another one.', name);
  }
  if (Buffer.byteLength(name) > 200) return l10n.t('This name is too long: 200 bytes at most.');
  return null;
}

/** Absolute path of a folder of this name beside others. Throws a HumanError for what is no name. */
export function folderBeside(parent: string, name: string): string {
  const problem = folderNameProblem(name);
  if (problem !== null) throw new HumanError(problem);
  return join(parent, name);
}
