/** What a person is told about files that did not come, or not yet. */
import * as l10n from '@vscode/l10n';
import { HumanError, messageOf, type Problem } from '../errors';
import { NoAnswer, Refusal } from './ask';
import type { RemoteFile } from './remoteFile';
import { NotAFolder } from './staging';
import { BadStream } from './stream';

/** Why bringing files ended early. */
export function endedEarly(error: unknown, host: string): Problem {
  if (error instanceof NoAnswer) {
    const message = l10n.t(
      '{0} did not answer, or the connection broke: {1}. What has arrived is kept; the rest comes with the next look.',
      host,
      error.message,
    );
    return { code: 'mirror-no-answer', severity: 'warning', message };
  }
  if (error instanceof Refusal || error instanceof HumanError)
    return { code: 'mirror-refused', severity: 'error', message: `${host}: ${error.message}` };
  if (error instanceof BadStream) {
    const message = l10n.t(
      'The answer of {0} can’t be believed and was thrown away ({1}). Check what runs there in place of Python.',
      host,
      error.message,
    );
    return { code: 'mirror-unbelievable', severity: 'error', message };
  }
  if (error instanceof NotAFolder) {
    const message = l10n.t(
      '{0} is in the way of files from {1}: it is a link or no folder. Move it away.',
      error.place,
      host,
    );
    return { code: 'mirror-in-the-way', severity: 'error', message, file: error.place };
  }
  const message = l10n.t(
    'Files from {0} can’t be written here: {1}. Mend that; the rest then comes by itself.',
    host,
    messageOf(error),
  );
  return { code: 'mirror-not-written', severity: 'error', message };
}

export function limitReached(count: number, bytes: number, limitBytes: number): Problem {
  const message = l10n.t(
    '{0} files ({1} MB) stay on the host: with them, its results would take more than the limit of {2} MB here. Raise the limit, or delete runs that are done with.',
    count,
    mb(bytes),
    mb(limitBytes),
  );
  return { code: 'mirror-limit', severity: 'warning', message };
}

export function diskFull(lackingBytes: number): Problem {
  const message = l10n.t(
    'The disk is full: {0} MB more are needed for the results to come. Free some space; they then come by themselves.',
    mb(lackingBytes),
  );
  return { code: 'mirror-disk-full', severity: 'error', message };
}

export function keptThoughGone(count: number): Problem {
  const message = l10n.t(
    '{0} files are no longer on the host. What was fetched of them is kept here.',
    count,
  );
  return { code: 'mirror-kept', severity: 'warning', message };
}

export function notListed(count: number): Problem {
  const message = l10n.t(
    '{0} files or folders of the host are left out: too many in one place, unreadable, or with names that can’t be passed on.',
    count,
  );
  return { code: 'mirror-left-out', severity: 'warning', message };
}

/** `error` is a word of results.py, or `damaged`. */
export function notSent({ path }: RemoteFile, error: string, text: string): Problem {
  const about = { code: `mirror-${error}`, severity: 'warning' } as const;
  switch (error) {
    case 'changed':
      return {
        ...about,
        message: l10n.t('{0} was changing while it was fetched, twice. It comes once it rests.', path),
      };
    case 'damaged':
      return {
        ...about,
        severity: 'error',
        message: l10n.t(
          '{0} arrived damaged twice and was thrown away. Check the connection and both disks.',
          path,
        ),
      };
    case 'gone':
      return { ...about, message: l10n.t('{0} was removed on the host before it could be fetched.', path) };
    default:
      return { ...about, message: l10n.t('{0} can’t be read on the host: {1}', path, text) };
  }
}

export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
}

function mb(bytes: number): string {
  return (Math.ceil(bytes / 1e5) / 10).toString();
}
