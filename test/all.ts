/** `npm test`: every layer, each seen to the end, and one closing line that sums them up. */
import { spawn } from 'node:child_process';

interface Layer {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  /** Counts from the layer's own closing words; a layer without any is one check that passes or fails. */
  readonly counts: ((output: string) => Counts | null) | undefined;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const lint = script('lint', 'lint');
const unit = script('unit', 'test:unit', vitestCounts);
const packaged = script('package', 'test:package', plainCounts);
const examples = script('examples', 'examples');
const python = script('python', 'test:python', pytestCounts);
const faults = script('faults', 'test:faults -- -t smoke', vitestCounts);
const integration = script('integration', 'test:integration', plainCounts);
const endToEnd = script('end to end', 'test:e2e', playwrightCounts);

/** Lines run beside each other, the layers of a line in turn. Python keeps to one core; what plays audio has the machine to itself. */
const stages: readonly (readonly (readonly Layer[])[])[] = [
  [[unit]],
  [[python], [lint, packaged, examples, faults, integration]],
  [[endToEnd]],
];

void main();

function script(name: string, words: string, counts?: Layer['counts']): Layer {
  return { name, argv: ['npm', 'run', '--silent', ...words.split(' ')], counts };
}

async function main(): Promise<void> {
  const only = process.argv.slice(2);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const report: string[] = [];
  const see = async (layer: Layer, alone: boolean): Promise<void> => {
    if (only.length > 0 && !only.includes(layer.name)) return;
    const headline = `\n=== ${layer.name}\n`;
    if (alone) process.stdout.write(headline);
    const started = Date.now();
    const { code, output } = await run(layer.argv, alone);
    // Words of layers that run beside each other are told one after the other.
    if (!alone) process.stdout.write(headline + output);
    const counts = layer.counts?.(stripColours(output)) ?? { passed: 0, failed: 0, skipped: 0 };
    const noTest = counts.passed + counts.failed === 0;
    // A layer that ends badly without a failed test (it crashed, or ran none) is a failure of its own.
    totals.passed += counts.passed + (code === 0 && noTest ? 1 : 0);
    totals.failed += counts.failed + (code !== 0 && counts.failed === 0 ? 1 : 0);
    totals.skipped += counts.skipped;
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    report.push(`${code === 0 ? 'ok    ' : 'FAILED'} ${layer.name.padEnd(12)} ${seconds.padStart(6)} s`);
  };
  for (const lines of stages) {
    const runLine = async (line: readonly Layer[]): Promise<void> => {
      for (const layer of line) await see(layer, lines.length === 1);
    };
    await Promise.all(lines.map(runLine));
  }
  console.log(`\n${report.join('\n')}\n`);
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);
  process.exitCode = totals.failed === 0 ? 0 : 1;
}

function run(
  [file, ...args]: readonly [string, ...string[]],
  aloud: boolean,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FORCE_COLOR: '0' },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (aloud) process.stdout.write(chunk);
      });
    }
    child.on('error', (error) => {
      console.log(error.message);
      resolve({ code: 1, output });
    });
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

function vitestCounts(output: string): Counts | null {
  const line = /^\s*Tests\s+(.*)$/m.exec(output)?.[1];
  return line === undefined ? null : wordCounts(line);
}

/** The last line of pytest: `3 failed, 210 passed, 2 skipped in 80.1s`. */
function pytestCounts(output: string): Counts | null {
  const line = output.split('\n').findLast((text) => / in [\d.]+s\b/.test(text));
  return line === undefined ? null : wordCounts(line);
}

function plainCounts(output: string): Counts {
  const lines = output.split('\n').filter((line) => /^\d+ passed, \d+ failed/.test(line));
  const all = lines.map(wordCounts);
  return {
    passed: sum(all.map((counts) => counts.passed)),
    failed: sum(all.map((counts) => counts.failed)),
    skipped: sum(all.map((counts) => counts.skipped)),
  };
}

function playwrightCounts(output: string): Counts {
  return wordCounts(output.split('\n').slice(-40).join('\n'));
}

function wordCounts(text: string): Counts {
  const count = (word: string): number => Number(new RegExp(`(\\d+) ${word}`).exec(text)?.[1] ?? 0);
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function stripColours(text: string): string {
  return text.replace(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '');
}
