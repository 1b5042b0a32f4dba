/** A webview page by itself in a browser: the real bundle under the real content security policy, a host that is played by the test. */
import type { Page } from '@playwright/test';
import { build } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FromWebview, ToWebview } from '../../../src/protocol';
import { root } from '../../vscode/paths';
import { themeOf, type Theme, type ThemeName } from './themeColours';

declare global {
  /** What the page sent to its host since it was last loaded, oldest first. */
  var sentToHost: FromWebview[];
}

const ORIGIN = 'http://page.test';
/** Where the page's messages go. Not a function that the test exposes: an answer of such a one counts as a gesture of the user. */
const HOST = '/host';
const CSP = [
  `default-src 'none'`,
  `script-src 'nonce-x'`,
  `style-src ${ORIGIN} 'nonce-x'`,
  `font-src ${ORIGIN}`,
  `img-src ${ORIGIN} data:`,
  `connect-src ${ORIGIN}`,
].join('; ');

export interface PageOptions {
  readonly theme?: ThemeName;
  readonly language?: string;
  readonly l10n?: Readonly<Record<string, string>>;
  /** What the editor kept of the page when it was last open. */
  readonly saved?: unknown;
  /** Answers the page's messages, from the first on. */
  readonly host?: (message: FromWebview) => readonly ToWebview[];
  /** Bytes of what the page fetches, by path (`/audio/a.wav`); ranges are answered. Undefined: there is none. */
  readonly file?: (path: string) => Buffer | undefined;
}

export interface PageRig {
  send(message: ToWebview): Promise<void>;
  /** Messages of this type since the page was loaded. */
  sent<T extends FromWebview['type']>(type: T): Promise<Extract<FromWebview, { type: T }>[]>;
  /** What the editor would keep of the page now. */
  saved(): Promise<unknown>;
  setTheme(theme: ThemeName): Promise<void>;
  /** Errors of the page and violations of its policy. */
  readonly failures: string[];
}

/** Opens the bundle of `src/webview/<name>.ts` in `page`. */
export async function openPage(page: Page, name: string, options: PageOptions = {}): Promise<PageRig> {
  const files = await bundle(name);
  const failures: string[] = [];
  page.on('pageerror', (error) => failures.push(error.message));
  page.on('console', (message) => {
    // A file that is not there is the page's to tell; the browser's own word on it is no failure of the page.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
      failures.push(message.text());
    }
  });
  const rig: PageRig = {
    send: (message) => page.evaluate((data) => window.postMessage(data, '*'), message),
    // Filtered by type in the page, which the type of the result repeats.
    sent: (type) =>
      page.evaluate((wanted) => sentToHost.filter((message) => message.type === wanted), type) as never,
    saved: () => page.evaluate(() => JSON.parse(sessionStorage.getItem('saved') ?? 'null') as unknown),
    setTheme: (theme) => page.evaluate(applyTheme, themeOf(theme)),
    failures,
  };
  await page.route(`${ORIGIN}/**`, async (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === HOST) {
      const message = route.request().postDataJSON() as FromWebview;
      await route.fulfill({ json: (options.host?.(message) ?? []).map(plain) });
      return;
    }
    const own = pathname === '/' ? html(name, options) : files.get(pathname.slice(1));
    const body = own ?? options.file?.(pathname);
    if (body === undefined) await route.fulfill({ status: 404, body: '' });
    else await route.fulfill(partOf(body, pathname, route.request().headers()['range']));
  });
  await page.addInitScript(playHost, { saved: options.saved ?? null, host: HOST });
  await page.goto(`${ORIGIN}/`);
  return rig;
}

const types: Readonly<Record<string, string>> = {
  js: 'text/javascript',
  css: 'text/css',
  ttf: 'font/ttf',
  wav: 'audio/wav',
};

function partOf(body: Buffer | string, path: string, range: string | undefined) {
  const contentType = path === '/' ? 'text/html' : (types[path.split('.').at(-1) ?? ''] ?? 'text/plain');
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  if (from === undefined || typeof body === 'string') return { body, contentType };
  const end = Math.min(body.length, to === undefined || to === '' ? body.length : Number(to) + 1);
  const headers = { 'content-range': `bytes ${from}-${end - 1}/${body.length}` };
  return { status: 206, contentType, headers, body: body.subarray(Number(from), end) };
}

const bundles = new Map<string, Promise<ReadonlyMap<string, Buffer>>>();

function bundle(name: string): Promise<ReadonlyMap<string, Buffer>> {
  const made = bundles.get(name) ?? newBundle(name);
  bundles.set(name, made);
  return made;
}

async function newBundle(name: string): Promise<ReadonlyMap<string, Buffer>> {
  const built = await build({
    entryPoints: { [name]: join(root, 'src', 'webview', `${name}.ts`) },
    bundle: true,
    write: false,
    outdir: 'out',
    format: 'esm',
    platform: 'browser',
    target: 'chrome128',
    loader: { '.ttf': 'file' },
    logLevel: 'error',
  });
  const codicons = join(root, 'node_modules', '@vscode', 'codicons', 'dist');
  return new Map([
    ...built.outputFiles.map(
      (file) => [file.path.split(/[\\/]/).at(-1) ?? '', Buffer.from(file.contents)] as const,
    ),
    ['codicon.css', await readFile(join(codicons, 'codicon.css'))] as const,
    ['codicon.ttf', await readFile(join(codicons, 'codicon.ttf'))] as const,
  ]);
}

/** The style sheet that the editor puts before the page's own, as far as it concerns what our pages are made of. */
const EDITOR_STYLE = `@layer vscode-default {
  html { scrollbar-color: var(--vscode-scrollbarSlider-background) var(--vscode-editor-background) }
  body { margin: 0; padding: 0 20px; background: transparent; color: var(--vscode-editor-foreground);
    font: var(--vscode-font-weight) var(--vscode-font-size) var(--vscode-font-family); overscroll-behavior-x: none }
  code { padding: 1px 3px; color: var(--vscode-textPreformat-foreground);
    background: var(--vscode-textPreformat-background); border-radius: 4px }
  blockquote { background: var(--vscode-textBlockQuote-background) }
  kbd { padding: 1px 3px; color: var(--vscode-keybindingLabel-foreground); vertical-align: middle;
    background: var(--vscode-keybindingLabel-background); border: 1px solid var(--vscode-keybindingLabel-border);
    border-bottom-color: var(--vscode-keybindingLabel-bottomBorder); border-radius: 3px;
    box-shadow: inset 0 -1px 0 var(--vscode-widget-shadow) }
}`;

function html(name: string, { theme = 'dark', language = 'en', l10n = {} }: PageOptions): string {
  const { style, bodyClass } = themeOf(theme);
  const boot = JSON.stringify({ l10n, language }).replaceAll('<', '\\u003c');
  return `<!doctype html><html lang="${language}" style="${style.replaceAll('"', '&quot;')}"><head><meta charset="utf-8">
<style>${EDITOR_STYLE}</style>
<meta http-equiv="Content-Security-Policy" content="${CSP}"><title>page</title>
<meta property="csp-nonce" content="x"><meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="codicon.css"><link rel="stylesheet" href="${name}.css">
<script type="application/json" id="boot" nonce="x">${boot}</script></head>
<body class="${bodyClass}"><div id="app"></div><script type="module" nonce="x" src="${name}.js"></script></body></html>`;
}

/** JSON knows no typed arrays; `playHost` makes peaks what they were. */
function plain(message: ToWebview): unknown {
  if (message.type !== 'analysis') return message;
  return {
    ...message,
    clips: message.clips.map((clip) => ({ ...clip, peaks: clip.peaks && [...clip.peaks] })),
  };
}

/** In the page: stands in for the editor, which gives its interface out once and keeps what it is told through a reload. */
function playHost({ saved, host }: { saved: unknown; host: string }): void {
  const KEY = 'saved';
  if (sessionStorage.getItem(KEY) === null) sessionStorage.setItem(KEY, JSON.stringify(saved));
  globalThis.sentToHost = [];
  const ask = async (message: FromWebview): Promise<void> => {
    const response = await fetch(host, { method: 'POST', body: JSON.stringify(message) });
    const answers = JSON.parse(await response.text(), (name, value: unknown) =>
      name === 'peaks' && Array.isArray(value) ? Int16Array.from(value as number[]) : value,
    ) as ToWebview[];
    for (const answer of answers) window.postMessage(answer, '*');
  };
  Object.assign(globalThis, {
    acquireVsCodeApi: () => ({
      postMessage: (message: FromWebview) => {
        sentToHost.push(structuredClone(message));
        // A page that is left has nobody to answer to.
        ask(message).catch(() => undefined);
      },
      getState: () => JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as unknown,
      setState: (next: unknown) => sessionStorage.setItem(KEY, JSON.stringify(next)),
    }),
  });
}

/** In the page: what the editor does when a theme is chosen. */
function applyTheme({ style, bodyClass }: Theme): void {
  document.documentElement.style.cssText = style;
  document.body.className = bodyClass;
}
