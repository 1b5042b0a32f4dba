/** Which rows are run in Slurm too, and why the others are not. Rows about Slurm itself are in matrix.ts. */
import type { Row } from './matrix';

type Cells = Partial<Row['cells']>;

const apart = 'not run: Slurm in local × slurm, the link in ssh × direct';
const runs: Cells = { 'local × slurm': true, 'ssh × slurm': apart };
const both: Cells = { 'local × slurm': true, 'ssh × slurm': true };
const because = (reason: string): Cells => ({ 'local × slurm': reason, 'ssh × slurm': reason });

const noPart = because('n/a: Slurm has no part in it');
const sameWindow = because('not run: the window is the same; that its jobs are found again: F4, F32');
const sameSupervisor = because('n/a: the same supervisor does it, whoever starts it');
const slurmDecides = because('n/a: boot and pids are not looked at, Slurm is asked instead');
const files = because('n/a: the files are the same, whoever made them');

export const inSlurm: Readonly<Record<string, Cells>> = {
  ...every(
    [
      'F1',
      'F3',
      'F5',
      'F6',
      'F7',
      'F10',
      'F11',
      'F13',
      'F14',
      'F18',
      'F19',
      'F21',
      'F24',
      'F26',
      'F44',
      'F46',
      'F47',
      'B5',
      'B25',
      'B26',
      'B30',
      'B31',
      'B36',
    ],
    runs,
  ),
  ...every(['F4', 'F12'], both),
  ...every(['F8', 'F9'], sameWindow),
  ...every(['F15', 'F16', 'F17', 'F45'], slurmDecides),
  ...every(['F20', 'F43', 'F48'], sameSupervisor),
  ...every(
    ['F22', 'F23', 'F25', 'F39', 'F40', 'F41', 'F42', 'B12', 'B16', 'B17', 'B18', 'B22', 'B23', 'B24'],
    files,
  ),
  ...every(['B6', 'B8', 'B10'], noPart),
};

function every(ids: readonly string[], cells: Cells): Record<string, Cells> {
  return Object.fromEntries(ids.map((id) => [id, cells]));
}
