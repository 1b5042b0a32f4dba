/** What a host's files are called here: as there, but for names that this machine's disks can't hold. */
import { createHash } from 'node:crypto';

/** Windows gives these to devices, with any ending. */
const DEVICES = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)/i;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const UNFIT = /[<>:"\\|?*\u0000-\u001f]/g;

export class LocalNames {
  readonly #toLocal = new Map<string, string>();
  /** As the disk compares names → the remote path that has the name. */
  readonly #owners = new Map<string, string>();

  constructor(private readonly platform: NodeJS.Platform) {}

  /** Remembers a name that was given before, so that it stays. */
  keep(remote: string, local: string): void {
    const [names, locals] = [remote.split('/'), local.split('/')];
    if (names.length !== locals.length) return;
    for (let depth = 1; depth <= names.length; depth++)
      this.#own(names.slice(0, depth).join('/'), locals.slice(0, depth).join('/'));
  }

  /** The local path of a remote one, both relative and `/`-separated. */
  localOf(remote: string): string {
    const known = this.#toLocal.get(remote);
    if (known !== undefined) return known;
    const slash = remote.lastIndexOf('/');
    const folder = slash === -1 ? '' : `${this.localOf(remote.slice(0, slash))}/`;
    const plain = folder + fit(remote.slice(slash + 1), this.platform);
    const owner = this.#owners.get(this.#compared(plain));
    // Two names that this disk takes for one: whichever comes second is told apart by the hash of its own.
    const local = owner === undefined || owner === remote ? plain : apart(plain, remote);
    this.#own(remote, local);
    return local;
  }

  /** The remote path that has this local one; null when none has. */
  remoteOf(local: string): string | null {
    return this.#owners.get(this.#compared(local)) ?? null;
  }

  #own(remote: string, local: string): void {
    this.#toLocal.set(remote, local);
    this.#owners.set(this.#compared(local), remote);
  }

  #compared(local: string): string {
    const folds = this.platform === 'win32' || this.platform === 'darwin';
    return folds ? local.normalize('NFC').toLowerCase() : local;
  }
}

/** The name itself, or one that a disk of this platform can hold; with a hash, so that no two become one. */
function fit(name: string, platform: NodeJS.Platform): string {
  if (platform !== 'win32') return name;
  const fitting = name.replace(UNFIT, '_').replace(/[. ]+$/, (tail) => '_'.repeat(tail.length));
  if (fitting === name && !DEVICES.test(name)) return name;
  return apart(DEVICES.test(fitting) ? `_${fitting}` : fitting, name);
}

/** `003_a.wav` → `003_a~1f2e3d.wav`. */
function apart(path: string, original: string): string {
  const mark = `~${createHash('sha256').update(original).digest('hex').slice(0, 6)}`;
  const dot = path.lastIndexOf('.');
  return dot <= path.lastIndexOf('/') + 1 ? path + mark : path.slice(0, dot) + mark + path.slice(dot);
}
