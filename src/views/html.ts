/** The page that a webview panel is given: nothing inline but the boot data, nothing from elsewhere. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { Boot } from '../protocol';

/** `name` is the bundle in dist/webview: `comparison`, `run` or `training`. */
export function pageHtml(
  webview: vscode.Webview,
  extensionUri: vscode.Uri,
  name: 'comparison' | 'run' | 'training',
  title: string,
): string {
  const nonce = randomBytes(16).toString('base64');
  const asset = (file: string): string =>
    attribute(webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, 'dist', 'webview', file)).toString());
  const boot: Boot = { l10n: vscode.l10n.bundle ?? {}, language: vscode.env.language };
  // No style is written inline. The toolkit's are constructed, which needs no allowance; but it tries a style element once,
  // with the nonce that the meta element names, and would take the browser for an old one if that were refused.
  const csp = [
    `default-src 'none'`,
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource} 'nonce-${nonce}'`,
    `font-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data:`,
    `connect-src ${webview.cspSource}`,
  ].join('; ');
  return `<!doctype html>
<html lang="${attribute(vscode.env.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(csp)}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${attribute(title)}</title>
<link rel="stylesheet" href="${asset('codicon.css')}">
<link rel="stylesheet" href="${asset(`${name}.css`)}">
<script type="application/json" id="boot" nonce="${nonce}">${scriptJson(boot)}</script>
</head>
<body>
<div id="app"></div>
<script type="module" nonce="${nonce}" src="${asset(`${name}.js`)}"></script>
</body>
</html>`;
}

function attribute(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}

/** JSON that can't end its script element. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}
