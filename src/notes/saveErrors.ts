/** Why a note could not be saved, in words, with what to do about it. */
import * as l10n from '@vscode/l10n';
import { dirname } from 'node:path';
import { HumanError, messageOf } from '../errors';
import { codeOf } from './appendLine';

export function notSaved(error: unknown, file: string): HumanError {
  return new HumanError(sentence(codeOf(error), dirname(file), error), undefined, { cause: error });
}

function sentence(code: string, folder: string, error: unknown): string {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return l10n.t(
        'The note is not saved: the disk of {0} is full. Free some space and save again; your text is still here.',
        folder,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return l10n.t(
        'The note is not saved: {0} may not be written to. Change its permissions, or choose another folder with the setting "earmark.notes.folder", and save again; your text is still here.',
        folder,
      );
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
      return l10n.t(
        'The note is not saved: something else is in the way where the notes go, in {0}. Move it, or choose another folder with the setting "earmark.notes.folder", and save again; your text is still here.',
        folder,
      );
    default:
      return l10n.t(
        'The note is not saved in {0}: {1}. Save again, or choose another folder with the setting "earmark.notes.folder"; your text is still here.',
        folder,
        messageOf(error),
      );
  }
}
