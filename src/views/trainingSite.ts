/** Where a training form stands: the run that it goes on from, its host, and the folders that follow from the two. */
import { dirname } from 'node:path/posix';
import type { Host } from '../host';
import type { Library } from '../library';
import type { Run } from '../runs/run';
import type { Workshop } from '../workshop';

export interface SiteDeps {
  readonly library: Library;
  readonly workshop: Workshop;
}

export class TrainingSite {
  readonly parent: Run | null;
  readonly host: Host;

  constructor(
    readonly deps: SiteDeps,
    readonly parentId: string | null,
    /** Of the host that a person chose; null follows the parent. */
    readonly hostName: string | null,
  ) {
    const { library, workshop } = deps;
    this.parent = parentId === null ? null : (library.run(parentId) ?? null);
    const chosen = hostName === null ? undefined : workshop.named(hostName);
    this.host = chosen ?? (this.parent === null ? workshop.here : workshop.hostOfFolder(this.parent.folder));
  }

  /** Where a run lies on the host; null when it is not there. */
  there({ folder }: Run): string | null {
    return this.deps.workshop.hostOfFolder(folder) === this.host ? this.host.there(folder) : null;
  }

  /** Throws a HumanError where there is none. */
  get workFolder(): string {
    return this.host.workFolderOf(this.#parentFolder);
  }

  /** Runs are made beside their parent. */
  get base(): string {
    const parent = this.#parentFolder;
    const workFolder = this.workFolder;
    return parent !== null && `${parent}/`.startsWith(`${workFolder}/`) ? dirname(parent) : workFolder;
  }

  get #parentFolder(): string | null {
    return this.parent === null ? null : this.there(this.parent);
  }
}
