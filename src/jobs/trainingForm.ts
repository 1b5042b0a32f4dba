/** The form of a training, less its looks: fields, what a parent run prefills, and what the values mean. Pure. */
import * as l10n from '@vscode/l10n';
import type { Hyperparameters, Run } from '../runs/run';
import { folderNameProblem } from './outputFolder';
import { trainFlags, type TrainFlag, type TrainOptions } from './trainer';

export interface FieldSpec {
  /** A flag of train_lora.py without its dashes, or `output`, `parent`, `then`, `after_all`, `tiny_model`, `precision`. */
  readonly name: string;
  readonly label: string;
  readonly help: string;
  readonly kind: 'text' | 'number' | 'folder' | 'file' | 'choice' | 'switch' | 'words';
  readonly choices: readonly (readonly [string, string])[];
  readonly default: string;
}

export interface FieldGroup {
  readonly title: string;
  readonly fields: readonly FieldSpec[];
}

export type FormValues = Readonly<Record<string, string>>;

export type Then = 'none' | 'quick' | 'full';

/** What the values say, with absolute paths left to the caller: they depend on the host. */
export interface ReadTraining {
  readonly flags: TrainOptions['flags'];
  readonly modelPath: string;
  readonly dataDir: string;
  readonly metadataFile: string;
  /** Name of the run's folder. */
  readonly output: string;
  /** Run.id, or '' for none. */
  readonly parent: string;
  readonly reason: string;
  readonly then: Then;
  /** A line for sh, when all has ended; '' for none. */
  readonly afterAll: string;
  /** A tiny model with random weights instead of modelPath. */
  readonly tinyModel: boolean;
  /** Field → what is wrong with it. */
  readonly errors: Readonly<Record<string, string>>;
}

export function trainingGroups(
  parents: readonly (readonly [id: string, name: string])[],
): readonly FieldGroup[] {
  return [
    {
      title: l10n.t('Run'),
      fields: [
        field('output', l10n.t('Folder of the run'), 'text', 'output'),
        choice('parent', l10n.t('Parent run'), [['', l10n.t('none')], ...parents], ''),
        choice(
          'then',
          l10n.t('When it has trained'),
          [
            ['none', l10n.t('nothing more')],
            ['quick', l10n.t('evaluate (quick)')],
            ['full', l10n.t('evaluate (full)')],
          ],
          'quick',
        ),
        field('reason', l10n.t('What changes, and why'), 'words', ''),
        field(
          'after_all',
          l10n.t('Command on the host when all has ended'),
          'text',
          '',
          l10n.t(
            'Of your own, like “sudo poweroff”. It runs whatever came before, also without this window.',
          ),
        ),
      ],
    },
    {
      title: l10n.t('Model and data'),
      fields: [
        field('model_path', l10n.t('Base model'), 'folder', 'models/musicgen-small'),
        field(
          'tiny_model',
          l10n.t(
            'Use a tiny model with random weights, to try things out (made when needed; all it makes is noise)',
          ),
          'switch',
          'false',
        ),
        field('data_dir', l10n.t('Folder of the clips'), 'folder', 'data'),
        field(
          'metadata_file',
          l10n.t('Metadata'),
          'file',
          'metadata.json',
          l10n.t('JSON or JSONL of {audio, text}, in the folder of the clips.'),
        ),
      ],
    },
    {
      title: l10n.t('Hyperparameters'),
      fields: [
        number('learning_rate', l10n.t('Learning rate'), '1e-4'),
        number('lora_rank', l10n.t('LoRA rank'), '16'),
        number('lora_alpha', l10n.t('LoRA alpha'), '32'),
        number('batch_size', l10n.t('Batch size'), '1'),
        number('gradient_accumulation_steps', l10n.t('Gradient accumulation'), '8'),
        number('num_epochs', l10n.t('Epochs'), '1'),
        number('warmup_steps', l10n.t('Warmup steps'), '50'),
        number('max_duration', l10n.t('Longest clip, seconds'), '15'),
        number('target_duration', l10n.t('Training length, seconds'), '15'),
        number('cfg_dropout', l10n.t('CFG dropout'), '0.3'),
        number('valid_fraction', l10n.t('Share for validation'), '0.05'),
        number('seed', l10n.t('Seed'), '42'),
        choice(
          'precision',
          l10n.t('Precision'),
          [
            ['auto', l10n.t('as the GPU has it')],
            ['fp16', 'fp16'],
            ['bf16', 'bf16'],
          ],
          'auto',
        ),
      ],
    },
    {
      title: l10n.t('Record'),
      fields: [
        number('save_steps', l10n.t('Checkpoint every, steps'), '200'),
        number('eval_steps', l10n.t('Validate every, steps'), '', l10n.t('Empty: with every checkpoint.')),
        number('logging_steps', l10n.t('Log every, steps'), '10'),
        number('save_total_limit', l10n.t('Numbered checkpoints to keep'), '5'),
        field(
          'allow_untrained_base',
          l10n.t('Go on although the base model knows nothing yet (random weights)'),
          'switch',
          'false',
        ),
      ],
    },
  ];
}

/** What a form for a run made from `parent` starts with; paths are left out, they are the caller's to find. */
export function prefill(groups: readonly FieldGroup[], parent: Run | null): Record<string, string> {
  const values: Record<string, string> = {};
  for (const { name, default: initial } of groups.flatMap((group) => group.fields)) {
    values[name] = valueIn(parent?.hyperparameters ?? {}, name) ?? initial;
  }
  values['parent'] = parent?.id ?? '';
  values['metadata_file'] = flagIn(parent?.command ?? [], 'metadata_file') ?? values['metadata_file'] ?? '';
  return values;
}

/** A hyperparameter as the form writes it; null where the run does not tell. */
export function valueIn(hyperparameters: Hyperparameters, name: string): string | null {
  if (name === 'precision') {
    if (hyperparameters['fp16'] === true) return 'fp16';
    return hyperparameters['bf16'] === true ? 'bf16' : null;
  }
  const value = hyperparameters[name];
  if (!(name in trainFlags) || value === undefined || value === null) return null;
  if (typeof value !== 'number') return String(value);
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value);
}

/** The word after `--name` in a command line. */
export function flagIn(command: readonly string[], name: string): string | null {
  const at = command.indexOf(`--${name}`);
  if (at !== -1) return command[at + 1] ?? null;
  const joined = command.find((word) => word.startsWith(`--${name}=`));
  return joined?.slice(name.length + 3) ?? null;
}

export function readTraining(values: FormValues): ReadTraining {
  const errors: Record<string, string> = {};
  const text = (name: string): string => (values[name] ?? '').trim();
  const flags: Partial<Record<TrainFlag, number | string | boolean>> = {};
  for (const [name, kind] of Object.entries(trainFlags) as [TrainFlag, string][]) {
    const typed = text(name);
    if (kind === 'switch') flags[name] = typed === 'true';
    else if (typed === '') continue;
    else if (kind !== 'text' && !isNumber(typed)) errors[name] = l10n.t('Write a number, like 0.3 or 5e-5.');
    else if (kind === 'integer' && !/^\+?\d+$/.test(typed)) errors[name] = l10n.t('Write a whole number.');
    else flags[name] = typed;
  }
  const precision = text('precision');
  flags.fp16 = precision === 'fp16';
  flags.bf16 = precision === 'bf16';

  const output = text('output');
  const outputProblem = folderNameProblem(output);
  if (outputProblem !== null) errors['output'] = outputProblem;
  if (text('model_path') === '' && text('tiny_model') !== 'true')
    errors['model_path'] = l10n.t('Choose the folder of the base model.');
  if (text('data_dir') === '') errors['data_dir'] = l10n.t('Choose the folder of the clips.');
  const then = text('then');
  return {
    flags,
    modelPath: text('model_path'),
    dataDir: text('data_dir'),
    metadataFile: text('metadata_file'),
    output,
    parent: text('parent'),
    reason: text('reason'),
    then: then === 'quick' || then === 'full' ? then : 'none',
    afterAll: text('after_all'),
    tinyModel: text('tiny_model') === 'true',
    errors,
  };
}

function isNumber(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);
}

function field(name: string, label: string, kind: FieldSpec['kind'], initial: string, help = ''): FieldSpec {
  return { name, label, help, kind, choices: [], default: initial };
}

function number(name: TrainFlag, label: string, initial: string, help = ''): FieldSpec {
  return field(name, label, 'number', initial, help);
}

function choice(name: string, label: string, choices: FieldSpec['choices'], initial: string): FieldSpec {
  return { ...field(name, label, 'choice', initial), choices };
}
