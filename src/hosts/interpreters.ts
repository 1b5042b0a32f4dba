/** Pythons on a host, and what each can be used for. */
import * as l10n from '@vscode/l10n';
import { access, constants, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import * as z from 'zod';
import { HumanError } from '../errors';
import { exec, type ExecResult } from './exec';
import { Unreachable } from './noAnswer';
import type { Transport } from './transport';

export type InterpreterSource = 'setting' | 'workspace' | 'environment' | 'conda' | 'path';

export interface Interpreter {
  /** As it calls itself: absolute, not a shim, and in a virtual environment the link that makes it one. */
  readonly path: string;
  readonly source: InterpreterSource;
  /** `3.11.7`; null when it did not run. */
  readonly version: string | null;
  /** Version of torch there; null without one. */
  readonly torch: string | null;
  /** Why it can't run the scripts, as a sentence; null when it can, torch aside. */
  readonly problem: string | null;
}

export interface InterpreterSearch {
  /** The machine-scoped setting; empty for none. */
  readonly setting: string;
  /** Looked into for `.venv` and `venv`. What is there is run: pass only folders that are trusted. */
  readonly folders: readonly string[];
  /** Of this machine, where the search is here. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Where to search; this machine when left out. */
  readonly host?: Transport;
}

interface Candidate {
  readonly path: string;
  readonly source: InterpreterSource;
}

type Run = (argv: readonly [string, ...string[]]) => Promise<ExecResult>;

/** The scripts' own bound (python/README.md). */
const OLDEST = [3, 9] as const;
const TIMEOUT_MS = 15_000;
/** Asks without importing torch, which takes seconds. */
const QUESTION = `
import importlib.metadata as m, json, sys
try: torch = m.version("torch")
except m.PackageNotFoundError: torch = None
version = "%d.%d.%d" % sys.version_info[:3]
print("EARMARK" + json.dumps({"path": sys.executable, "version": version, "torch": torch}))
`;
const answerSchema = z.object({
  path: z.string().startsWith('/'),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  torch: z.string().nullable().catch(null),
});

/**
 * In the order of preference: the setting, then what has torch, then as found (workspace, active, conda, PATH).
 * Throws a HumanError when the host can't be asked.
 */
export async function findInterpreters(search: InterpreterSearch): Promise<Interpreter[]> {
  const { host } = search;
  const candidates = await (host === undefined ? candidatesHere(search) : candidatesOn(host, search));
  // From the root: a module of the workspace must not pass for one of the library.
  const run: Run = (argv) =>
    host === undefined
      ? exec(argv, { cwd: '/', timeoutMs: TIMEOUT_MS })
      : host.run({
          argv: ['sh', '-c', 'cd / && exec "$@"', 'sh', ...argv],
          input: '',
          timeoutMs: TIMEOUT_MS,
        });
  const all = await Promise.all(candidates.map(({ path, source }) => examine(path, source, run)));
  const found = all.filter(({ path }, index) => all.findIndex((other) => other.path === path) === index);
  const rank = ({ source, problem, torch }: Interpreter): number =>
    source === 'setting' ? 0 : problem !== null ? 3 : torch === null ? 2 : 1;
  return found.sort((a, b) => rank(a) - rank(b));
}

/** The one to use. Throws a HumanError when none can run the scripts; a missing torch is told by Check Environment. */
export function chooseInterpreter(found: readonly Interpreter[]): Interpreter {
  const [first] = found;
  if (first === undefined) {
    throw new HumanError(
      l10n.t(
        'No Python was found. Install Python 3.9 or newer, or name one in the setting "earmark.python.path".',
      ),
    );
  }
  if (first.problem !== null) throw new HumanError(first.problem);
  return first;
}

async function candidatesHere({
  setting,
  folders,
  environment = process.env,
}: InterpreterSearch): Promise<Candidate[]> {
  const listed: [string, InterpreterSource][] = [];
  if (setting.trim() !== '') listed.push([expanded(setting.trim()), 'setting']);
  for (const folder of folders) {
    for (const name of ['.venv', 'venv']) listed.push([inEnvironment(join(folder, name)), 'workspace']);
  }
  for (const name of ['VIRTUAL_ENV', 'CONDA_PREFIX']) {
    const active = environment[name];
    if (active) listed.push([inEnvironment(active), 'environment']);
  }
  for (const prefix of await condaEnvironments()) listed.push([inEnvironment(prefix), 'conda']);
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    if (folder.startsWith('/')) listed.push([join(folder, 'python3'), 'path']);
  }
  const seen = new Set<string>();
  const usable: Candidate[] = [];
  for (const [path, source] of listed) {
    if (seen.has(path)) continue;
    seen.add(path);
    // The setting is kept even when nothing is there, so that a wrong one is told.
    if (source === 'setting' || (await isExecutable(path))) usable.push({ path, source });
  }
  return usable;
}

/** conda writes down every environment it makes. */
async function condaEnvironments(): Promise<string[]> {
  const text = await readFile(join(homedir(), '.conda', 'environments.txt'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('/'))
    .slice(0, 20);
}

/** The same, told by the host in one go; and where images of rented machines have theirs. */
async function candidatesOn(host: Transport, { setting, folders }: InterpreterSearch): Promise<Candidate[]> {
  const argv = ['sh', '-c', SEARCH, 'sh', setting.trim(), ...folders] as const;
  const result = await host.run({ argv, input: '', timeoutMs: TIMEOUT_MS });
  const { code, stdout } = result;
  if (code === null) throw new Unreachable(result);
  const lines = stdout.split('\n').flatMap((line) => candidateSchema.safeParse(line.split('\t')).data ?? []);
  return lines.filter(({ path }, index) => lines.findIndex((other) => other.path === path) === index);
}

const candidateSchema = z
  .tuple([z.enum(['setting', 'workspace', 'environment', 'conda', 'path']), z.string()])
  .transform(([source, path]): Candidate => ({ source, path }));

const SEARCH = `
setting=$1
shift
tell() {
  if [ -f "$2" ] && [ -x "$2" ]; then printf '%s\\t%s\\n' "$1" "$2"; fi
}
case $setting in
  '') ;;
  '~/'*) printf 'setting\\t%s\\n' "$HOME/\${setting#??}" ;;
  *) printf 'setting\\t%s\\n' "$setting" ;;
esac
for folder; do
  for name in .venv venv; do tell workspace "$folder/$name/bin/python"; done
done
for prefix in "$VIRTUAL_ENV" "$CONDA_PREFIX"; do tell environment "$prefix/bin/python"; done
count=0
[ -r "$HOME/.conda/environments.txt" ] && while IFS= read -r prefix && [ $count -lt 20 ]; do
  count=$((count + 1))
  case $prefix in /*) tell conda "$prefix/bin/python" ;; esac
done <"$HOME/.conda/environments.txt"
for prefix in "$HOME/miniconda3" "$HOME/miniforge3" "$HOME/anaconda3" /opt/conda /venv/main /workspace/venv; do
  tell conda "$prefix/bin/python"
done
IFS=:
for folder in $PATH; do
  case $folder in /*) tell path "$folder/python3" ;; esac
done
exit 0
`;

async function examine(path: string, source: InterpreterSource, run: Run): Promise<Interpreter> {
  const result = await run([path, '-c', QUESTION]);
  const answer = parsed(result.stdout);
  if (answer === null) {
    const reason = result.stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
    const problem =
      source === 'setting'
        ? l10n.t(
            '"earmark.python.path" names {0}, which does not run: {1}. Correct the setting.',
            path,
            reason,
          )
        : l10n.t('{0} does not run: {1}', path, reason);
    return { path, source, version: null, torch: null, problem };
  }
  const [major = 0, minor = 0] = answer.version.split('.').map(Number);
  const old = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  const problem = old
    ? l10n.t(
        '{0} is Python {1}; the scripts need 3.9 or newer. Choose another one.',
        answer.path,
        answer.version,
      )
    : null;
  return { source, ...answer, problem };
}

function parsed(stdout: string): z.infer<typeof answerSchema> | null {
  const line = stdout.split('\n').find((text) => text.startsWith('EARMARK{'));
  try {
    return answerSchema.safeParse(JSON.parse(line?.slice('EARMARK'.length) ?? '')).data ?? null;
  } catch {
    return null;
  }
}

function inEnvironment(prefix: string): string {
  return join(prefix, 'bin', 'python');
}

function expanded(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
