/** What files of a host that only grow have grown by: asked for with a look at its jobs, taken by its mirror. */

/** A file on the host, and how much of it is known here. */
export interface TailRequest {
  /** Absolute. */
  readonly path: string;
  /** As last told; null at first. */
  readonly inode: number | null;
  /** Bytes that are known. */
  readonly offset: number;
}

/** More of it: whole lines where they are not endless. */
export interface Tail {
  /** Absolute on the host. */
  readonly path: string;
  readonly inode: number;
  /** Of the whole file on the host, bytes. More than `offset` and `bytes` come to: ask again. */
  readonly size: number;
  /** Where `bytes` belong: 0 rather than what was asked for where the file is another one or was cut. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}
