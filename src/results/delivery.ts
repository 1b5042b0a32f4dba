/** One bringing of files: asked for in batches that have room, staged as they come, put in place when they are whole. */
import type { Problem } from '../errors';
import { ProblemList } from '../files/problems';
import type { Transport } from '../hosts/transport';
import { send, type Receiver, type ResultsTools } from './ask';
import type { RemoteFile } from './remoteFile';
import { batchOf, bytesOf, RESERVE_BYTES } from './room';
import type { Staging } from './staging';
import { diskFull, notSent } from './tell';

export interface DeliveryOptions {
  /** Absolute, on the host. */
  readonly remote: string;
  readonly transport: Transport;
  /** Found, or brought there, when they are first needed; throws a HumanError where that can't be. */
  readonly tools: () => Promise<ResultsTools>;
  /** What is free on the disk of the mirror. */
  readonly freeBytes: () => Promise<number>;
}

export interface Place {
  readonly staging: Staging;
  /** From which byte on a file is asked for. */
  readonly offsetOf: (file: RemoteFile) => Promise<number>;
  /** Puts a staged file in place; false when it is not what the host has. Throws when it is not ours to do so any more. */
  readonly finish: (file: RemoteFile, sha256: string) => Promise<boolean>;
}

export interface Delivery {
  readonly arrived: number;
  /** Changed under way, or arrived damaged: worth another look. */
  readonly restless: readonly { readonly file: RemoteFile; readonly error: string }[];
}

/** What the host could not send is added to `problems`. Throws what ends all of it: see `send`, and errors of the disk. */
export async function deliver(
  files: readonly RemoteFile[],
  { remote, transport, tools, freeBytes }: DeliveryOptions,
  { staging, offsetOf, finish }: Place,
  problems: Problem[],
  signal: AbortSignal | undefined,
): Promise<Delivery> {
  const told = new ProblemList();
  const restless: { file: RemoteFile; error: string }[] = [];
  let arrived = 0;
  const receiver: Receiver = {
    begin: (file, offset) => staging.begin(file, offset),
    bytes: (part) => staging.write(part),
    end: async (file, sha256) => {
      if (await finish(file, sha256)) arrived++;
      else restless.push({ file, error: 'damaged' });
    },
    failed: async (file, error, text) => {
      await staging.drop(file);
      if (error === 'changed') restless.push({ file, error });
      else told.add(notSent(file, error, text));
    },
  };
  try {
    for (let rest = files; rest.length > 0;) {
      const free = await freeBytes();
      const batch = batchOf(rest, free);
      if (batch.length === 0) {
        told.add(diskFull(bytesOf(rest) + RESERVE_BYTES - free));
        break;
      }
      rest = rest.slice(batch.length);
      const wanted = [];
      for (const file of batch) wanted.push({ file, offset: await offsetOf(file) });
      await send(transport, await tools(), remote, wanted, receiver, signal);
    }
  } finally {
    problems.push(...told.all());
  }
  return { arrived, restless };
}

/** What a person is told of files that did not come to rest. */
export function restlessOf({ restless }: Delivery): Problem[] {
  const told = new ProblemList();
  for (const { file, error } of restless) told.add(notSent(file, error, ''));
  return told.all();
}
