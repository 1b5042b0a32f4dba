/** A host that is far away: what goes through this port arrives later. */
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';

export interface DelayProxy {
  readonly port: number;
  /** From now on nothing arrives any more, in either direction, without a word: the cable is out. Or it is back in, for new connections. */
  cut(isCut: boolean): void;
  close(): Promise<void>;
}

/** `oneWayMs` is half of the round trip. */
export async function startDelayProxy(toPort: number, oneWayMs: number): Promise<DelayProxy> {
  let dark = false;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = createConnection(toPort, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      const later = (what: () => void): void => {
        if (!dark) setTimeout(() => !dark && what(), oneWayMs);
      };
      from.on('data', (chunk) => later(() => to.write(chunk)));
      from.on('end', () => later(() => to.end()));
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut: (isCut) => (dark = isCut),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
