import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HumanError } from '../../../src/errors';
import { checkSlurmRequest, extraOptions, sbatchOptions } from '../../../src/jobs/slurmRequest';
import type { SlurmRequest } from '../../../src/jobs/spec';

const nothing: SlurmRequest = { gpus: null, cpus: null, time: null, mem: null, partition: null, account: null, extra: [] }; // prettier-ignore

test.each<Partial<SlurmRequest>>([
  { gpus: -1 }, { gpus: 5000 }, { cpus: -1 }, { time: '' }, { time: 'forever' }, { time: '1\n' }, { time: '1:2' }, { mem: '32 G' },
  { mem: '-1' }, { partition: '' }, { partition: '-x' }, { partition: 'a b' }, { account: "a'b" }, { extra: ['qos=x'] },
  { extra: ['--wrap=x'] }, { extra: ['--qos=a b'] }, { extra: ['--qos', 'x'] },
])('%o is refused in words', (wrong) => {
  expect(() => checkSlurmRequest({ ...nothing, ...wrong })).toThrow(HumanError);
}); // prettier-ignore

test('what clusters are really asked for passes', () => {
  const extra = ['--qos=long', '--exclusive', '--constraint=[a100|h100]', '--gres=gpu:a100:1', '--begin=now+1hour', '--mail-user=me+x@uni.edu']; // prettier-ignore
  for (const time of ['90', '90:00', '4:00:00', '1-12', '1-12:30', '1-12:30:15'])
    checkSlurmRequest({ ...nothing, time, mem: '32G', partition: 'gpu,big-gpu', account: 'lab.a', extra });
  expect(sbatchOptions({ ...nothing, gpus: 0, extra: ['--gpus=1'] })).toEqual(['--gpus=1']);
});

test('both sides allow the same options', async () => {
  const script = await readFile(join(process.cwd(), 'python/slurm_request.py'), 'utf8');
  const [, listed = ''] = /^EXTRA = \{([^}]*)\}/m.exec(script) ?? [];
  expect(Array.from(listed.matchAll(/"([a-z-]+)"/g), ([, name]) => name)).toEqual(extraOptions);
});
