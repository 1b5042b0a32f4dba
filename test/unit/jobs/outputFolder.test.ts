import { localFiles } from '../../../src/hosts/hostFiles';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  folderBeside,
  folderNameProblem,
  freeName,
  nextFreeName,
  refuseUsedFolder,
} from '../../../src/jobs/outputFolder';
import { makeFolder } from '../files/folders';

test('a folder that holds a run is refused, and the next free name told', async () => {
  const folder = await makeFolder({
    'output_epoch3/run.json': '{}',
    'output_epoch3_2/x': '',
    Output_Epoch3_3: '',
  });
  await expect(refuseUsedFolder(join(folder, 'output_epoch3'), localFiles)).rejects.toThrow(
    /another run.*“output_epoch3_4” is free/,
  );
  await expect(refuseUsedFolder(join(folder, 'output_epoch3_2'), localFiles)).rejects.toThrow(
    /is not empty.*“output_epoch3_4”/,
  );
  expect(await nextFreeName(join(folder, 'output_epoch4'), localFiles)).toBe('output_epoch4');
});

test('a missing or empty folder is free; what is no folder is not', async () => {
  const folder = await makeFolder({ file: '', 'seen/.DS_Store': '' });
  await mkdir(join(folder, 'empty'));
  await refuseUsedFolder(join(folder, 'empty'), localFiles);
  await refuseUsedFolder(join(folder, 'seen'), localFiles);
  await refuseUsedFolder(join(folder, 'not', 'there'), localFiles);
  await expect(refuseUsedFolder(join(folder, 'file'), localFiles)).rejects.toThrow(/is a file/);
  await expect(refuseUsedFolder(join(folder, 'file', 'below'), localFiles)).rejects.toThrow(/is a file/);
  await chmod(join(folder, 'empty'), 0o700);
});

test('numbers go on where there are some', () => {
  expect(freeName('a', [])).toBe('a');
  expect(freeName('a', ['A'])).toBe('a_2');
  expect(freeName('a_2', ['a_2', 'a_3'])).toBe('a_4');
  expect(freeName('e\u0301', ['\u00e9'])).toBe('e\u0301_2');
});

test.each(['', ' ', '.', '..', 'a/b', '../../x', 'a\\b', '-rf', 'con', 'NUL.txt', 'a:b', 'a.', 'x ', 'a\nb', '\u001b[31m', 'x'.repeat(300), '🎸'.repeat(60), '"q"'])(
  'the name %j is refused in words',
  (name) => {
    expect(folderNameProblem(name)).not.toBeNull();
    expect(() => folderBeside('/w', name)).toThrow(folderNameProblem(name)!);
  },
); // prettier-ignore

test.each(['output_epoch3', "it's $(here)", '歌🎸', 'a b', '.hidden', 'e\u0301'])(
  'the name %j is taken as it is',
  (name) => {
    expect(folderBeside('/w', name)).toBe(`/w/${name}`);
  },
);
