/** A host as a person keeps it in the settings: how it is reached, where work is done there, and by whose leave it starts. */
import * as l10n from '@vscode/l10n';
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import * as z from 'zod';
import { messageOf } from '../errors';
import { parseSshAddress, type SshAddress } from './sshAddress';

export interface HostEntry {
  /** What a person calls it; no two are alike, whatever the case. */
  readonly name: string;
  /** Null for this machine. */
  readonly address: SshAddress | null;
  /** Absolute, on the host: jobs, runs, models and data are below it. Null for this machine: the folders that are open. */
  readonly folder: string | null;
  /** Interpreter on the host; '' to look for one. */
  readonly python: string;
  readonly scheduler: 'direct' | 'slurm';
  /** What jobs ask of Slurm when nobody says otherwise; null for `direct`. */
  readonly slurm: Readonly<z.infer<typeof slurmDefaults>> | null;
  /** Lines that bash reads before a shell of the person's own. */
  readonly setup: readonly string[];
}

const word = z.string().nullable().default(null);
/** Of the same names as in a job's request. */
const slurmDefaults = z.object({
  gpus: z.number().int().min(0).max(64).nullable().default(1),
  cpus: z.number().int().min(1).nullable().default(null),
  time: word,
  mem: word,
  partition: word,
  account: word,
  extra: z.array(z.string()).default([]),
});

/** As it is written in the settings. */
export const hostSetting = z.object({
  name: z.string().trim().min(1).max(60),
  ssh: z.string().default(''),
  folder: z.string().default(''),
  python: z.string().default(''),
  scheduler: z.enum(['direct', 'slurm']).default('direct'),
  slurm: slurmDefaults.prefault({}),
  setup: z.array(z.string()).default([]),
});
export type HostSetting = z.infer<typeof hostSetting>;

export interface HostEntries {
  readonly entries: readonly HostEntry[];
  /** What was wrong in the settings, a sentence each. Those entries are left out. */
  readonly problems: readonly string[];
}

/** `taken`: names of hosts that no setting makes. */
export function readHostEntries(value: unknown, taken: readonly string[] = []): HostEntries {
  const entries: HostEntry[] = [];
  const problems: string[] = [];
  for (const given of Array.isArray(value) ? value : []) {
    try {
      const entry = entryOf(given);
      const names = [...taken, ...entries.map(({ name }) => name)];
      if (names.some((name) => isSameName(name, entry.name))) {
        throw new Error(l10n.t('Two hosts are called “{0}”. Rename one.', entry.name));
      }
      entries.push(entry);
    } catch (error) {
      problems.push(l10n.t('A host in the setting “earmark.hosts” is left out: {0}', messageOf(error)));
    }
  }
  return { entries, problems };
}

export function isSameName(one: string, other: string): boolean {
  return one.normalize('NFC').toLowerCase() === other.normalize('NFC').toLowerCase();
}

/** Name of a folder for what belongs to the host: its name, as far as every disk can hold it. No two hosts have the same. */
export function folderNameOf({ name }: Pick<HostEntry, 'name'>): string {
  const plain = name.replace(/[^\p{L}\p{N}_.-]+/gu, '-').replace(/^[.-]+|[.-]+$/g, '');
  if (plain === name) return name;
  const mark = createHash('sha256').update(name.normalize('NFC').toLowerCase()).digest('hex').slice(0, 6);
  return `${plain === '' ? 'host' : plain}~${mark}`;
}

function entryOf(given: unknown): HostEntry {
  const parsed = hostSetting.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`);
  }
  const { name, ssh, folder, python, scheduler, slurm, setup } = parsed.data;
  const address = ssh.trim() === '' ? null : parseSshAddress(ssh);
  if (address === null && scheduler === 'direct') {
    throw new Error(l10n.t('“{0}” has no address: set “ssh” to an alias or user@host.', name));
  }
  if ((address !== null || folder !== '') && !posix.isAbsolute(folder)) {
    throw new Error(l10n.t('“{0}” has no work folder: set “folder” to an absolute path there.', name));
  }
  return {
    name,
    address,
    folder: folder === '' ? null : posix.normalize(folder).replace(/(.)\/$/, '$1'),
    python,
    scheduler,
    slurm: scheduler === 'slurm' ? slurm : null,
    setup,
  };
}
