/** What is wrong with what a script was given to read: model, adapters, data, prompts. A test in python/ compares the names. */
import * as l10n from '@vscode/l10n';
import * as z from 'zod';
import { figure, keyOf, leftOut, sentence, text, type Sentence } from './sentence';

export const ofInput: Readonly<Record<string, Sentence>> = {
  'model-folder-missing': sentence({ folder: text, looked: text }, (v) =>
    l10n.t(
      'There is no model folder {0} (looked in {1}). Give --model_path the folder that holds config.json and model.safetensors.',
      v.folder,
      v.looked,
    ),
  ),
  'model-config-missing': sentence({ folder: text }, (v) =>
    l10n.t('{0} has no config.json, so it is no model folder.', v.folder),
  ),
  'model-config-unreadable': sentence({ file: text, why: text }, (v) =>
    l10n.t('{0} can’t be read: {1}.', v.file, v.why),
  ),
  'model-not-loaded': sentence({ folder: text, why: text }, (v) =>
    l10n.t(
      'The model in {0} could not be loaded: {1}. Check that the folder holds a complete MusicGen, or copy it again.',
      v.folder,
      v.why,
    ),
  ),
  'model-other-type': sentence({ folder: text, kind: text }, (v) =>
    l10n.t('{0} holds a model of type {1}, not a MusicGen.', v.folder, v.kind),
  ),
  'model-files-missing': sentence({ folder: text, files: text, count: figure }, (v) =>
    l10n.t(
      'The model in {0} is incomplete: {1} missing of {2} weight files. Copy what is missing, or the whole folder again.',
      v.folder,
      v.files,
      v.count,
    ),
  ),
  'model-weights-missing': sentence({ folder: text }, (v) =>
    l10n.t('{0} holds no weights (model.safetensors). Copy the model again.', v.folder),
  ),
  'model-tensors-missing': sentence({ folder: text, count: figure, tensor: text }, (v) =>
    l10n.t(
      'The weights in {0} lack {1} tensors, for example {2}. The folder is incomplete or of another model; copy it again.',
      v.folder,
      v.count,
      v.tensor,
    ),
  ),
  'model-stereo': sentence({}, () => l10n.t('This is a stereo MusicGen; only mono ones can be evaluated.')),
  'tokenizer-not-loaded': sentence({ folder: text, why: text }, (v) =>
    l10n.t(
      'The tokenizer in {0} could not be loaded: {1}. Copy tokenizer.json and tokenizer_config.json of the model there.',
      v.folder,
      v.why,
    ),
  ),

  'adapter-missing': sentence({ folder: text }, (v) =>
    l10n.t(
      '{0} holds no adapter (adapter_config.json and adapter_model.safetensors). Choose a checkpoint folder of a run, such as best_model.',
      v.folder,
    ),
  ),
  'adapter-unreadable': sentence({ folder: text, why: text }, (v) =>
    l10n.t(
      'The adapter in {0} could not be read: {1}. Copy it again, or use another checkpoint.',
      v.folder,
      v.why,
    ),
  ),
  'adapter-other-base': sentence(
    { folder: text, made_for: text, base: text, layer: text, width: figure, wanted: figure.nullable() },
    (v) =>
      v.wanted === null
        ? l10n.t(
            'The adapter in {0} was trained for another base model ({1}), not for {2}, which has no {3}. Give --model_path the base it was trained on.',
            v.folder,
            v.made_for,
            v.base,
            v.layer,
          )
        : l10n.t(
            'The adapter in {0} was trained for another base model ({1}), not for {2}: {3} is {4} wide there and {5} wide here. Give --model_path the base it was trained on.',
            v.folder,
            v.made_for,
            v.base,
            v.layer,
            v.width,
            v.wanted,
          ),
  ),
  'model-other-base': sentence({ folder: text, tensor: text, shape: text.nullable(), wanted: text }, (v) =>
    v.shape === null
      ? l10n.t(
          'The model in {0} is no fine-tuning of this base: it has no {1}. Give --model_path the base it was trained on.',
          v.folder,
          v.tensor,
        )
      : l10n.t(
          'The model in {0} is no fine-tuning of this base: {1} is {2} there and {3} here. Give --model_path the base it was trained on.',
          v.folder,
          v.tensor,
          v.shape,
          v.wanted,
        ),
  ),

  'data-folder-missing': sentence({ folder: text, looked: text }, (v) =>
    l10n.t(
      'There is no data folder {0} (looked in {1}). Give --data_dir the folder of the clips.',
      v.folder,
      v.looked,
    ),
  ),
  'metadata-missing': sentence({ file: text }, (v) =>
    l10n.t(
      'There is no metadata file {0}. Give --metadata_file a JSON list or JSONL with a row a clip.',
      v.file,
    ),
  ),
  'metadata-unreadable': sentence({ file: text, why: text }, (v) =>
    l10n.t('{0} can’t be read: {1}.', v.file, v.why),
  ),
  'metadata-encoding': sentence({ file: text, byte: figure }, (v) =>
    l10n.t('{0} is not UTF-8 text (byte {1}). Save it as UTF-8 and start again.', v.file, v.byte),
  ),
  'metadata-json': sentence({ file: text, why: text, line: figure, column: figure }, (v) =>
    l10n.t('{0} is not valid JSON: {1} at line {2}, column {3}.', v.file, v.why, v.line, v.column),
  ),
  'metadata-json-line': sentence({ line: figure, file: text, why: text, column: figure }, (v) =>
    l10n.t('Line {0} of {1} is not valid JSON: {2} at column {3}.', v.line, v.file, v.why, v.column),
  ),
  'metadata-shape': sentence({ file: text }, (v) =>
    l10n.t('{0} holds no list of rows. Write [{"audio": …, "text": …}, …].', v.file),
  ),
  'metadata-empty': sentence({ file: text }, (v) =>
    l10n.t('{0} has no rows. Each row needs an audio file and a caption.', v.file),
  ),
  'metadata-no-audio': sentence({ file: text, keys: text, audio: text, caption: text }, (v) =>
    l10n.t(
      'No row of {0} names an audio file (the first has: {1}). Use one of {2} for the file and {3} for the caption.',
      v.file,
      v.keys,
      v.audio,
      v.caption,
    ),
  ),
  'metadata-no-caption': sentence({ file: text, caption: text }, (v) =>
    l10n.t('No row of {0} has a caption. Put it under one of {1}.', v.file, v.caption),
  ),
  'audio-package-missing': sentence({ package: text }, (v) =>
    l10n.t('{0} is missing. Install it: pip install soundfile soxr', v.package),
  ),
  'data-empty': sentence({ rows: figure, dropped: z.array(z.tuple([keyOf(leftOut), figure])) }, (v) =>
    l10n.t(
      'No clip of {0} can be used ({1}). Check --data_dir, the metadata and --max_duration.',
      v.rows,
      v.dropped.map(([why, many]) => l10n.t('{0}: {1}', leftOut[why](), many)).join('; '),
    ),
  ),

  'prompts-missing': sentence({ file: text, looked: text }, (v) =>
    l10n.t(
      'There is no prompt file {0} (looked in {1}). Give --prompts a JSON, JSONL or text file.',
      v.file,
      v.looked,
    ),
  ),
  'prompts-unreadable': sentence({ file: text, why: text }, (v) =>
    l10n.t('{0} can’t be read: {1}.', v.file, v.why),
  ),
  'prompts-encoding': sentence({ file: text, byte: figure }, (v) =>
    l10n.t('{0} is not UTF-8 text (byte {1}). Save it as UTF-8 and start again.', v.file, v.byte),
  ),
  'prompts-empty': sentence({ file: text }, (v) =>
    l10n.t('The prompt file {0} holds no prompt. Write at least one into it.', v.file),
  ),
  'prompts-json': sentence({ file: text, why: text }, (v) =>
    l10n.t('The prompt file {0} could not be read as JSON or JSON Lines: {1}.', v.file, v.why),
  ),
  'prompts-shape': sentence({ file: text }, (v) =>
    l10n.t('{0} is no list, and no object with a list under "prompts".', v.file),
  ),
  'prompt-without-text': sentence({ place: figure, file: text, keys: text }, (v) =>
    l10n.t(
      'Prompt {0} of {1} has no text. Give it as a string, or under one of {2}.',
      v.place,
      v.file,
      v.keys,
    ),
  ),
  'prompts-same-id': sentence({ file: text, id: text, first: text, second: text }, (v) =>
    l10n.t(
      'Two prompts of {0} have the id {1}: “{2}” and “{3}”. Give each an id of its own, or none.',
      v.file,
      v.id,
      v.first,
      v.second,
    ),
  ),
};
