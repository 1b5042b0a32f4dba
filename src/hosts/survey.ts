/** What a host has for a training, in one look: GPUs, load, memory, disk, tools. */
import * as z from 'zod';
import { askHost, type HostScript } from './hostScript';

const count = z.number().min(0).nullable().catch(null);
const surveySchema = z.object({
  host: z.string(),
  /** Those that jobs may use. */
  cpus: z.number().int().min(1).catch(1),
  /** Average of one minute. */
  load: count,
  /** Bytes of RAM. */
  memory: count,
  /** Free bytes on the disk of the folder that was asked about. */
  free: count,
  gpus: z.array(
    z.object({
      index: z.number().int(),
      name: z.string(),
      /** MiB. */
      total: count,
      /** MiB. */
      used: count,
      /** Of the last moments, how much of the time it was busy. */
      percent: count,
    }),
  ),
  /** Of those that Earmark can use, the ones that are there: `sbatch`, `tmux`, … */
  tools: z.array(z.string()),
});

export type Survey = z.infer<typeof surveySchema>;

/** Throws a HumanError when the host can't be asked. `folder` need not be there yet. */
export function survey(host: HostScript, folder: string): Promise<Survey> {
  return askHost(host, ['survey', folder], '', surveySchema);
}
