/** The arguments that training scripts leave behind as JSON. Pickled ones (training_args.bin) are never opened. */
import { join } from 'node:path';
import { isObject } from '../../files/jsonLines';
import type { Hyperparameters } from '../run';
import type { ReaderContext } from './reader';
import { flatValues } from './values';

const names = [
  'training_args.json',
  'train_args.json',
  'training_config.json',
  'train_config.json',
  'args.json',
  'hyperparameters.json',
  'hparams.json',
];

export async function readArguments({ folder, listing, reading }: ReaderContext): Promise<Hyperparameters> {
  const name = names.find((candidate) => listing.files.includes(candidate));
  if (name === undefined) return {};
  const value = await reading.json(join(folder, name));
  if (!isObject(value)) return {};
  // Nested settings (a model's whole configuration, say) are not what a person set for this run.
  const plain = Object.entries(value).filter(([, entry]) => typeof entry !== 'object' && entry !== '');
  return flatValues(Object.fromEntries(plain));
}
