/** Where a host is reached by ssh, from what a person types or pastes. Text is taken apart, never run. */
import * as l10n from '@vscode/l10n';
import { HumanError } from '../errors';

export interface SshAddress {
  /** A name of the person's own ssh configuration, a DNS name, or an IP address. */
  readonly host: string;
  readonly user: string | null;
  readonly port: number | null;
  /** File of a private key, as ssh takes it: `~` stands for the home folder. */
  readonly identity: string | null;
  /** Hosts to go through, as for `ssh -J`. */
  readonly jump: string | null;
}

const LONGEST = 255;
const HOST = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const IPV6 = /^[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9_.-]+)?$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.@+-]*$/;

/** `alias`, `user@host`, `ssh://user@host:port`, or a pasted `ssh -p 22 -l user -i key -J jump host`. Throws a HumanError for all else. */
export function parseSshAddress(text: string): SshAddress {
  const trimmed = text.trim();
  if (trimmed === '')
    throw new HumanError(l10n.t('Name a host: an alias of your ssh configuration, or user@host.'));
  // eslint-disable-next-line no-control-regex -- these are what is refused
  if (/[\u0000-\u001f\u007f]/.test(trimmed)) {
    throw new HumanError(
      l10n.t('The address holds a line break or another control character. Type it in one line.'),
    );
  }
  const [first, ...rest] = words(trimmed);
  return first === 'ssh' ? fromCommand(rest) : destination(trimmed);
}

/** The shortest text that `parseSshAddress` reads back as the same. */
export function addressText({ host, user, port, identity, jump }: SshAddress): string {
  const at = user === null ? host : `${user}@${host}`;
  if (identity === null && jump === null) {
    // The word alone would be a command without a host.
    if (port === null) return at === 'ssh' ? 'ssh ssh' : at;
    return `ssh://${user === null ? '' : `${user}@`}${host.includes(':') ? `[${host}]` : host}:${port}`;
  }
  return [
    'ssh',
    ...(port === null ? [] : ['-p', String(port)]),
    ...(identity === null ? [] : ['-i', /\s/.test(identity) ? `"${identity}"` : identity]),
    ...(jump === null ? [] : ['-J', jump]),
    at,
  ].join(' ');
}

/** Arguments of ssh up to the host, after which only the command may follow. */
export function sshArguments({ host, user, port, identity, jump }: SshAddress): string[] {
  return [
    ...(port === null ? [] : ['-p', String(port)]),
    ...(user === null ? [] : ['-l', user]),
    ...(identity === null ? [] : ['-i', identity]),
    ...(jump === null ? [] : ['-J', jump]),
    '--',
    host,
  ];
}

/** Splits at blanks; a part in quotation marks is one word. */
function words(text: string): string[] {
  return Array.from(
    text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );
}

type Option = 'port' | 'user' | 'identity' | 'jump';
const OPTIONS: Readonly<Record<string, Option | undefined>> = {
  p: 'port',
  l: 'user',
  i: 'identity',
  J: 'jump',
};

function fromCommand(args: readonly string[]): SshAddress {
  const given = new Map<Option, string>();
  let target: SshAddress | null = null;
  const queue = [...args];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (word === '--') continue;
    if (!word.startsWith('-')) {
      if (target !== null) {
        throw new HumanError(
          l10n.t(
            '“{0}” after the host is a command. Leave it out: only the address is wanted.',
            shortened(word),
          ),
        );
      }
      target = destination(word);
      continue;
    }
    const option = OPTIONS[word.charAt(1)];
    if (option === undefined) {
      throw new HumanError(
        l10n.t(
          'The option “{0}” is not taken over. Leave it out, or put the host with it into ~/.ssh/config and give its name there.',
          shortened(word.slice(0, 2)),
        ),
      );
    }
    const value = word.length > 2 ? word.slice(2) : (queue.shift() ?? '');
    if (value === '' || value.startsWith('-')) {
      throw new HumanError(
        l10n.t('The option “{0}” has no value. Add it, or leave the option out.', word.slice(0, 2)),
      );
    }
    given.set(option, value);
  }
  if (target === null)
    throw new HumanError(l10n.t('The ssh command names no host. Add it, e.g. ssh -p 22 user@host.'));
  const [port, user] = [given.get('port'), given.get('user')];
  return {
    host: target.host,
    port: port === undefined ? target.port : portOf(port),
    user: user === undefined ? target.user : userOf(user),
    identity: given.get('identity') ?? null,
    jump: given.has('jump') ? jumpOf(given.get('jump') ?? '') : null,
  };
}

/** `host`, `user@host`, an IPv6 address, or one of these as `ssh://…:port`. */
function destination(text: string): SshAddress {
  const isUrl = /^ssh:\/\//i.test(text);
  const rest = isUrl ? text.slice('ssh://'.length).replace(/\/$/, '') : text;
  if (/\s/.test(rest) && !rest.startsWith('-')) {
    throw new HumanError(
      l10n.t(
        '“{0}” holds a blank, so it can’t be the name of a host. Begin with ssh where you paste a command.',
        shortened(text),
      ),
    );
  }
  const at = rest.lastIndexOf('@');
  const place = rest.slice(at + 1);
  if (at === 0 || place === '') {
    throw new HumanError(l10n.t('“{0}” is not whole. Write it as user@host.', shortened(text)));
  }
  const user = at < 0 ? null : userOf(rest.slice(0, at));
  const [, bracketed, bare, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(place) ?? [];
  if (!isUrl && port !== undefined) {
    portOf(port);
    // ssh would look for a host of this very name.
    throw new HumanError(
      l10n.t('Write a port as ssh://{0}: ssh does not understand “{1}”.', shortened(text), shortened(text)),
    );
  }
  const host = hostOf(bracketed ?? (IPV6.test(place) ? place : (bare ?? place)));
  return { host, user, port: port === undefined ? null : portOf(port), identity: null, jump: null };
}

function hostOf(text: string): string {
  if (text.length > LONGEST) {
    throw new HumanError(l10n.t('The name of the host is longer than 255 characters. Shorten it.'));
  }
  if (!HOST.test(text) && !IPV6.test(text)) {
    throw new HumanError(
      l10n.t(
        '“{0}” can’t be the name of a host: letters, digits, “.”, “-” and “_” are allowed. Correct it, or use an alias of your ssh configuration.',
        shortened(text),
      ),
    );
  }
  return text;
}

function userOf(text: string): string {
  if (USER.test(text) && text.length <= LONGEST) return text;
  throw new HumanError(
    l10n.t('“{0}” can’t be the name of a user. Correct it, or put it into ~/.ssh/config.', shortened(text)),
  );
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new HumanError(l10n.t('“{0}” is no port. Give a number from 1 to 65535.', shortened(text)));
}

function jumpOf(text: string): string {
  for (const part of text.split(',')) {
    // A port is written as host:port here, other than in a host's own address.
    destination(part.startsWith('ssh://') ? part : `ssh://${part}`);
  }
  return text;
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
