/** JSON values → the flat facts that a run shows. */
import * as z from 'zod';
import { isObject } from '../../files/jsonLines';
import type { Hyperparameters, HyperparameterValue } from '../run';

const LONGEST = 500;

/** A finite number, or null: NaN and infinities are read as null, and null is how contract v1 writes them. */
export const figure = z.number().nullable();

export const text = z.string().min(1);

/** Lists and counts in one line (`too long 3, silent 1`); what is nested deeper as its JSON: seldom, and still worth seeing. */
export function flatValues(value: unknown): Hyperparameters {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, flat(entry)]));
}

function flat(value: unknown): HyperparameterValue {
  if (typeof value === 'string') return value.slice(0, LONGEST);
  if (isPlain(value)) return value;
  if (Array.isArray(value) && value.every(isPlain)) return value.join(', ').slice(0, LONGEST);
  if (isObject(value) && Object.values(value).every(isPlain)) {
    return Object.entries(value)
      .map(([name, entry]) => `${name} ${String(entry)}`)
      .join(', ')
      .slice(0, LONGEST);
  }
  return JSON.stringify(value).slice(0, LONGEST);
}

function isPlain(value: unknown): value is HyperparameterValue {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}
