/** Objects out of files, field by field: one wrong field costs that field and no other. */
import type * as z from 'zod';
import { isObject } from './jsonLines';

export interface Fields<S extends z.ZodRawShape> {
  /** What is there and as expected; the rest is undefined. */
  readonly fields: { readonly [K in keyof S]: z.output<S[K]> | undefined };
  /** Names of fields that are there and not as expected. */
  readonly wrong: readonly string[];
}

export function readFields<S extends z.ZodRawShape>(shape: S, value: unknown): Fields<S> {
  const object = isObject(value) ? value : {};
  const fields: Record<string, unknown> = {};
  const wrong: string[] = [];
  for (const [name, schema] of Object.entries(shape)) {
    if (!Object.hasOwn(object, name)) continue;
    const parsed = (schema as z.ZodType).safeParse(object[name]);
    if (parsed.success) fields[name] = parsed.data;
    else wrong.push(name);
  }
  return { fields: fields as Fields<S>['fields'], wrong };
}
