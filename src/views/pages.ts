/** What both pages share: a webview panel that is given its HTML, answers every request, and checks what it hears. */
import type * as vscode from 'vscode';
import { messageOf } from '../errors';
import { fromWebviewSchema, type FromWebview, type ToWebview } from '../protocol';

export type Answer = Promise<void> | void;

/** Posts to a page; a page that is gone or hidden just does not hear it: it asks anew when it is shown again. */
export function post(panel: vscode.WebviewPanel, message: ToWebview): void {
  try {
    void panel.webview.postMessage(message);
  } catch {
    // Closed in the meantime: even asking for its webview throws then.
  }
}

/** Handles messages of a page: what is not of the protocol is logged and dropped, each request settles. */
export function listen(
  panel: vscode.WebviewPanel,
  log: vscode.LogOutputChannel,
  handle: (message: FromWebview) => Answer,
): vscode.Disposable {
  return panel.webview.onDidReceiveMessage(async (raw: unknown) => {
    const parsed = fromWebviewSchema.safeParse(raw);
    if (!parsed.success) {
      log.warn(`A message from ${panel.viewType} was not understood: ${parsed.error.message}`);
      return;
    }
    const message = parsed.data;
    try {
      await handle(message);
      if ('request' in message) post(panel, { type: 'done', request: message.request });
    } catch (error) {
      log.error(`${panel.viewType} ${message.type}`, error instanceof Error ? error : String(error));
      if ('request' in message)
        post(panel, { type: 'failed', request: message.request, message: messageOf(error) });
    }
  });
}
