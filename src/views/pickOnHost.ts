/** Asks for a folder or file of a host: with the dialog of this machine where it is this one, else by going through its folders. */
import * as l10n from '@vscode/l10n';
import { posix } from 'node:path';
import * as vscode from 'vscode';
import { HumanError, messageOf } from '../errors';
import { errorCode } from '../files/json';
import type { Host } from '../host';

export interface PickOptions {
  /** Absolute, on the host. */
  readonly start: string;
  readonly kind: 'folder' | 'file';
  readonly title?: string;
  /** Endings of files, without the dot; all when left out. */
  readonly endings?: readonly string[];
}

/** Absolute path on the host; null when the person gave up. */
export async function pickOnHost(host: Host, options: PickOptions): Promise<string | null> {
  const { start, kind, title, endings } = options;
  if (!host.isHere) return browse(host, options);
  const [uri] =
    (await vscode.window.showOpenDialog({
      canSelectFolders: kind === 'folder',
      canSelectFiles: kind === 'file',
      defaultUri: vscode.Uri.file(start),
      ...(title === undefined ? {} : { title }),
      ...(endings === undefined ? {} : { filters: { [l10n.t('Files')]: [...endings] } }),
    })) ?? [];
  return uri?.fsPath ?? null;
}

async function browse(host: Host, { start, kind, title, endings }: PickOptions): Promise<string | null> {
  let folder = start;
  let names = await host.files.list(folder).catch(() => null);
  while (names === null && folder !== '/') {
    folder = posix.dirname(folder);
    names = await host.files.list(folder).catch(() => null);
  }
  for (;;) {
    const take = { label: `$(check) ${l10n.t('Take this folder')}`, path: folder, isTaken: true };
    const up = { label: '$(arrow-up) ..', path: posix.dirname(folder), isTaken: false };
    const chosen = await vscode.window.showQuickPick(
      [
        ...(kind === 'folder' ? [take] : []),
        ...(folder === '/' ? [] : [up]),
        ...[...(names ?? [])]
          .filter((name) => !name.startsWith('.'))
          .sort()
          .map((name) => ({ label: name, path: posix.join(folder, name), isTaken: false })),
      ],
      { title: title ?? host.name, placeHolder: folder },
    );
    if (chosen === undefined) return null;
    if (chosen.isTaken) return chosen.path;
    try {
      names = await host.files.list(chosen.path);
      folder = chosen.path;
    } catch (error) {
      if (errorCode(error) !== 'ENOTDIR') {
        throw error instanceof HumanError
          ? error
          : new HumanError(l10n.t('{0} can’t be read ({1}).', chosen.path, messageOf(error)), undefined, {
              cause: error,
            });
      }
      const fits = endings === undefined || endings.some((ending) => chosen.path.endsWith(`.${ending}`));
      if (kind === 'file' && fits) return chosen.path;
    }
  }
}
