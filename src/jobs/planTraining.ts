/** The values of the training form → the jobs they would start, or what keeps them from it. Looks at the disk, changes nothing. */
import * as l10n from '@vscode/l10n';
import { basename, isAbsolute, join, resolve } from 'node:path/posix';
import { HumanError } from '../errors';
import type { HostFiles } from '../hosts/hostFiles';
import type { Run } from '../runs/run';
import { refuseUsedFolder } from './outputFolder';
import { findPromptFile, foldersAround } from './paths';
import type { JobDraft } from './spec';
import { evaluateDraft, trainDraft, type Scripts } from './trainer';
import { readTraining, type FormValues } from './trainingForm';

export interface TrainingPlan {
  /** In the order that they run; empty while something is wrong. */
  readonly drafts: readonly JobDraft[];
  /** Folder that the run is made in. */
  readonly outputDir: string;
  readonly errors: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  /** Fields that make no sense as the others stand. */
  readonly hidden: readonly string[];
}

export interface TrainingPlace {
  readonly workFolder: string;
  /** Runs are made in it, and relative paths are relative to it. */
  readonly base: string;
  readonly scripts: Scripts;
  /** Of the host that all paths are on. */
  readonly files: HostFiles;
  readonly run: (id: string) => Run | undefined;
  /** How the host's scripts find a run: its folder there, or its name where it is elsewhere. */
  readonly nameOf: (run: Run) => string;
}

/** Where a tiny model with random weights is made, below the folder that runs are made in. */
const TINY_MODEL = 'models/tiny-musicgen';

export function isTinyModel(path: string): boolean {
  return `/${path}`.endsWith(`/${TINY_MODEL}`);
}

/** The words of the three models that every evaluation of the story compares. */
const MODELS = ['base', 'best', 'final'];
const DURATION_S = 15;

export async function planTraining(values: FormValues, place: TrainingPlace): Promise<TrainingPlan> {
  const read = readTraining(values);
  const errors: Record<string, string> = { ...read.errors };
  const warnings: string[] = [];
  const absolute = (path: string): string => (isAbsolute(path) ? path : resolve(place.base, path));
  const outputDir = join(place.base, read.output);
  const modelPath = read.tinyModel ? join(place.base, TINY_MODEL) : absolute(read.modelPath);

  const { files } = place;
  const dataDir = absolute(read.dataDir);
  const metadata = join(dataDir, read.metadataFile);
  const around = foldersAround(outputDir, place.workFolder);
  // All at once: to a host that is elsewhere they are one question.
  const [used, hasModel, hasModelFolder, hasData, hasMetadata, prompts] = await Promise.all([
    errors['output'] === undefined ? usedFolder(outputDir, files) : null,
    files.exists(join(modelPath, 'config.json')),
    files.exists(modelPath),
    files.exists(dataDir),
    files.exists(metadata),
    read.then === 'none' ? null : findPromptFile(read.then, around, files),
  ]);
  if (used !== null) errors['output'] = used;
  if (!read.tinyModel && read.modelPath !== '' && !hasModel) {
    errors['model_path'] = hasModelFolder
      ? l10n.t('{0} has no config.json, so it is no model folder.', modelPath)
      : l10n.t('There is no {0}. Copy facebook/musicgen-small there, or choose where it is.', modelPath);
  }
  if (read.dataDir !== '' && !hasData) {
    errors['data_dir'] = l10n.t('There is no {0}.', dataDir);
  } else if (read.dataDir !== '' && read.metadataFile !== '' && !hasMetadata) {
    errors['metadata_file'] = l10n.t('There is no {0}.', metadata);
  }
  if (read.then !== 'none' && prompts === null) {
    errors['then'] = l10n.t(
      'No {0} was found in {1}. Put one there, or evaluate later.',
      read.then === 'quick' ? 'evaluation_prompts_8.json' : 'evaluation_prompts.json',
      around.map((folder) => basename(folder)).join(', '),
    );
  }
  const parent = read.parent === '' ? undefined : place.run(read.parent);
  if (read.parent !== '' && parent === undefined)
    errors['parent'] = l10n.t('That run is not there any more.');
  if (parent !== undefined && read.reason === '') {
    warnings.push(l10n.t('What changes, and why, is empty: in a month nobody will know.'));
  }
  // Random weights know nothing: whoever takes them on purpose wants to go on all the same.
  const flags = read.tinyModel ? { ...read.flags, allow_untrained_base: true } : read.flags;
  const hidden = read.tinyModel ? ['model_path', 'allow_untrained_base'] : hasModel ? ['tiny_model'] : [];
  if (Object.keys(errors).length > 0) return { drafts: [], outputDir, errors, warnings, hidden };

  const drafts: JobDraft[] = [];
  if (read.tinyModel && !hasModel) drafts.push(modelDraft(modelPath, place.scripts));
  drafts.push(
    trainDraft(
      {
        modelPath,
        dataDir,
        metadataFile: read.metadataFile,
        outputDir,
        flags,
        ...(parent === undefined ? {} : { parentRun: place.nameOf(parent) }),
        ...(read.reason === '' ? {} : { reason: read.reason }),
      },
      place.scripts,
    ),
  );
  if (prompts !== null) {
    const folder = read.then === 'quick' ? 'evaluation' : 'evaluation_full';
    drafts.push(
      evaluateDraft(
        {
          modelPath,
          runDir: outputDir,
          models: MODELS,
          prompts,
          outputDir: join(outputDir, folder),
          durationS: DURATION_S,
        },
        place.scripts,
      ),
    );
  }
  if (read.afterAll !== '') drafts.push(afterAllDraft(read.afterAll, place.scripts));
  return { drafts, outputDir, errors, warnings, hidden };
}

/** The person's own words for the host's shell; no batch system needs a GPU for them. */
function afterAllDraft(command: string, { cwd, slurm }: Scripts): JobDraft {
  return {
    kind: 'command',
    title: l10n.t('When all has ended: {0}', command.length > 60 ? `${command.slice(0, 57)}…` : command),
    argv: ['sh', '-c', command],
    cwd,
    when: 'ended',
    ...(slurm === undefined ? {} : { slurm: { ...slurm, gpus: null } }),
  };
}

/** Why the folder can't be written to; null when it can. */
async function usedFolder(folder: string, files: HostFiles): Promise<string | null> {
  try {
    await refuseUsedFolder(folder, files);
    return null;
  } catch (error) {
    if (error instanceof HumanError) return error.message;
    throw error;
  }
}

function modelDraft(folder: string, { python, folder: scripts, cwd, slurm }: Scripts): JobDraft {
  return {
    kind: 'command',
    title: l10n.t('Make a tiny model'),
    argv: [python, join(scripts, 'make_model.py'), '--output_dir', folder],
    cwd,
    output: folder,
    ...(slurm === undefined ? {} : { slurm }),
  };
}
