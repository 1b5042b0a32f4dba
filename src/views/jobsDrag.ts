/** Jobs that wait for a GPU are put in another order by hand. */
import * as vscode from 'vscode';
import { views } from '../ids';
import type { QueueMove } from '../jobs/engine';
import type { Job } from '../jobs/jobsStore';
import { dropOn, isMovable } from '../jobs/queue';
import type { JobNode } from './jobsTree';

/** VS Code's own name for what rows of this tree carry. */
const MIME = `application/vnd.code.tree.${views.jobs.toLowerCase()}`;

export interface JobsDragOptions {
  readonly jobs: () => readonly Job[];
  /** Shows its own errors. */
  readonly move: (job: Job, to: QueueMove) => Promise<void>;
}

export class JobsDrag implements vscode.TreeDragAndDropController<JobNode> {
  readonly dragMimeTypes = [MIME];
  readonly dropMimeTypes = [MIME];

  constructor(private readonly options: JobsDragOptions) {}

  handleDrag(nodes: readonly JobNode[], data: vscode.DataTransfer): void {
    const ids = nodes.filter(({ job }) => isMovable(job)).map(({ job }) => job.id);
    if (ids.length > 0) data.set(MIME, new vscode.DataTransferItem(ids));
  }

  async handleDrop(target: JobNode | undefined, data: vscode.DataTransfer): Promise<void> {
    const ids: unknown = data.get(MIME)?.value;
    const jobs = this.options.jobs();
    const job = Array.isArray(ids) ? jobs.find(({ id }) => id === ids[0]) : undefined;
    const to = job === undefined ? null : dropOn(job, target?.job, jobs);
    if (job !== undefined && to !== null) await this.options.move(job, to);
  }
}
