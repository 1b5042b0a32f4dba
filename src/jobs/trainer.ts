/** What python/ of this project is called with: typed options → argv, and the jobs of "train, then evaluate". */
import * as l10n from '@vscode/l10n';
import { basename, join } from 'node:path/posix';
import type { JobDraft, JobSpec, SlurmRequest } from './spec';

/** Flags of train_lora.py that a form offers, in the order of telling. */
export const trainFlags = {
  lora_rank: 'integer',
  lora_alpha: 'number',
  lora_target: 'text',
  learning_rate: 'number',
  batch_size: 'integer',
  gradient_accumulation_steps: 'integer',
  num_epochs: 'number',
  warmup_steps: 'integer',
  save_steps: 'integer',
  eval_steps: 'integer',
  logging_steps: 'integer',
  save_total_limit: 'integer',
  max_duration: 'number',
  target_duration: 'number',
  valid_fraction: 'number',
  cfg_dropout: 'number',
  seed: 'integer',
  fp16: 'switch',
  bf16: 'switch',
  allow_untrained_base: 'switch',
} as const;
export type TrainFlag = keyof typeof trainFlags;

/** Where the scripts are and what runs them. */
export interface Scripts {
  /** Interpreter that has torch. */
  readonly python: string;
  /** Folder of train_lora.py and evaluate.py. */
  readonly folder: string;
  /** Relative paths are relative to this. */
  readonly cwd: string;
  /** More than one: as many processes, each with a GPU. One where it is left out. */
  readonly gpus?: number;
  /** Whether a job waits until its GPUs are free; it starts at once when left out. */
  readonly waits?: boolean;
  /** What a batch system is asked for. */
  readonly slurm?: SlurmRequest;
}

export interface TrainOptions {
  readonly modelPath: string;
  readonly dataDir: string;
  readonly metadataFile?: string;
  /** Absolute. */
  readonly outputDir: string;
  /** What is left out is the script's own default. Text is passed as it was typed (`1e-4`). */
  readonly flags: Readonly<Partial<Record<TrainFlag, number | string | boolean>>>;
  /** Id or folder name of the run that this one was made from. */
  readonly parentRun?: string;
  /** What changes, and why. */
  readonly reason?: string;
}

export interface EvaluateOptions {
  readonly modelPath: string;
  /** Absolute. */
  readonly runDir: string;
  /** `base`, `best`, `final`, `checkpoint-400`, `best@0.7`. */
  readonly models: readonly string[];
  readonly prompts: string;
  /** Absolute. */
  readonly outputDir: string;
  readonly durationS: number;
  readonly seed?: number;
  readonly batchSize?: number | 'auto';
}

export function trainDraft(options: TrainOptions, scripts: Scripts): JobDraft {
  const { modelPath, dataDir, metadataFile, outputDir, flags, parentRun, reason } = options;
  const names = Object.keys(trainFlags) as TrainFlag[];
  const argv = [
    ...program(scripts, 'train_lora.py'),
    ...flag('model_path', modelPath),
    ...flag('data_dir', dataDir),
    ...flag('metadata_file', metadataFile),
    ...flag('output_dir', outputDir),
    ...names.flatMap((name) => flag(name, flags[name])),
    ...flag('parent_run', parentRun),
    ...flag('reason', reason),
  ];
  const title = l10n.t('Train {0}', basename(outputDir));
  return { kind: 'train', title, argv, ...place(scripts), run: outputDir, output: outputDir };
}

export function evaluateDraft(options: EvaluateOptions, scripts: Scripts): JobDraft {
  const { modelPath, runDir, models, prompts, outputDir, durationS, seed, batchSize } = options;
  const argv = [
    ...program(scripts, 'evaluate.py'),
    ...flag('model_path', modelPath),
    ...flag('run_dir', runDir),
    ...flag('models', models.join(',')),
    ...flag('prompts', prompts),
    ...flag('output_dir', outputDir),
    ...flag('duration', durationS),
    ...flag('seed', seed),
    ...flag('batch_size', batchSize),
  ];
  const title = evaluationTitle(basename(runDir), basename(outputDir));
  return { kind: 'evaluate', title, argv, ...place(scripts), run: runDir, output: outputDir };
}

/** Short, so that a narrow side bar has room for the progress behind it: a folder that has the usual name needs none here. */
function evaluationTitle(run: string, folder: string): string {
  if (folder === 'evaluation') return l10n.t('Evaluate {0}', run);
  return l10n.t('Evaluate {0}: {1}', run, folder.replace(/^evaluation_/, ''));
}

/**
 * Goes on where a job stopped, as a new job that names it. Training continues from its last checkpoint; an evaluation
 * keeps its finished clips by itself.
 */
export function resumeDraft(spec: JobSpec): JobDraft {
  const goesOn = spec.kind !== 'train' || spec.argv.includes('--resume');
  return {
    kind: spec.kind,
    title: spec.title,
    argv: goesOn ? spec.argv : [...spec.argv, '--resume'],
    cwd: spec.cwd,
    env: spec.env,
    ...(spec.run === null ? {} : { run: spec.run }),
    ...(spec.output === null ? {} : { output: spec.output }),
    resumes: spec.id,
    gpus: spec.gpus,
    ...(spec.slurm === null ? {} : { slurm: spec.slurm }),
  };
}

/** One process for each GPU, started by torch's own launcher (https://docs.pytorch.org/docs/stable/elastic/run.html). */
function program({ python, folder, gpus = 1 }: Scripts, script: string): string[] {
  const launcher = ['-m', 'torch.distributed.run', '--standalone', `--nproc_per_node=${gpus}`];
  return [python, ...(gpus > 1 ? launcher : []), join(folder, script)];
}

function place({ cwd, gpus = 1, waits = false, slurm }: Scripts): Pick<JobDraft, 'cwd' | 'gpus' | 'slurm'> {
  return { cwd, ...(waits ? { gpus } : {}), ...(slurm === undefined ? {} : { slurm }) };
}

function flag(name: string, value: string | number | boolean | undefined): string[] {
  if (value === undefined || value === false || value === '') return [];
  if (value === true) return [`--${name}`];
  const text = typeof value === 'number' ? numberText(value) : value;
  // As a word of its own, argparse would take it for another option.
  return text.startsWith('-') ? [`--${name}=${text}`] : [`--${name}`, text];
}

/** `5e-5` rather than `0.00005`, with every digit. */
function numberText(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}
