/** Jobs handed to Slurm by slurm.py, which runs where sbatch is; on the node the same supervisor runs them. */
import type { Engine } from '../engine';
import { engineOf, type DirectTools } from './direct';

export interface SlurmTools extends DirectTools {
  /** slurm.py on the host, absolute, beside supervisor.py. */
  readonly slurm: string;
}

export function slurmEngine(tools: SlurmTools): Engine {
  return engineOf(tools, tools.slurm);
}
