import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exec } from '../../../src/hosts/exec';
import { exportJob } from '../../../src/jobs/exportJob';
import { prepare } from '../../../src/jobs/prepare';
import { makeFolder } from '../files/folders';
import { engine, shell, specsOf } from './support';

const request = { gpus: 2, cpus: 8, time: '1-12', mem: '32G', partition: 'gpu', account: 'music', extra: ['--qos=long'] }; // prettier-ignore

test('the file runs the same command in the same place, whatever it holds', async () => {
  const folder = await makeFolder();
  const words = ["it's", '$(touch pwned)', 'a\nb', '歌', '#SBATCH --wrap=x', '\\'];
  const draft = shell(folder, 'printf "%s|" "$@" "$WORD"; pwd', {
    title: 'a\n#SBATCH --uid=0',
    env: { WORD: "'\n#SBATCH --x" },
  });
  const [job] = prepare(
    specsOf([{ ...draft, argv: [...draft.argv, 'sh', ...words], slurm: request }]),
    folder,
    engine,
  ).jobs;
  const text = exportJob(job!.spec);
  const file = join(folder, 'job.sbatch');
  await writeFile(file, text);
  expect((await exec(['bash', '-n', file], { cwd: '/', timeoutMs: 5000 })).code).toBe(0);
  const { stdout } = await exec(['sh', file], { cwd: '/', timeoutMs: 5000 });
  expect(stdout).toBe(`${words.join('|')}|'\n#SBATCH --x|${folder}`);
  const [, ...lines] = text.split('\n');
  // sbatch reads options up to the first command.
  const head = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('#')),
  );
  expect(head.filter((line) => line.startsWith('#SBATCH'))).toEqual([
    '#SBATCH --job-name=earmark-command', '#SBATCH --no-requeue', '#SBATCH --signal=B:TERM@20', '#SBATCH --gres=gpu:2',
    '#SBATCH --cpus-per-task=8', '#SBATCH --time=1-12', '#SBATCH --mem=32G', '#SBATCH --partition=gpu',
    '#SBATCH --account=music', '#SBATCH --qos=long',
  ]); // prettier-ignore
});
