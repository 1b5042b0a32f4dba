/** The part of the training form that says where a job runs and with how much: host, GPUs, and what a batch system is asked. Pure. */
import * as l10n from '@vscode/l10n';
import { HumanError } from '../errors';
import { checkSlurmRequest } from './slurmRequest';
import type { SlurmRequest } from './spec';
import type { FieldGroup, FormValues } from './trainingForm';

export interface HostChoice {
  readonly name: string;
  /** What its jobs ask of Slurm when nobody says otherwise; null for a host without it. */
  readonly slurm: SlurmRequest | null;
}

export interface ReadHost {
  readonly gpus: number;
  /** Whether to wait for them where they are taken. */
  readonly waits: boolean;
  readonly slurm: SlurmRequest | null;
  readonly errors: Readonly<Record<string, string>>;
}

const slurmFields = ['slurm_time', 'slurm_partition', 'slurm_account', 'slurm_mem', 'slurm_extra'];

export function hostGroup(hosts: readonly HostChoice[], chosen: HostChoice): FieldGroup {
  const text = (name: string, label: string, initial: string | null, help = '') =>
    ({ name, label, help, kind: 'text', choices: [], default: initial ?? '' }) as const;
  const { slurm } = chosen;
  return {
    title: l10n.t('Host'),
    fields: [
      {
        name: 'host',
        label: l10n.t('Host'),
        help: '',
        kind: 'choice',
        choices: hosts.map(({ name }) => [name, name] as const),
        default: chosen.name,
      },
      { ...text('gpus', l10n.t('GPUs'), String(slurm?.gpus ?? 1)), kind: 'number' },
      {
        name: 'queue',
        label: l10n.t('When the GPU is busy'),
        help: l10n.t('Busy with jobs of yours: Earmark does not see other programs.'),
        kind: 'choice',
        choices: [
          ['wait', l10n.t('wait in the queue')],
          ['now', l10n.t('start at once')],
        ],
        default: 'wait',
      },
      text(
        'slurm_time',
        l10n.t('Time limit'),
        slurm?.time ?? null,
        l10n.t('As sbatch takes it: 90, 4:00:00, 1-12. Empty: the cluster’s own.'),
      ),
      text('slurm_partition', l10n.t('Partition'), slurm?.partition ?? null),
      text('slurm_account', l10n.t('Account'), slurm?.account ?? null),
      text('slurm_mem', l10n.t('Memory'), slurm?.mem ?? null, l10n.t('Of the node, like 32G.')),
      text(
        'slurm_extra',
        l10n.t('Further options of sbatch'),
        (slurm?.extra ?? []).join(' '),
        l10n.t('Each as --name=value.'),
      ),
    ],
  };
}

/** Fields that make no sense on the host. */
export function hiddenHostFields(hosts: number, slurm: boolean): string[] {
  // Slurm has a queue of its own.
  return [...(hosts < 2 ? ['host'] : []), ...(slurm ? ['queue'] : slurmFields)];
}

export function readHostFields(values: FormValues, slurm: SlurmRequest | null): ReadHost {
  const text = (name: string): string | null => (values[name] ?? '').trim() || null;
  const errors: Record<string, string> = {};
  const typed = text('gpus') ?? '1';
  const gpus = /^\d{1,3}$/.test(typed) ? Number(typed) : -1;
  // A cluster may have nodes for jobs without any.
  const least = slurm === null ? 1 : 0;
  if (gpus < least || gpus > 64) errors['gpus'] = l10n.t('Write a whole number from {0} to 64.', least);
  if (slurm === null) return { gpus, waits: values['queue'] !== 'now', slurm: null, errors };
  const request: SlurmRequest = {
    gpus,
    cpus: slurm.cpus,
    time: text('slurm_time'),
    mem: text('slurm_mem'),
    partition: text('slurm_partition'),
    account: text('slurm_account'),
    extra: (text('slurm_extra') ?? '').split(/\s+/).filter((word) => word !== ''),
  };
  // One field at a time, so that each is told beside itself.
  for (const name of slurmFields) {
    const key = name.slice('slurm_'.length) as 'time' | 'partition' | 'account' | 'mem' | 'extra';
    try {
      checkSlurmRequest({ ...nothingAsked, [key]: request[key] });
    } catch (error) {
      if (!(error instanceof HumanError)) throw error;
      errors[name] = error.message;
    }
  }
  return { gpus, waits: false, slurm: request, errors };
}

const nothingAsked: SlurmRequest = {
  gpus: null,
  cpus: null,
  time: null,
  mem: null,
  partition: null,
  account: null,
  extra: [],
};
