import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * How a range is answered: `honest` as HTTP says; `whole` as VS Code 1.100 does (the whole file, called a part);
 * `mislabelled` as later versions do (the right bytes, said to begin at 0); `deaf` with the whole file and status
 * 200; `short` with half of what was asked for, range or none; `page` with a web page; `broken` ends in the middle.
 */
export const manners = ['honest', 'whole', 'mislabelled', 'deaf', 'short', 'page', 'broken'] as const;
export type Manner = (typeof manners)[number];

export interface Served {
  readonly type: string;
  readonly body: Uint8Array | string;
}

/** Serves `files` by path on a free port of the loopback; `?manner=` chooses how. Unknown paths are 404. */
export async function serve(files: Readonly<Record<string, Served>>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    asked.push(`${url.pathname} ${request.headers.range ?? 'all'}`);
    const file = files[url.pathname];
    if (!file) return response.writeHead(404).end();
    const manner = manners.find((name) => name === url.searchParams.get('manner')) ?? 'honest';
    return answer(response, { ...file, body: Buffer.from(file.body) }, request.headers.range, manner);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function answer(
  response: ServerResponse,
  { type, body }: { readonly type: string; readonly body: Buffer },
  range: string | undefined,
  manner: Manner,
) {
  const { length } = body;
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const from = Number(first ?? 0);
  const to = Math.min(length, last ? Number(last) + 1 : length);
  const part = (bytes: Buffer, contentRange: string) =>
    response.writeHead(206, { 'Content-Type': type, 'Content-Range': contentRange }).end(bytes);
  if (manner === 'page')
    return response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Sign in</h1>');
  if (manner === 'short') return response.writeHead(200).end(body.subarray(from, from + (to - from) / 2));
  if (manner === 'broken') {
    response.writeHead(200, { 'Content-Type': type, 'Content-Length': length });
    response.write(body.subarray(0, 100), () => response.destroy());
    return response;
  }
  if (first === undefined || manner === 'deaf') {
    return response.writeHead(200, { 'Content-Type': type, 'Accept-Ranges': 'bytes' }).end(body);
  }
  if (manner === 'whole') return part(body, `bytes 0-${length - 1}/${length}`);
  const slice = body.subarray(from, to);
  return part(slice, `bytes ${manner === 'mislabelled' ? 0 : from}-${to - 1}/${length}`);
}
