/** What doctor.py says, in the language of the display: by the codes of python/checks.py, which a test there compares with these. */
import * as l10n from '@vscode/l10n';
import * as z from 'zod';
import { errorWords } from '../files/scriptErrors';
import { keyOf, leftOut } from '../files/scriptErrors/sentence';
import { about, type Entry, type Figures, type Part, type Words } from './doctorEntry';

/** Null for a code or values of another version of the script: its English is shown then. */
export function wordsOf(code: string, values: unknown, figures: Figures): Words | null {
  if (Object.hasOwn(table, code)) return table[code]?.(values, figures) ?? null;
  const text = errorWords(code, values);
  if (text === null) return null;
  // An error that ended the checks; python/checks.py takes it for the one or the other in the same way.
  const name = /^(model|tokenizer)-/.test(code) ? l10n.t('model') : l10n.t('data');
  return { name, text, fix: null };
}

const text = z.string();
const figure = z.number();
/** What was done to clips. */
const changes = {
  resampled: (clips: string) => l10n.t('{0} clips are resampled to 32 kHz.', clips),
  mixed: (clips: string) => l10n.t('{0} clips are mixed to mono.', clips),
  cropped: (clips: string) => l10n.t('{0} clips are cropped to their beginning.', clips),
} as const;
const count = (value: number, { language }: Figures): string => value.toLocaleString(language);
const gigabytes = (value: number, figures: Figures): string => figures.gigabytes(value * 1e9);

/** How many, and the first few. */
const some = { count: figure, names: text };
const shown = (v: { count: number; names: string }, f: Figures): [string, string] => [
  count(v.count, f),
  v.names,
];
const room = { free_gb: figure, folder: text };
const roomText: Part<typeof room> = (v, f) => l10n.t('{0} GB free at {1}', gigabytes(v.free_gb, f), v.folder);
const card = { gpu: text, free_gb: figure, total_gb: figure, cuda: text };
const cardText: Part<typeof card> = ({ gpu, free_gb, total_gb, cuda }, f) =>
  l10n.t('{0}, {1} of {2} GB free, CUDA {3}', gpu, gigabytes(free_gb, f), gigabytes(total_gb, f), cuda);
const losses = { true_delay: figure, no_delay: figure, reversed_delay: figure, uniform: figure };
const lossText: Part<typeof losses> = (v) =>
  l10n.t(
    '{0} before training (knowing nothing: {1}; pretrained: 3.0 to 3.8); without the delay of the codebooks {2}, with the reverse {3}',
    ...[v.true_delay, v.uniform, v.no_delay, v.reversed_delay].map((loss) => loss.toFixed(2)),
  );

const python = about(() => l10n.t('python'));
const packages = about(() => l10n.t('packages'));
/** Its name is the package's, in every language. */
const onePackage = about(() => null);
const disk = about(() => l10n.t('disk'));
const gpu = about(() => l10n.t('gpu'));
const model = about(() => l10n.t('model'));
const forwardPass = about(() => l10n.t('forward pass'));
const data = about(() => l10n.t('data'));
const baseLoss = about(() => l10n.t('base loss'));
const plannedRun = about(() => l10n.t('planned run'));

const table: Readonly<Record<string, Entry>> = {
  python: python({ version: text, path: text }, (v) => l10n.t('{0} at {1}', v.version, v.path)),
  'python-old': python(
    { version: text, path: text, least: text },
    (v) => l10n.t('{0} at {1} is too old.', v.version, v.path),
    (v) => l10n.t('Use Python {0} or newer.', v.least),
  ),
  packages: packages({ packages: text }, (v) => v.packages),
  'package-missing': onePackage({ package: text }, () => l10n.t('is not installed.')),
  'package-old': onePackage({ package: text, version: text, least: text }, (v) =>
    l10n.t('{0} is too old; {1} or newer is needed.', v.version, v.least),
  ),
  disk: disk(room, roomText),
  'disk-low': disk(
    { ...room, needed_gb: figure },
    (v, f) => roomText(v, f),
    (v, f) => l10n.t('Make room: checkpoints and clips may need {0} GB.', gigabytes(v.needed_gb, f)),
  ),
  gpu: gpu(card, cardText),
  'gpu-busy': gpu(card, cardText, () => l10n.t('Another process uses its memory: see nvidia-smi.')),
  'gpu-unused': gpu({}, () =>
    l10n.t('not used (--device cpu): training and evaluation run on the CPU, slowly.'),
  ),
  'gpu-none': gpu({ torch: text }, (v) =>
    l10n.t('none that torch {0} can use: training and evaluation run on the CPU, slowly.', v.torch),
  ),

  model: model({ parameters: figure, folder: text }, (v, { language }) =>
    l10n.t(
      '{0} parameters, complete, at {1}',
      v.parameters.toLocaleString(language, { notation: 'compact', maximumSignificantDigits: 3 }),
      v.folder,
    ),
  ),
  'forward-pass': forwardPass({ seconds: figure }, (v) =>
    l10n.t('one second of music in {0} s', v.seconds.toFixed(2)),
  ),
  'forward-pass-broken': forwardPass(
    {},
    () => l10n.t('gives NaN or infinite values.'),
    () => l10n.t('The weights are damaged: copy them again.'),
  ),
  'base-loss': baseLoss(losses, lossText),
  'base-loss-untrained': baseLoss(losses, lossText, () =>
    l10n.t(
      'These weights know nothing of this data: random weights, or audio of another codec. Check --model_path. Training needs --allow_untrained_base to go on.',
    ),
  ),
  'base-loss-delay': baseLoss(losses, lossText, () =>
    l10n.t('The true delay should be clearly the lowest: the codes do not fit the model. Check the audio.'),
  ),
  'planned-run': plannedRun({ steps: figure, seconds: figure }, (v, f) =>
    l10n.t('{0} steps, about {1}', count(v.steps, f), f.span(v.seconds)),
  ),
  'planned-run-gpu': plannedRun({ steps: figure, seconds: figure, peak_gb: figure }, (v, f) =>
    l10n.t(
      '{0} steps, about {1}, {2} GB of GPU memory',
      count(v.steps, f),
      f.span(v.seconds),
      gigabytes(v.peak_gb, f),
    ),
  ),
  'planned-run-memory': plannedRun(
    { batch: figure },
    (v) => l10n.t('The GPU’s memory is too small for --batch_size {0}.', v.batch),
    () => l10n.t('Use half of it and twice the --gradient_accumulation_steps: the result is the same.'),
  ),

  data: data(
    { clips: figure, rows: figure, hours: figure, captions: figure, train: figure, valid: figure },
    (v, f) =>
      l10n.t(
        '{0} of {1} rows can be used: {2}, {3} different captions; {4} train and {5} validate.',
        count(v.clips, f),
        count(v.rows, f),
        f.span(v.hours * 3600),
        count(v.captions, f),
        count(v.train, f),
        count(v.valid, f),
      ),
  ),
  'data-dropped': data({ reason: keyOf(leftOut), ...some }, (v, f) =>
    l10n.t('Dropped, {0}: {1} ({2}).', leftOut[v.reason](), ...shown(v, f)),
  ),
  'data-changed': data({ change: keyOf(changes), count: figure }, (v, f) =>
    changes[v.change](count(v.count, f)),
  ),
  'data-duplicates': data(some, (v, f) =>
    l10n.t('The same audio more than once (kept on one side of the split): {0} ({1}).', ...shown(v, f)),
  ),
  'data-leakage': data(some, (v, f) =>
    l10n.t(
      'Valid clips that share audio with train clips, so that the valid loss flatters: {0} ({1}).',
      ...shown(v, f),
    ),
  ),
  'data-quiet': data({ db: figure, ...some }, (v, f) =>
    l10n.t('More than {0} dB quieter than the median: {1} ({2}).', v.db, ...shown(v, f)),
  ),
  'data-loud': data({ db: figure, ...some }, (v, f) =>
    l10n.t('More than {0} dB louder than the median: {1} ({2}).', v.db, ...shown(v, f)),
  ),
  'data-silent': data(some, (v, f) =>
    l10n.t('Silent for more than half their length: {0} ({1}).', ...shown(v, f)),
  ),
  'data-clipped': data(some, (v, f) => l10n.t('Clipped: {0} ({1}).', ...shown(v, f))),
  'data-long-captions': data({ tokens: figure, ...some }, (v, f) =>
    l10n.t('Captions cut at {0} tokens: {1} ({2}).', v.tokens, ...shown(v, f)),
  ),
};
