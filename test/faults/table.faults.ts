import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cells, direct, inSlurm, matrix, type Cell, type Row } from './matrix';

test('every row that says it is run has a test [smoke]', async () => {
  const folder = join(process.cwd(), 'test/faults');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.faults.ts'));
  const text = (await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')))).join('\n');
  const tested = new Set(
    Array.from(text.matchAll(/^fault(?:In\((.+?), |\()'(\w+)'/gm)).flatMap(([, some, id]) =>
      cellsOf(some).map((cell) => `${id} ${cell}`),
    ),
  );
  const claimed = matrix.flatMap(({ id, cells: of }) =>
    cells.filter((cell) => of[cell] === true).map((cell) => `${id} ${cell}`),
  );
  expect(claimed.filter((cell) => !tested.has(cell))).toEqual([]);
  const rows = new Set(Array.from(tested, (cell) => cell.split(' ')[0]));
  expect(rows).toEqual(new Set(claimed.map((cell) => cell.split(' ')[0])));
  for (let number = 1; number <= 44; number += 1)
    expect(matrix.some(({ id }) => id === `F${number}`)).toBe(true);
  for (let number = 1; number <= 40; number += 1)
    expect(matrix.some(({ id }) => id === `B${number}`)).toBe(true);
});

/** As the first argument of `faultIn` names them; all where there is none. */
function cellsOf(some: string | undefined): readonly Cell[] {
  if (some === undefined) return cells;
  return { direct, inSlurm }[some] ?? cells.filter((cell) => some.includes(`'${cell}'`));
}

test('every cell is run, can’t be, or is proved by a test that exists [smoke]', async () => {
  for (const { id, cells: of, elsewhere } of matrix) {
    for (const reason of Object.values(of).filter((why) => why !== true))
      expect(reason, id).toMatch(elsewhere.length > 0 ? /^elsewhere: test\// : /^n\/a: \w/);
    for (const [file, title] of elsewhere) {
      const text = await readFile(join(process.cwd(), file), 'utf8');
      const quoted = title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
      expect(text, id).toMatch(new RegExp(`(\\b(it|test)\\(|\\]\\)\\(\\s*)['"]${quoted}['"],`));
    }
  }
});

test('README.md is this matrix [smoke]', async () => {
  await expect(readme()).toMatchFileSnapshot('README.md');
});

function readme(): string {
  const faults = matrix.filter(({ id }) => id.startsWith('F'));
  const hostile = matrix.filter(({ id }) => id.startsWith('B'));
  const run = matrix.filter((row) => Object.values(row.cells).includes(true)).length;
  return `# Faults and hostile inputs

Every row is provoked for real: processes are killed, disks filled, namespaces made anew. \`npm run test:faults\` runs all
(root, Linux, sshd, Slurm; some ten minutes), \`npm run test:faults -- -t smoke\` the quick ones. What a machine lacks (root, sshd, Slurm, tmux, control groups) is said
and counted as skipped. ${run} of ${matrix.length} rows are run; a cell that is not says why it can’t be, or which
tests prove it elsewhere. Rows come from \`matrix.ts\`;
\`npm run test:faults -- -t README -u\` writes this file.

<!-- prettier-ignore-start -->

## Faults

${table(faults)}

## Hostile inputs

${table(hostile)}

<!-- prettier-ignore-end -->
`;
}

function table(rows: readonly Row[]): string {
  const head = ['#', 'what', 'how it is provoked', 'what holds', ...cells];
  const lines = rows.map((row) => [
    row.id,
    row.fault,
    row.provoked,
    row.held,
    ...cells.map((cell) => (row.cells[cell] === true ? 'run' : row.cells[cell])),
  ]);
  return [head, head.map(() => '---'), ...lines].map((columns) => `| ${columns.join(' | ')} |`).join('\n');
}
