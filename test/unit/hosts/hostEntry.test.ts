import { describe, expect, it } from 'vitest';
import { folderNameOf, isSameName, readHostEntries } from '../../../src/hosts/hostEntry';

const box = { name: 'box', ssh: 'root@203.0.113.7', folder: '/root/work' };

describe('an entry of the setting', () => {
  it('needs a name, an address and a folder; all else has a default', () => {
    expect(readHostEntries([box])).toEqual({
      entries: [
        {
          name: 'box',
          address: { host: '203.0.113.7', user: 'root', port: null, identity: null, jump: null },
          folder: '/root/work',
          python: '',
          scheduler: 'direct',
          slurm: null,
          setup: [],
        },
      ],
      problems: [],
    });
  });

  it('of a cluster keeps what its jobs ask for, one GPU where nothing is said', () => {
    const slurm = { partition: 'gpu', time: '4:00:00', extra: ['--qos=short'] };
    const { entries } = readHostEntries([
      { ...box, scheduler: 'slurm', slurm },
      { name: 'this cluster', scheduler: 'slurm' },
      { ...box, name: 'direct', slurm },
    ]);
    const nothing = { gpus: 1, cpus: null, time: null, mem: null, partition: null, account: null, extra: [] };
    expect(entries.map((entry) => entry.slurm)).toEqual([{ ...nothing, ...slurm }, nothing, null]);
    expect(entries[1]).toMatchObject({ address: null, folder: null });
  });

  it.each([
    ['/root/work/', '/root/work'],
    ['/root/../data//runs/', '/data/runs'],
    ['/', '/'],
  ])('has its folder %s as %s', (folder, plain) => {
    expect(readHostEntries([{ ...box, folder }]).entries[0]?.folder).toBe(plain);
  });

  it.each<[string, object | string, RegExp]>([
    ['no object', 'box', /earmark\.hosts/],
    ['no name', { ssh: 'box', folder: '/w' }, /name/],
    ['a blank name', { ...box, name: '  ' }, /name/],
    ['a name of 61 characters', { ...box, name: 'n'.repeat(61) }, /name/],
    ['an option for an address', { ...box, ssh: '-oProxyCommand=touch x' }, /can’t be the name of a host/],
    ['a shell in its address', { ...box, ssh: 'box;id' }, /can’t be the name of a host/],
    ['neither address nor Slurm', { name: 'box', folder: '/w' }, /“box” has no address/],
    ['no folder', { ...box, folder: '' }, /“box” has no work folder/],
    ['a folder that is not absolute', { ...box, folder: '~/work' }, /“box” has no work folder/],
    ['an unknown scheduler', { ...box, scheduler: 'pbs' }, /scheduler/],
    ['half a GPU', { ...box, scheduler: 'slurm', slurm: { gpus: 0.5 } }, /slurm\.gpus/],
  ])('with %s is left out with a word, and costs no other', (_, wrong, told) => {
    const { entries, problems } = readHostEntries([wrong, { ...box, name: 'other' }]);
    expect(entries.map(({ name }) => name)).toEqual(['other']);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(told);
    expect(problems[0]).toMatch(/^A host in the setting “earmark\.hosts” is left out: /);
  });

  it('gives way to an earlier one of its name, whatever the case', () => {
    const { entries, problems } = readHostEntries([
      { ...box, name: 'Büro' },
      { ...box, name: 'BU\u0308RO', ssh: 'other' },
    ]);
    expect(entries.map(({ address }) => address?.host)).toEqual(['203.0.113.7']);
    expect(problems[0]?.normalize('NFC')).toMatch(/Two hosts are called “BÜRO”/);
  });
});

it.each([undefined, null, {}, 'box', 7])('a setting that is %j names no hosts', (value) => {
  expect(readHostEntries(value)).toEqual({ entries: [], problems: [] });
});

it.each([
  ['box', 'box'],
  ['GPU box (lab)', 'GPU-box-lab~'],
  ['../../etc', 'etc~'],
  ['-rf', 'rf~'],
  ['a/b\\c:d', 'a-b-c-d~'],
  ['机房 1', '机房-1~'],
  ['v1.2_x', 'v1.2_x'],
  ['...', 'host~'],
  ['🎸', 'host~'],
])('what belongs to %s lies in a folder called %s', (name, folder) => {
  expect(folderNameOf({ name }).replace(/~[0-9a-f]{6}$/, '~')).toBe(folder);
});

it('no two hosts share a folder, however alike their names are on a disk', () => {
  const names = ['a b', 'a-b', 'a/b', '..a-b', '🎸', '🎻', 'host'];
  expect(new Set(names.map((name) => folderNameOf({ name }))).size).toBe(names.length);
});

it('names are the same when a disk may take them for the same', () => {
  expect(isSameName('Box', 'bOX')).toBe(true);
  expect(isSameName('caf\u00e9', 'cafe\u0301')).toBe(true);
  expect(isSameName('box', 'box2')).toBe(false);
});

it('leaves out what is called as a host that is always there, and a relative folder of a cluster', () => {
  const box = { name: 'This Machine', ssh: 'box', folder: '/work' };
  expect(readHostEntries([box], ['this machine']).entries).toEqual([]);
  expect(readHostEntries([box]).entries).toHaveLength(1);
  const cluster = { name: 'cluster', scheduler: 'slurm', folder: 'work' };
  expect(readHostEntries([cluster]).problems.join()).toContain('absolute path');
});
