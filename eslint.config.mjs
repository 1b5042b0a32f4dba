// The architect: who may import whom. ARCHITECTURE.md says why; this file makes it so.
import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

const features = ['runs', 'evaluations', 'audio', 'notes', 'hosts', 'jobs', 'results'];
/** Reading files that others write: node and errors only, for the features that read them. */
const shared = 'files';
const hostOnly = ['commands', 'views', 'platform'];

/** Packages that one file hides, so that it can be replaced there and nowhere else. */
const owned = {
  wavefile: 'src/audio/wav.ts',
  execa: 'src/hosts/exec.ts',
  '@vscode/webview-ui-toolkit': 'src/webview/toolkit.ts',
  uplot: 'src/webview/lossChart.ts',
  '@tanstack/virtual-core': 'src/webview/virtualList.ts',
  ulid: 'src/notes/noteId.ts',
};

const folder = (name) => ({
  group: [`**/${name}/**`, `**/${name}`],
  message: `Not from here: see "Who may import whom" in ARCHITECTURE.md (${name}).`,
});
const noVscode = {
  group: ['vscode'],
  message: 'This folder runs in plain node (or the browser): no vscode.',
};
const noNode = { group: ['node:*'], message: 'This runs in the browser too: no node.' };
const onlyOwner = Object.entries(owned).map(([name, file]) => ({
  group: [name, `${name}/*`],
  message: `Only ${file} imports ${name}.`,
}));

/** Forbids imports in `files`; types may still come from `typesFrom`. */
function layer(files, never, typesFrom = []) {
  const patterns = [
    ...onlyOwner.filter((o) => !files.some((f) => f === owned[o.group[0]])),
    ...never,
    ...typesFrom.map((name) => ({ ...folder(name), allowTypeImports: true })),
  ];
  return { files, rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] } };
}

const others = (own, ...allowed) =>
  [...features, shared, ...hostOnly, 'webview']
    .filter((name) => name !== own && !allowed.includes(name))
    .map(folder);
const noApp = [
  { group: ['**/extension', '**/config'], message: 'Settings and wiring are passed in, not imported.' },
];

const layers = {
  'src/files/**/*.ts': [[...others(shared), noVscode, ...noApp], []],
  'src/runs/**/*.ts': [[...others('runs', shared), noVscode, ...noApp], []],
  'src/evaluations/**/*.ts': [[...others('evaluations', 'runs', shared), noVscode, ...noApp], ['runs']],
  'src/audio/**/*.ts': [[...others('audio'), noVscode, ...noApp], []],
  'src/notes/**/*.ts': [
    [...others('notes', 'runs', 'evaluations', shared), noVscode, ...noApp],
    ['runs', 'evaluations'],
  ],
  'src/hosts/**/*.ts': [[...others('hosts'), noVscode, ...noApp], []],
  'src/jobs/**/*.ts': [[...others('jobs', 'runs', 'hosts', shared), noVscode, ...noApp], ['runs']],
  'src/results/**/*.ts': [[...others('results', 'runs', 'hosts', shared), noVscode, ...noApp], ['runs']],
  'src/protocol.ts': [[...others('', ...features), noVscode, noNode, ...noApp], features],
  'src/webview/**/*.ts': [
    [
      ...others('webview', 'audio'),
      noVscode,
      noNode,
      ...noApp,
      { group: ['**/audio/!(pcm)'], message: 'Only audio/pcm is shared.' },
    ],
    [],
  ],
  'src/platform/**/*.ts': [[...others('platform'), ...noApp], []],
  'src/views/**/*.ts': [[folder('webview'), folder('commands')], []],
  'src/commands/**/*.ts': [[folder('webview')], []],
  'src/config.ts': [others(''), []],
  'src/errors.ts': [[...others(''), noVscode, noNode, ...noApp], []],
  'src/ids.ts': [[...others(''), noVscode, noNode, ...noApp], features],
};

export default tseslint.config(
  {
    ignores: [
      'dist/',
      'out/',
      '.vscode-test/',
      '.venv/',
      'test/e2e/out/',
      '**/node_modules/',
      'examples/**/evaluation*/',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', Buffer: 'readonly', URL: 'readonly' },
    },
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './tsconfig.webview.json', './tsconfig.test.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      'no-console': ['error'],
      eqeqeq: 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: `ImportDeclaration[source.value="zod"] > ImportSpecifier`,
          message: `Write import * as z from 'zod': by its name, z brings 350 kB that nobody uses into the bundle.`,
        },
      ],
    },
  },
  ...Object.entries(layers).map(([glob, [never, types]]) => layer([glob], never, types)),
  // The owners of a package, each in its folder's layer less its own package.
  ...Object.values(owned).map((file) => {
    const glob = Object.keys(layers).find((g) => file.startsWith(g.replace('**/*.ts', '')));
    const [never, types] = layers[glob];
    return layer([file], never, types);
  }),
  {
    files: ['test/**/*.ts'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Playwright reads from the pattern which fixtures a function wants: `{}` is none.
      'no-empty-pattern': ['error', { allowObjectPatternsAsParameters: true }],
    },
  },
  prettier,
);
