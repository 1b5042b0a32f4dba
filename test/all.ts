/** `npm test`: every layer, each seen to the end, and one closing line that sums them up. */
import { spawn } from 'node:child_process';
import {
  plainOutcome,
  playwrightOutcome,
  pytestOutcome,
  vitestOutcome,
  type Outcome,
  type Reader,
} from './outcome';

interface Layer {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  /** Reads the layer's own closing words; a layer without any is one check that passes or fails. */
  readonly read: Reader | undefined;
}

const lint = script('lint', 'lint');
const unit = script('unit', 'test:unit', vitestOutcome);
const packaged = script('package', 'test:package', plainOutcome);
const examples = script('examples', 'examples');
const python = script('python', 'test:python', pytestOutcome);
const faults = script('faults', 'test:faults -- -t smoke', vitestOutcome);
const integration = script('integration', 'test:integration', plainOutcome);
const endToEnd = script('end to end', 'test:e2e', playwrightOutcome);

/** Lines run beside each other, the layers of a line in turn. Python keeps to one core; what plays audio has the machine to itself. */
const stages: readonly (readonly (readonly Layer[])[])[] = [
  [[unit]],
  [[python], [lint, packaged, examples, faults, integration]],
  [[endToEnd]],
];

const none: Outcome = { passed: 0, failed: 0, skipped: 0, failures: [], flaky: [] };

void main();

function script(name: string, words: string, read?: Reader): Layer {
  return { name, argv: ['npm', 'run', '--silent', ...words.split(' ')], read };
}

async function main(): Promise<void> {
  const only = process.argv.slice(2);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const report: string[] = [];
  const closing: string[] = [];
  const see = async (layer: Layer, alone: boolean): Promise<void> => {
    if (only.length > 0 && !only.includes(layer.name)) return;
    const headline = `\n=== ${layer.name}\n`;
    if (alone) process.stdout.write(headline);
    const started = Date.now();
    const { code, output } = await run(layer.argv, alone);
    // Words of layers that run beside each other are told one after the other.
    if (!alone) process.stdout.write(headline + output);
    const outcome = layer.read?.(output) ?? none;
    const noTest = outcome.passed + outcome.failed === 0;
    // A layer that ends badly without a failed test (it crashed, or ran none) is a failure of its own.
    totals.passed += outcome.passed + (code === 0 && noTest ? 1 : 0);
    totals.failed += outcome.failed + (code !== 0 && outcome.failed === 0 ? 1 : 0);
    totals.skipped += outcome.skipped;
    const last = output.trimEnd().split('\n').slice(-20);
    const failures = code !== 0 && outcome.failures.length === 0 ? last : outcome.failures;
    closing.push(...failures.map((test) => `FAILED ${layer.name}: ${test}`));
    closing.push(...outcome.flaky.map((test) => `on the second try, ${layer.name}: ${test}`));
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    report.push(`${code === 0 ? 'ok    ' : 'FAILED'} ${layer.name.padEnd(12)} ${seconds.padStart(6)} s`);
  };
  for (const lines of stages) {
    const runLine = async (line: readonly Layer[]): Promise<void> => {
      for (const layer of line) await see(layer, lines.length === 1);
    };
    await Promise.all(lines.map(runLine));
  }
  // Last, because the end is what a log that is cut short still has.
  console.log(`\n${[...closing, ...report].join('\n')}\n`);
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
