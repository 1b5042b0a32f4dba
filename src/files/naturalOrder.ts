/** Names as a person orders them: `checkpoint-400` before `checkpoint-1000`. */

// Made when first needed: the first one of a process takes ten times as long as all else of a module.
let collator: Intl.Collator | undefined;

/** Negative when `a` comes before `b`; 0 only for names that are the same to a reader. */
export function naturalOrder(a: string, b: string): number {
  collator ??= new Intl.Collator('en', { numeric: true });
  return collator.compare(a, b);
}
