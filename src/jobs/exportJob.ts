/** A job as a file for sbatch, or for a shell: the same command in the same place, without anything of Earmark. */
import { shellCommand, shellQuote } from '../hosts/quote';
import { checkSlurmRequest, sbatchOptions } from './slurmRequest';
import type { JobSpec } from './spec';

/** Time between SIGTERM and the end of the limit, beyond the job's own grace, seconds. */
const MARGIN_S = 5;

/** Throws a HumanError for what can't be asked of Slurm. */
export function exportJob(spec: JobSpec): string {
  const { argv, cwd, env } = spec;
  if (spec.slurm !== null) checkSlurmRequest(spec.slurm);
  const options = [
    `--job-name=earmark-${spec.kind}`,
    '--no-requeue',
    // To the command, which replaces the shell below: it saves a checkpoint.
    `--signal=B:TERM@${Math.ceil(spec.grace_s) + MARGIN_S}`,
    ...(spec.slurm === null ? [] : sbatchOptions(spec.slurm)),
  ];
  return [
    '#!/bin/sh',
    ...options.map((option) => `#SBATCH ${option}`),
    `# ${spec.title.replace(/\p{Cc}+/gu, ' ')}`,
    '# sbatch this file, or run it with sh on any machine that has the same folders.',
    `cd ${shellQuote(cwd)} || exit`,
    ...Object.entries(env).map(([name, value]) => `export ${name}=${shellQuote(value)}`),
    `exec ${shellCommand(argv)}`,
    '',
  ].join('\n');
}
