/** Where the sockets of shared connections lie: who can open one is let in wherever it leads. */
import * as l10n from '@vscode/l10n';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { HumanError } from '../errors';

/** A socket's path may have 104 bytes on macOS; ssh appends 40 hex digits, and 17 characters while it makes one. */
const LONGEST = 104 - 1 - 1 - 40 - 17;

export interface Places {
  /** $XDG_RUNTIME_DIR: gone when the person has logged out. */
  readonly runtime: string | undefined;
  readonly home: string;
  readonly user: number | string;
}

/** The first place whose name is short enough. */
export function controlFolder({ runtime, home, user }: Places): string {
  const places = [
    ...(runtime?.startsWith('/') === true ? [join(runtime, 'earmark')] : []),
    join(home, '.ssh', 'earmark'),
  ];
  return places.find((place) => Buffer.byteLength(place) <= LONGEST) ?? `/tmp/earmark-${user}`;
}

/** Makes it, for this user alone. Throws a HumanError when somebody else has it. */
export function makePrivate(folder: string): void {
  if (Buffer.byteLength(folder) > LONGEST) {
    throw new HumanError(
      l10n.t('The path “{0}” is too long for a connection to be shared. Choose a shorter one.', folder),
    );
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Not statSync: a link could lead to a folder that others have a say in.
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== (process.getuid?.() ?? found.uid)) {
    throw new HumanError(
      l10n.t(
        '“{0}” belongs to somebody else, so no connection is shared through it. Remove it, then try again.',
        folder,
      ),
    );
  }
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
}
