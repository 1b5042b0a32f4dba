// Builds the programs of Earmark: the extension host and what it loads later, its analysis worker, and the webview pages.
//   node esbuild.mjs [--production] [--watch]
import { cp, mkdir } from 'node:fs/promises';
import { context } from 'esbuild';

const production = process.argv.includes('--production');
const watch = process.argv.includes('--watch');

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  minify: production,
  sourcemap: production ? false : 'linked',
  legalComments: 'none',
  logLevel: 'warning',
};

/** @type {import('esbuild').BuildOptions[]} */
const programs = [
  {
    ...common,
    entryPoints: { extension: 'src/extension.ts', analysis: 'src/audio/worker.ts' },
    outdir: 'dist',
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    external: ['vscode', './execa.js'],
    // A file of its own: loaded when the first program is run, and not read before.
    alias: { execa: './execa.js' },
    // zod looks at the navigator for the sake of one cloud; in the extension host, VS Code warns of everyone who does.
    define: { navigator: 'undefined' },
    // @vscode/l10n and jsonc-like packages ship UMD as "main", which esbuild cannot follow; their ES modules it can.
    mainFields: ['module', 'main'],
  },
  {
    ...common,
    entryPoints: { execa: 'execa' },
    outdir: 'dist',
    platform: 'node',
    target: 'node20',
    format: 'cjs',
  },
  {
    ...common,
    entryPoints: {
      comparison: 'src/webview/comparison.ts',
      run: 'src/webview/run.ts',
      training: 'src/webview/training.ts',
    },
    outdir: 'dist/webview',
    platform: 'browser',
    target: 'chrome128',
    format: 'esm',
    loader: { '.ttf': 'file' },
    assetNames: '[name]',
  },
];

const contexts = await Promise.all(programs.map((options) => context(options)));
await Promise.all(contexts.map((c) => c.rebuild()));
await mkdir('dist/webview', { recursive: true });
await cp('node_modules/@vscode/codicons/dist/codicon.css', 'dist/webview/codicon.css');
await cp('node_modules/@vscode/codicons/dist/codicon.ttf', 'dist/webview/codicon.ttf');
if (watch) {
  await Promise.all(contexts.map((c) => c.watch()));
  console.log('watching');
} else {
  await Promise.all(contexts.map((c) => c.dispose()));
}
