/** What a person had set in the form before the page was reloaded. */
export interface SavedForm {
  /** Field → value, of the fields that were touched. */
  readonly values: Readonly<Record<string, string>>;
}

/** Reads what the page kept, whatever it is. */
export function readSavedForm(saved: unknown): SavedForm {
  const values: unknown =
    typeof saved === 'object' && saved !== null && 'values' in saved ? saved.values : null;
  const entries = typeof values === 'object' && values !== null ? Object.entries(values) : [];
  return {
    values: Object.fromEntries(
      entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
  };
}
