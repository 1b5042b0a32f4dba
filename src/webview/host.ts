import * as l10n from '@vscode/l10n';
import type { FromWebview, ToWebview } from '../protocol';

type Message = Exclude<FromWebview, { request: number }>;
type Request = Extract<FromWebview, { request: number }>;
/** A request before it gets its number. */
export type Ask = Request extends infer R ? (R extends Request ? Omit<R, 'request'> : never) : never;
type News = Exclude<ToWebview, { type: 'done' | 'failed' }>;

export interface Host {
  post(message: Message): void;
  /** Settles always: with the host's answer, or after `ANSWER_SECONDS` with an error that says that none came. */
  ask(request: Ask): Promise<void>;
  onMessage(listener: (message: News) => void): void;
  /** What `save` kept, as it was found: check it before use. */
  readonly saved: unknown;
  save(state: object): void;
}

const ANSWER_SECONDS = 20;

/** The extension's side of the page. May be called once: the editor gives its interface out only once. */
export function connect(): Host {
  const vscode = acquireVsCodeApi();
  const open = new Map<number, (failure: string | null) => void>();
  const listeners: ((message: News) => void)[] = [];
  let last = 0;

  window.addEventListener('message', (event: MessageEvent<ToWebview>) => {
    const message = event.data;
    if (message.type === 'done') open.get(message.request)?.(null);
    else if (message.type === 'failed') open.get(message.request)?.(message.message);
    else for (const listener of listeners) listener(message);
  });

  return {
    post: (message) => vscode.postMessage(message),
    ask: (request) =>
      new Promise((resolve, reject) => {
        const number = ++last;
        const timer = setTimeout(
          () => settle(l10n.t('VS Code did not answer. Nothing is lost here: try again in a moment.')),
          ANSWER_SECONDS * 1000,
        );
        const settle = (failure: string | null): void => {
          clearTimeout(timer);
          open.delete(number);
          if (failure === null) resolve();
          else reject(new Error(failure));
        };
        open.set(number, settle);
        vscode.postMessage({ ...request, request: number });
      }),
    onMessage: (listener) => void listeners.push(listener),
    saved: vscode.getState(),
    save: (state) => vscode.setState(state),
  };
}
