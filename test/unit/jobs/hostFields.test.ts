import { describe, expect, it } from 'vitest';
import { hiddenHostFields, hostGroup, readHostFields } from '../../../src/jobs/hostFields';
import type { SlurmRequest } from '../../../src/jobs/spec';

const asked: SlurmRequest = {
  gpus: 2,
  cpus: 8,
  time: '1-12',
  mem: '32G',
  partition: 'gpu',
  account: 'music',
  extra: ['--qos=short', '--constraint=a100|h100'],
};
const here = { name: 'this machine', slurm: null };
const cluster = { name: 'cluster', slurm: asked };

const defaultsOf = (host: typeof here | typeof cluster): Record<string, string> =>
  Object.fromEntries(hostGroup([here, cluster], host).fields.map((field) => [field.name, field.default]));

describe('the fields about the host', () => {
  it('offer every host, and begin with the chosen one', () => {
    const [first] = hostGroup([here, cluster], cluster).fields;
    expect(first).toMatchObject({
      name: 'host',
      kind: 'choice',
      default: 'cluster',
      choices: [
        ['this machine', 'this machine'],
        ['cluster', 'cluster'],
      ],
    });
  });

  it('left as they are, ask for what the host’s entry asks for', () => {
    expect(readHostFields(defaultsOf(cluster), asked)).toEqual({
      gpus: 2,
      waits: false,
      slurm: asked,
      errors: {},
    });
    expect(readHostFields(defaultsOf(here), null)).toEqual({ gpus: 1, waits: true, slurm: null, errors: {} });
    expect(readHostFields({ ...defaultsOf(here), queue: 'now' }, null).waits).toBe(false);
  });

  it('emptied, ask for nothing but one GPU; what no field shows stays as in the entry', () => {
    const empty = Object.fromEntries(Object.keys(defaultsOf(cluster)).map((name) => [name, ' ']));
    const nothing = { time: null, mem: null, partition: null, account: null, extra: [] };
    expect(readHostFields(empty, asked)).toEqual({
      gpus: 1,
      waits: false,
      slurm: { ...nothing, gpus: 1, cpus: 8 },
      errors: {},
    });
  });

  it.each(['65', '-1', '1.5', '2e1', 'two', '１'])('refuse %s GPUs, wherever', (gpus) => {
    expect(readHostFields({ gpus }, null).errors).toEqual({ gpus: 'Write a whole number from 1 to 64.' });
    expect(readHostFields({ gpus }, asked).errors).toEqual({ gpus: 'Write a whole number from 0 to 64.' });
  });

  it('take no GPU at all from a cluster alone', () => {
    const none = { ...asked, gpus: 0 };
    expect(readHostFields(defaultsOf({ name: 'cluster', slurm: none }), none)).toEqual({
      gpus: 0,
      waits: false,
      slurm: none,
      errors: {},
    });
    expect(Object.keys(readHostFields({ gpus: '0' }, null).errors)).toEqual(['gpus']);
  });

  it('tell each wrong one beside itself, and none that is right', () => {
    const { errors } = readHostFields(
      {
        gpus: '64',
        slurm_time: '4h',
        slurm_partition: 'gpu;id',
        slurm_account: '$(id)',
        slurm_mem: '32 GB',
        slurm_extra: '--qos=short --wrap=id',
      },
      asked,
    );
    expect(Object.keys(errors).sort()).toEqual([
      'slurm_account',
      'slurm_extra',
      'slurm_mem',
      'slurm_partition',
      'slurm_time',
    ]);
    expect(errors['slurm_time']).toMatch(/“4h” is no time limit/);
    expect(errors['slurm_extra']).toMatch(/“--wrap=id” is not passed on/);
  });

  it('about Slurm are not even read where there is none', () => {
    expect(readHostFields({ gpus: '2', slurm_time: 'soon', slurm_extra: '--wrap=id' }, null)).toEqual({
      gpus: 2,
      waits: true,
      slurm: null,
      errors: {},
    });
  });

  it('that make no sense are hidden: the choice of one, Slurm’s without Slurm, and a queue before Slurm’s own', () => {
    const slurms = hostGroup([here], here)
      .fields.map(({ name }) => name)
      .filter((name) => name.startsWith('slurm_'));
    expect(slurms).toHaveLength(5);
    expect(hiddenHostFields(1, false)).toEqual(['host', ...slurms]);
    expect(hiddenHostFields(2, false)).toEqual(slurms);
    expect(hiddenHostFields(1, true)).toEqual(['host', 'queue']);
    expect(hiddenHostFields(2, true)).toEqual(['queue']);
  });
});
