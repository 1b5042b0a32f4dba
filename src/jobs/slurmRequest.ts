/** What a person may ask of Slurm: only what says where and when a job runs. The same rules as python/slurm_request.py. */
import * as l10n from '@vscode/l10n';
import { HumanError } from '../errors';
import type { SlurmRequest } from './spec';

/** Options of sbatch for `extra`. None changes what is run, as whom, or with what. */
export const extraOptions: readonly string[] = [
  'begin', 'constraint', 'cpus-per-gpu', 'deadline', 'exclude', 'exclusive', 'gpus', 'gpus-per-node', 'gres',
  'gres-flags', 'hint', 'licenses', 'mail-type', 'mail-user', 'mem-per-cpu', 'mem-per-gpu', 'nice', 'nodelist',
  'prefer', 'priority', 'qos', 'reservation', 'tmp', 'wckey',
]; // prettier-ignore

const MOST_GPUS = 1024;
const MOST_CPUS = 4096;
const forms = {
  time: /^(\d{1,9}|\d+:\d\d|\d+:\d\d:\d\d|\d+-\d+(:\d\d){0,2})$/,
  mem: /^\d+[KMGT]?$/,
  partition: /^[A-Za-z0-9_.][A-Za-z0-9_.,-]*$/,
  account: /^[A-Za-z0-9_.][A-Za-z0-9_.-]*$/,
};
const value = /^[A-Za-z0-9_@%+:,./*&|()[\]!=-]*$/;

/** Throws a HumanError for what would not be passed on to sbatch. */
export function checkSlurmRequest(request: SlurmRequest): void {
  const problem = problemOf(request);
  if (problem !== null) throw new HumanError(problem);
}

/** Options of sbatch for the request. */
export function sbatchOptions(request: SlurmRequest): string[] {
  const { gpus, cpus, time, mem, partition, account, extra } = request;
  const named = { 'cpus-per-task': cpus, time, mem, partition, account };
  return [
    ...(gpus ? [`--gres=gpu:${gpus}`] : []),
    ...Object.entries(named).flatMap(([name, wanted]) => (wanted ? [`--${name}=${wanted}`] : [])),
    ...extra,
  ];
}

function problemOf({ gpus, cpus, time, mem, partition, account, extra }: SlurmRequest): string | null {
  if (gpus !== null && (gpus < 0 || gpus > MOST_GPUS))
    return l10n.t('Slurm can’t be asked for {0} GPUs. Give a number from 0 to {1}.', gpus, MOST_GPUS);
  if (cpus !== null && (cpus < 0 || cpus > MOST_CPUS))
    return l10n.t('Slurm can’t be asked for {0} CPUs. Give a number from 0 to {1}.', cpus, MOST_CPUS);
  if (time !== null && !forms.time.test(time))
    return l10n.t(
      '“{0}” is no time limit for Slurm. Write minutes (90), H:MM:SS (4:00:00) or days-hours (1-12).',
      time,
    );
  if (mem !== null && !forms.mem.test(mem))
    return l10n.t('“{0}” is no amount of memory for Slurm. Write 32G, or 32000 for megabytes.', mem);
  if (partition !== null && !forms.partition.test(partition))
    return l10n.t('“{0}” is no name of a partition. “sinfo” lists them.', partition);
  if (account !== null && !forms.account.test(account))
    return l10n.t('“{0}” is no name of an account. “sacctmgr show associations” lists yours.', account);
  const refused = extra.find((option) => !isAllowed(option));
  return refused === undefined
    ? null
    : l10n.t(
        '“{0}” is not passed on to Slurm. Write --name=value without spaces or quotes, where the name is one of: {1}.',
        refused,
        extraOptions.join(', '),
      );
}

function isAllowed(option: string): boolean {
  const [, name = '', text = ''] = /^--([a-z-]+)(?:=(.*))?$/s.exec(option) ?? [];
  return extraOptions.includes(name) && value.test(text);
}
