/** What stands in the way of a script's work: flags, folders, memory, disk, a loss. A test in python/ compares the names. */
import * as l10n from '@vscode/l10n';
import * as z from 'zod';
import { figure, sentence, text, type Sentence } from './sentence';

export const ofWork: Readonly<Record<string, Sentence>> = {
  'disk-full': sentence({ file: text }, (v) =>
    l10n.t(
      'The disk is full: {0} could not be written. Make room, then start again; what was finished stays.',
      v.file,
    ),
  ),
  'write-failed': sentence({ file: text, why: text }, (v) =>
    l10n.t('{0} could not be written: {1}.', v.file, v.why),
  ),
  'file-missing': sentence({ file: text }, (v) => l10n.t('{0} does not exist.', v.file)),
  'json-unreadable': sentence({ file: text, why: text }, (v) =>
    l10n.t('{0} could not be read as JSON: {1}. Restore or repair it.', v.file, v.why),
  ),
  'cache-folder': sentence({ folder: text, why: text }, (v) =>
    l10n.t(
      'The cache folder {0} cannot be made: {1}. Give --cache_dir a folder to write in.',
      v.folder,
      v.why,
    ),
  ),
  'folder-busy': sentence({ folder: text, holder: text }, (v) =>
    l10n.t(
      '{0} is being written by {1}. Wait until it ends, stop it, or choose another folder.',
      v.folder,
      v.holder,
    ),
  ),

  'training-memory': sentence({}, () =>
    l10n.t(
      'The GPU’s memory is too small for this training. Use a smaller --batch_size (and more --gradient_accumulation_steps), a shorter --target_duration, or --bf16.',
    ),
  ),
  'encoding-memory': sentence({}, () =>
    l10n.t('The GPU’s memory is too small to encode one clip. Free it, or use a smaller --max_duration.'),
  ),
  'clip-memory': sentence({ seconds: figure, why: text }, (v) =>
    l10n.t(
      'Memory does not suffice for a single clip of {0} s ({1}). Free memory, take a shorter --duration, or another --device.',
      v.seconds,
      v.why,
    ),
  ),

  'base-untrained': sentence({ loss: figure, codes: figure, uniform: figure }, (v) =>
    l10n.t(
      'Before its first step the model has a loss of {0} on this data; knowing nothing is ln {1} = {2}, and a pretrained MusicGen starts at 3.0 to 3.8. Either these are not trained weights, or audio and model do not belong together: “Check Environment” tells which. If the weights are random on purpose, give --allow_untrained_base.',
      v.loss.toFixed(2),
      v.codes,
      v.uniform.toFixed(2),
    ),
  ),
  'nothing-learnt': sentence({ steps: figure }, (v) =>
    l10n.t(
      'The last {0} steps had gradients that are NaN or infinite, so nothing is learnt. Use a lower --learning_rate, and --bf16 or --fp32 instead of --fp16. Earlier checkpoints are sound.',
      v.steps,
    ),
  ),
  'duration-beyond-positions': sentence({ seconds: figure }, (v) =>
    l10n.t('MusicGen’s positions end at {0} s: give a shorter --target_duration.', v.seconds.toFixed(1)),
  ),
  'lora-target-unclear': sentence({ target: text, known: text, why: text }, (v) =>
    l10n.t('--lora_target “{0}” is neither one of {1} nor a regex: {2}.', v.target, v.known, v.why),
  ),
  'lora-target-nothing': sentence({ target: text, known: text }, (v) =>
    l10n.t('--lora_target “{0}” matches no layer. Use {1}, or a regex of layer names.', v.target, v.known),
  ),
  'flag-missing': sentence({ flag: text }, (v) => l10n.t('--{0} is missing.', v.flag)),
  'sample-prompts-missing': sentence({}, () =>
    l10n.t('--sample_steps needs --sample_prompts, a file of prompts.'),
  ),
  'tensorboard-missing': sentence({}, () =>
    l10n.t('--tensorboard needs a package. Install it: pip install tensorboard'),
  ),

  'output-is-file': sentence({ file: text }, (v) =>
    l10n.t('{0} is a file. Give --output_dir a new folder.', v.file),
  ),
  'output-holds-run': sentence({ folder: text, free: text }, (v) =>
    l10n.t(
      '{0} holds a run already. Give --output_dir a new folder (free: {1}), or resume that run.',
      v.folder,
      v.free,
    ),
  ),
  'evaluation-output-is-file': sentence({ file: text }, (v) =>
    l10n.t('{0} is a file. Give --output_dir a new folder.', v.file),
  ),
  'evaluation-output-is-run': sentence({ folder: text, free: text }, (v) =>
    l10n.t(
      '{0} holds a run or a checkpoint. Give --output_dir a folder of its own, such as {1}.',
      v.folder,
      v.free,
    ),
  ),
  'output-not-named': sentence({}, () => l10n.t('Give --output_dir, or --run_dir: the clips need a folder.')),
  'output-no-name': sentence({ folder: text }, (v) =>
    l10n.t('With several runs --output_dir is a plain name, such as evaluation_full, not {0}.', v.folder),
  ),

  'resume-without-folder': sentence({}, () =>
    l10n.t('--resume needs --output_dir, the folder of the run to go on with.'),
  ),
  'resume-without-record': sentence({ file: text, folder: text }, (v) =>
    l10n.t(
      '{0} could not be read, so there is no run to resume in {1}. Start anew in another folder, or copy the run.json of that run back.',
      v.file,
      v.folder,
    ),
  ),
  'resume-without-state': sentence({ checkpoint: text }, (v) =>
    l10n.t(
      '{0} is no checkpoint to resume from: it needs optimizer.pt and data_state.json, which only checkpoint-<step> folders have.',
      v.checkpoint,
    ),
  ),
  'resume-complete': sentence({ folder: text, steps: figure }, (v) =>
    l10n.t(
      '{0} has all its {1} steps already. For more, give --max_steps or --num_epochs.',
      v.folder,
      v.steps,
    ),
  ),
  'resume-other-flags': sentence({ flags: text }, (v) =>
    l10n.t(
      'A resumed run goes on as it began, but this changes {0}. Leave these flags out, or start a new run with --parent_run.',
      v.flags,
    ),
  ),
  'resume-other-data': sentence({ checkpoint: text }, (v) =>
    l10n.t(
      'The training clips are not those that {0} was trained on (files, captions or their order changed). Put the data back, or start a new run with --parent_run.',
      v.checkpoint,
    ),
  ),
  'resume-other-step': sentence({ checkpoint: text, before: figure, now: figure }, (v) =>
    l10n.t(
      '{0} was trained with {1} clips a step, and this start has {2}. Keep batch size × accumulation × number of processes the same.',
      v.checkpoint,
      v.before,
      v.now,
    ),
  ),
  'checkpoint-unreadable': sentence({ folder: text, why: text }, (v) =>
    l10n.t(
      'The checkpoint {0} cannot be resumed from ({1}). Delete that folder to go on from the one before it.',
      v.folder,
      v.why,
    ),
  ),

  'run-folder-missing': sentence({ folder: text, looked: text }, (v) =>
    l10n.t('There is no run folder {0} (looked in {1}). Give --run_dir a trained run.', v.folder, v.looked),
  ),
  'run-not-named': sentence({ model: text }, (v) =>
    l10n.t('--models names {0}, so --run_dir must name the run that it belongs to.', v.model),
  ),
  'models-not-named': sentence({}, () =>
    l10n.t('--models names no model. Write for example base,best,final.'),
  ),
  'checkpoint-no-name': sentence({ checkpoint: text, folder: text }, (v) =>
    l10n.t('“{0}” is no name of a checkpoint in {1}.', v.checkpoint, v.folder),
  ),
  'checkpoint-missing': sentence({ folder: text, checkpoint: text, there: z.array(text) }, (v) =>
    v.there.length === 0
      ? l10n.t('The run {0} has no checkpoint {1}, nor any other yet.', v.folder, v.checkpoint)
      : l10n.t('The run {0} has no checkpoint {1}. It has: {2}.', v.folder, v.checkpoint, v.there.join(', ')),
  ),
  'scale-of-base': sentence({ model: text }, (v) =>
    l10n.t('base has no adapter, so it has no scale: write base, not {0}.', v.model),
  ),
  'scale-of-whole-model': sentence({ model: text, folder: text }, (v) =>
    l10n.t('{0}: {1} is a whole model and no adapter, so it has no scale.', v.model, v.folder),
  ),
  'scale-out-of-range': sentence({ model: text }, (v) =>
    l10n.t('{0}: the scale behind @ is a number from 0 to 10, for example best@0.7.', v.model),
  ),
  'duration-out-of-range': sentence({ seconds: figure }, (v) =>
    l10n.t('--duration is {0} s; MusicGen makes clips from 0.1 to 120 s.', v.seconds),
  ),
  'sampling-out-of-range': sentence({}, () => l10n.t('--top_k is at least 1, and --temperature at least 0.')),
  'guidance-out-of-range': sentence({}, () => l10n.t('--guidance is between -10 and 50; usual are 1 to 6.')),
  'seed-unclear': sentence({}, () =>
    l10n.t('--seed is a number or several with commas; --batch_size is a number or auto.'),
  ),
  'seed-out-of-range': sentence({}, () => l10n.t('--seed is 0 or more, and --batch_size 1 or more.')),
};
