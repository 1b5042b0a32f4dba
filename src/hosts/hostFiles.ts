/** Which files there are on a host, wherever it is. */
import { readdir, stat } from 'node:fs/promises';
import * as z from 'zod';
import { askHost, type HostScript } from './hostScript';

export interface HostFiles {
  /** Names in a folder. Rejects as `readdir` does, with `code` ENOENT, ENOTDIR or EACCES; with a HumanError when the host can't be asked. */
  list(folder: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
}

export const localFiles: HostFiles = {
  list: (folder) => readdir(folder),
  exists: (path) =>
    stat(path).then(
      () => true,
      () => false,
    ),
};

const answerSchema = z.object({
  lists: z.array(z.union([z.object({ names: z.array(z.string()) }), z.object({ code: z.string() })])),
  exist: z.array(z.boolean()),
});
type Listed = z.infer<typeof answerSchema>['lists'][number];

interface Question<T> {
  readonly path: string;
  readonly resolve: (answer: T) => void;
  readonly reject: (error: unknown) => void;
}

/** What is asked at the same moment goes over the link as one question, to whatever is on the host by then. */
export function remoteFiles(host: () => Promise<HostScript>): HostFiles {
  let lists: Question<Listed>[] = [];
  let exist: Question<boolean>[] = [];

  const send = async (): Promise<void> => {
    const asked = { lists, exist };
    [lists, exist] = [[], []];
    const paths = (questions: readonly { path: string }[]): string[] => questions.map(({ path }) => path);
    try {
      const input = JSON.stringify({ lists: paths(asked.lists), exist: paths(asked.exist) });
      const answer = await askHost(await host(), ['files'], input, answerSchema);
      asked.lists.forEach(({ resolve }, i) => resolve(answer.lists[i] ?? { code: 'EIO' }));
      asked.exist.forEach(({ resolve }, i) => resolve(answer.exist[i] ?? false));
    } catch (error) {
      for (const { reject } of [...asked.lists, ...asked.exist]) reject(error);
    }
  };
  const ask = <T>(questions: Question<T>[], path: string): Promise<T> => {
    if (lists.length + exist.length === 0) setImmediate(() => void send());
    return new Promise((resolve, reject) => questions.push({ path, resolve, reject }));
  };

  return {
    list: async (folder) => {
      const answer = await ask(lists, folder);
      if ('names' in answer) return answer.names;
      throw Object.assign(new Error(`${answer.code}: ${folder}`), { code: answer.code });
    },
    exists: (path) => ask(exist, path),
  };
}
