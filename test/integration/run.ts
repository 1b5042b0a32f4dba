// The integration suite inside a real extension host, through one `runTests` call: a desktop VS Code where there is a
// display to show it on, else the VS Code server in a browser (Linux).
//   tsx test/integration/run.ts [--version 1.139] [--only TEXT] [--server]
// Without --version: everything on the newest VS Code, and what is titled @smoke on the oldest supported one.
// Each folder of tests runs in a VS Code of its own: suite/ in a trusted workspace, untrusted/ in one that is not, and
// reload/ in a window that its test reloads, after which it runs again from the start.
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hasDisplay } from '../vscode/desktop';
import { findBrowser } from '../vscode/browser';
import { installServer, isVersion, versions, type Version } from '../vscode/install';
import { cache, root } from '../vscode/paths';
import { run } from '../vscode/processes';
import { parseReport, summarize, type Counts } from './report';

const patienceMs = 8 * 60_000;
const oldest = versions[1];
const folders = ['suite', 'untrusted', 'reload'] as const;

interface Round {
  readonly version: Version;
  readonly folder: (typeof folders)[number];
  readonly only: string | undefined;
}

async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: { version: { type: 'string' }, only: { type: 'string' }, server: { type: 'boolean' } },
  });
  if (values.version !== undefined && !isVersion(values.version)) {
    throw new Error(`--version is one of ${versions.join(', ')}`);
  }
  const rounds = (values.version === undefined ? versions : [values.version]).flatMap((version) =>
    folders.map((folder): Round => {
      const only = values.version === undefined && version === oldest ? '@smoke' : undefined;
      return { version, folder, only: values.only ?? only };
    }),
  );

  await run('npm', ['run', '--silent', 'build'], { cwd: root });
  await run('npm', ['run', '--silent', 'examples'], { cwd: root });
  const suite = await buildSuite();
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const round of rounds) {
    const { version, folder, only } = round;
    console.log(`VS Code ${version}, ${folder}${only === undefined ? '' : `, only ${only}`}`);
    const counts = await runRound(round, suite, values.server === true);
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.skipped += counts.skipped;
  }
  if (total.passed + total.failed === 0) {
    total.failed++;
    console.log('  ✗ no test ran');
  }
  const report = process.env['EARMARK_COUNTS'];
  if (report !== undefined) {
    await writeFile(report, JSON.stringify(total));
  }
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return total.failed === 0;
}

/** Every `*.test.ts` becomes a file of its own in `out/`, where mocha and `vscode` are found at run time. */
async function buildSuite(): Promise<string> {
  const out = join(root, 'out', 'integration');
  await rm(out, { recursive: true, force: true });
  const tests = await readdir(__dirname, { recursive: true });
  await build({
    entryPoints: [
      join(__dirname, 'suite.ts'),
      ...tests.filter((file) => file.endsWith('.test.ts')).map((file) => join(__dirname, file)),
    ],
    outdir: out,
    outbase: __dirname,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['vscode', 'mocha'],
    mainFields: ['module', 'main'],
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return join(out, 'suite.js');
}

async function runRound(
  { version, folder, only }: Round,
  suite: string,
  forceServer: boolean,
): Promise<Counts> {
  // runTests gives a desktop VS Code no way to doubt a workspace, and whether it runs tests again after a reload is not known.
  const onServer = forceServer || (folder !== 'suite' && process.platform === 'linux');
  const executable = onServer ? serverLauncher : ((await desktop(version)) ?? serverLauncher);
  if (executable !== serverLauncher && folder !== 'suite') {
    console.log('  - skipped: needs the VS Code server, which runs on Linux only');
    return { passed: 0, failed: 0, skipped: 1 };
  }
  if (executable === serverLauncher) {
    // Before the clock below starts: this may take minutes, once.
    await installServer(version);
    await findBrowser();
  }
  const scratch = await mkdtemp(join(tmpdir(), 'earmark-integration-'));
  const workspace = join(scratch, 'workspace');
  await cp(join(root, 'examples'), workspace, { recursive: true });
  await mkdir(workspace, { recursive: true });
  const report = join(scratch, 'report.jsonl');
  // runTests answers SIGINT by ending VS Code, first politely, then not.
  const interrupt = () => void process.emit('SIGINT');
  const guards = [setTimeout(interrupt, patienceMs), setTimeout(interrupt, patienceMs + 10_000)];
  let exit: unknown;
  try {
    exit = await runTests({
      vscodeExecutablePath: executable,
      extensionDevelopmentPath: root,
      extensionTestsPath: suite,
      extensionTestsEnv: {
        EARMARK_TEST_REPORT: report,
        EARMARK_TEST_FOLDER: folder,
        EARMARK_TEST_ONLY: only,
      },
      launchArgs: [
        workspace,
        ...(executable === serverLauncher ? [`--server-version=${version}`] : []),
        ...(folder === 'untrusted' ? ['--untrusted'] : []),
      ],
    });
  } catch (error) {
    exit = error;
  }
  guards.forEach((guard) => clearTimeout(guard));
  const counts = summarize(parseReport(await readFile(report, 'utf8').catch(() => '')));
  if (exit !== 0 && counts.failed === 0) {
    counts.failed++;
    console.log(`  ✗ VS Code ended badly: ${String(exit)}`);
  }
  await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  return counts;
}

const serverLauncher = join(root, 'test', 'vscode', 'launcher.mjs');

/** A desktop VS Code of that version, where one can be shown and fetched. */
async function desktop(version: Version): Promise<string | undefined> {
  if (!hasDisplay()) {
    return undefined;
  }
  try {
    return await downloadAndUnzipVSCode({ version: `${version}.0`, cachePath: cache, timeout: 15_000 });
  } catch (error) {
    console.log(`No desktop VS Code ${version} to be had (${String(error)}); using the server in a browser.`);
    return undefined;
  }
}

main().then(
  (ok) => process.exit(ok ? 0 : 1),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
