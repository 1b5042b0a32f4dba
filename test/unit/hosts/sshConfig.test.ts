import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sshAliases } from '../../../src/hosts/sshConfig';
import { makeFolder } from '../files/folders';

test('finds the names that a person wrote, through files included, and runs nothing', async () => {
  const folder = await makeFolder({
    config: [
      '# Host commented',
      'Host box gpu-1.lab *.example !not "quoted" -oProxyCommand=x $(touch ran)',
      '  HostName 10.0.0.1',
      'host=equals',
      'Match exec "touch ran" host *',
      'Include conf.d/*.conf  other nope config',
      'Host box last',
    ],
    'conf.d/a.conf': 'HOST\tfrom-a\r\nInclude conf.d/deep/c?\r\n',
    'conf.d/b.conf': 'Host from-b\n',
    'conf.d/b.txt': 'Host not-this\n',
    'conf.d/.hidden.conf': 'Host nor-this\n',
    'conf.d/deep/c1': 'Host from-c\nInclude conf.d/a.conf\n',
    other: 'Host from-other\n',
  });
  expect(await sshAliases(join(folder, 'config'))).toEqual([
    ...['box', 'gpu-1.lab', 'quoted', 'equals', 'from-a', 'from-c', 'from-b', 'from-other', 'last'],
  ]);
  expect(await readdir(folder)).not.toContain('ran');
});

test('no configuration, an endless one or a folder of that name has no names', async () => {
  const folder = await makeFolder({ huge: `Host big\n${'#'.repeat(2_000_000)}` });
  expect(await sshAliases(join(folder, 'nope'))).toEqual([]);
  expect(await sshAliases(folder)).toEqual([]);
  expect(await sshAliases(join(folder, 'huge'))).toEqual([]);
});
