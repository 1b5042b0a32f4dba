/**
 * `npm run bench -- NAME` prints one JSON line: {"bench", "metrics", "baseline", "ratio"}. A ratio is metric ÷ baseline.
 * Every other file in this folder is a benchmark of its name, which exports `run(): Promise<BenchResult>`.
 */
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BenchResult } from './support/result';

const folder = join(process.cwd(), 'test', 'bench');

async function main(name: string | undefined): Promise<void> {
  const names = readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
    .map((file) => basename(file, '.ts'));
  if (name === undefined || !names.includes(name)) {
    console.error(`Usage: npm run bench -- NAME, where NAME is one of: ${names.join(', ')}`);
    process.exitCode = 2;
    return;
  }
  const bench = (await import(pathToFileURL(join(folder, `${name}.ts`)).href)) as {
    run: () => Promise<BenchResult>;
  };
  const { metrics, baseline } = await bench.run();
  const ratio = Object.fromEntries(
    Object.entries(metrics).flatMap(([key, value]) => {
      const plain = baseline[key];
      return value !== null && plain ? [[key, Number((value / plain).toFixed(4))]] : [];
    }),
  );
  console.log(JSON.stringify({ bench: name, metrics, baseline, ratio }));
}

void main(process.argv[2]);
