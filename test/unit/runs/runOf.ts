/** A run with only what a test is about. */
import { basename } from 'node:path';
import type { Run } from '../../../src/runs/run';

export function run(facts: Partial<Run>): Run {
  const folder = facts.folder ?? '/w/run';
  return {
    id: 'id',
    name: basename(folder),
    folder,
    label: basename(folder),
    layout: 'earmark',
    created: null,
    status: { kind: 'unknown' },
    model: null,
    hyperparameters: {},
    parent: null,
    data: {},
    environment: {},
    command: [],
    checkpoints: [],
    train: [],
    valid: [],
    evaluationFolders: [],
    problems: [],
    ...facts,
  };
}
