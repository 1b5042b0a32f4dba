/** One thing that doctor.py can say, as doctorWords.ts has them: what it needs of the values, and the words. */
import * as z from 'zod';

/** How the editor writes figures. */
export interface Figures {
  readonly language: string;
  readonly gigabytes: (bytes: number) => string;
  readonly span: (seconds: number) => string;
}

/** Null stands for the script's own, as of commands. */
export interface Words {
  readonly name: string | null;
  readonly text: string;
  readonly fix: string | null;
}

/** Null for values that do not fit. */
export type Entry = (values: unknown, figures: Figures) => Words | null;
export type Part<S extends z.ZodRawShape> = (values: z.output<z.ZodObject<S>>, figures: Figures) => string;

/** Makes entries that have one name, null for the script’s own. */
export function about(name: () => string | null) {
  return <S extends z.ZodRawShape>(shape: S, say: Part<S>, mend?: Part<S>): Entry =>
    (values, figures) => {
      // Made when it is needed: this is loaded with the extension.
      const { success, data } = z.object(shape).safeParse(values);
      if (!success) return null;
      return { name: name(), text: say(data, figures), fix: mend?.(data, figures) ?? null };
    };
}
