/** What a run's figures give away when they are laid side by side: plain sentences, each with its reason. */
import * as l10n from '@vscode/l10n';
import type { Problem } from '../errors';
import type { Hyperparameters, LossPoint, Run } from './run';

export type Evidence = Pick<
  Run,
  'folder' | 'layout' | 'model' | 'hyperparameters' | 'train' | 'valid' | 'checkpoints'
>;

/** Entries of each EnCodec codebook; ln of it is the cross-entropy, in nats, of giving all of them equal chance. */
const CODEBOOK_SIZE = 2048;
export const UNIFORM_LOSS = Math.log(CODEBOOK_SIZE);

export function examine(run: Evidence): Problem[] {
  return [aboveUniform(run), scaledByAccumulation(run), bestIsFinal(run), validIsTrain(run)].flatMap(
    (found) =>
      found === null
        ? []
        : [{ code: found.code, severity: 'warning', message: found.message, file: run.folder }],
  );
}

interface Finding {
  readonly code: string;
  readonly message: string;
}

/**
 * A model that knows nothing has a loss of ln 2048. Pretrained MusicGen begins well below (about 3 to 4), so that a loss
 * above means that it is confidently wrong, which is what targets shifted against its inputs look like.
 */
function aboveUniform(run: Evidence): Finding | null {
  // Other models than MusicGen have other vocabularies. Our own and the story's scripts train nothing else.
  if (run.layout === 'trainer' && !/musicgen/i.test(run.model ?? '')) return null;
  const losses = finite(run.valid);
  if (losses.length === 0) return null;
  const best = Math.min(...losses.slice(-10_000));
  if (best <= UNIFORM_LOSS) return null;
  const message = l10n.t(
    'The valid loss never fell below {0}; guessing every code with equal chance gives {1} (ln 2048), and the model without training about 3.5. The model has not learnt the codes, or its labels are misaligned: check the delay pattern and the (batch, frames, codebooks) order of the labels before training on.',
    best.toFixed(2),
    UNIFORM_LOSS.toFixed(2),
  );
  return { code: 'loss-above-uniform', message };
}

/** Hugging Face's Trainer adds up the losses of accumulated batches when it takes the model to average them itself. */
function scaledByAccumulation(run: Evidence): Finding | null {
  const train = finite(run.train).at(-1);
  const valid = finite(run.valid).at(-1);
  if (train === undefined || valid === undefined || valid <= 0) return null;
  const ratio = train / valid;
  const accumulation = run.hyperparameters['gradient_accumulation_steps'];
  if (typeof accumulation === 'number') {
    if (accumulation < 2 || ratio < 1.7 || ratio < 0.7 * accumulation || ratio > 1.5 * accumulation)
      return null;
    const message = l10n.t(
      'The logged train loss ({0}) looks like a sum over {1} accumulated batches: divided by {1} it is {2}, near the valid loss ({3}). Gradients may be scaled too, so compare valid losses, and check that the training loop divides by the accumulation.',
      train.toFixed(2),
      accumulation,
      (train / accumulation).toFixed(2),
      valid.toFixed(2),
    );
    return { code: 'loss-scaled', message };
  }
  if (ratio < 3) return null;
  const message = l10n.t(
    'The logged train loss ({0}) is {1} times the valid loss ({2}), as when the losses of accumulated batches are added up and not averaged. Compare valid losses, and check that the training loop divides by the accumulation.',
    train.toFixed(2),
    ratio.toFixed(1),
    valid.toFixed(2),
  );
  return { code: 'loss-scaled', message };
}

function bestIsFinal(run: Evidence): Finding | null {
  const step = (kind: 'best' | 'final'): number | null =>
    run.checkpoints.find((checkpoint) => checkpoint.kind === kind)?.step ?? null;
  const best = step('best');
  if (best === null || best !== step('final')) return null;
  const message = l10n.t(
    'Best and final are both step {0}, so they are the same adapter: what differs between their takes is chance. An evaluation of one of them is enough.',
    best,
  );
  return { code: 'best-is-final', message };
}

/** Pairs of settings that name the train and the valid data in common scripts. */
const splitNames = [
  ['train_split_name', 'eval_split_name'],
  ['metadata_file', 'valid_metadata_file'],
  ['train_file', 'validation_file'],
] as const;

function validIsTrain(run: Evidence): Finding | null {
  const sameData = splitNames.some(([train, valid]) => sameName(run.hyperparameters, train, valid));
  if (!sameData && !sameLosses(run.train, run.valid)) return null;
  const message = l10n.t(
    'Valid and train loss come from the same clips, so a low valid loss does not show that the model learnt more than those clips. Hold some clips out of training.',
  );
  return { code: 'valid-is-train', message };
}

function sameName(values: Hyperparameters, train: string, valid: string): boolean {
  const value = values[train];
  return typeof value === 'string' && value !== '' && value === values[valid];
}

/** Every valid loss, of two at least, is exactly the train loss of its step. */
function sameLosses(train: readonly LossPoint[], valid: readonly LossPoint[]): boolean {
  const trainLoss = new Map(train.map((point) => [point.step, point.loss]));
  const known = valid.filter((point) => point.loss !== null && trainLoss.has(point.step));
  return known.length >= 2 && known.every((point) => trainLoss.get(point.step) === point.loss);
}

function finite(points: readonly LossPoint[]): number[] {
  return points.flatMap((point) => (point.loss === null ? [] : [point.loss]));
}
