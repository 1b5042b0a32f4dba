/** Pythons on a host, and what each can be used for. Looked for in one call; of conda and others nothing is run but their Pythons. */
import * as l10n from '@vscode/l10n';
import { posix } from 'node:path';
import * as z from 'zod';
import { HumanError, type NextStep } from '../errors';
import { Unreachable } from './noAnswer';
import type { Transport } from './transport';

export type InterpreterSource = 'setting' | 'workspace' | 'environment' | 'conda' | 'venv' | 'path';

export interface Interpreter {
  /** As it calls itself: absolute, not a shim, and in a virtual environment the link that makes it one. */
  readonly path: string;
  readonly source: InterpreterSource;
  /** `3.11.7`; null when it did not run. */
  readonly version: string | null;
  /** Version of torch there; null without one. */
  readonly torch: string | null;
  /** What it belongs to; null for a Python of its own. */
  readonly environment: { readonly kind: 'conda' | 'uv' | 'venv'; readonly name: string } | null;
  /** Why it can't run the scripts, as a sentence; null when it can, torch aside. */
  readonly problem: string | null;
}

export interface InterpreterSearch {
  /** A path, `~/…`, or `conda:NAME`; empty for none. */
  readonly setting: string;
  /** Looked into for `.venv` and `venv`. What is there is run: pass only folders that are trusted. */
  readonly folders: readonly string[];
  readonly host: Transport;
}

interface Candidate {
  readonly source: InterpreterSource;
  readonly path: string;
}

/** The scripts' own bound (python/README.md). */
const OLDEST = [3, 9] as const;
const TIMEOUT_MS = 15_000;
const MOST = 40;
/** Asks without importing torch, which takes seconds. */
const QUESTION = `
import importlib.metadata as m, json, os, sys
try: torch = m.version("torch")
except m.PackageNotFoundError: torch = None
version = "%d.%d.%d" % sys.version_info[:3]
kind = name = None
if os.path.isdir(os.path.join(sys.prefix, "conda-meta")):
    kind, name = "conda", os.path.basename(sys.prefix)
    if os.path.isdir(os.path.join(sys.prefix, "condabin")): name = "base"
elif sys.prefix != sys.base_prefix:
    kind, name = "venv", os.path.basename(sys.prefix)
    with open(os.path.join(sys.prefix, "pyvenv.cfg")) as file:
        if any(line.split("=")[0].strip() == "uv" for line in file): kind = "uv"
environment = kind and {"kind": kind, "name": name}
print("EARMARK" + json.dumps({"path": sys.executable, "version": version, "torch": torch, "environment": environment}))
`;
const answerSchema = z.object({
  path: z.string().startsWith('/'),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  torch: z.string().nullable().catch(null),
  environment: z
    .object({ kind: z.enum(['conda', 'uv', 'venv']), name: z.string() })
    .nullable()
    .catch(null),
});

/**
 * In the order of preference: the setting, then what has torch, then as found (workspace, active, conda, other environments, PATH).
 * Throws a HumanError when the host can't be asked.
 */
export async function findInterpreters({
  setting,
  folders,
  host,
}: InterpreterSearch): Promise<Interpreter[]> {
  const argv = ['sh', '-c', SEARCH, 'sh', ...folders] as const;
  const result = await host.run({ argv, input: '', timeoutMs: TIMEOUT_MS });
  if (result.code === null) throw new Unreachable(result);
  const [home = '', ...lines] = result.stdout.split('\n');
  const listed = lines.flatMap((line) => candidateSchema.safeParse(line.split('\t')).data ?? []);
  const set = setting.trim() === '' ? [] : [chosen(setting.trim(), home, listed)];
  const candidates = [...set, ...listed]
    .filter(({ path }, index, all) => all.findIndex((other) => other.path === path) === index)
    .slice(0, MOST);
  const all = await Promise.all(candidates.map((candidate) => examine(candidate, host)));
  const found = all.filter(({ path }, index) => all.findIndex((other) => other.path === path) === index);
  const rank = ({ source, problem, torch }: Interpreter): number =>
    source === 'setting' ? 0 : problem !== null ? 3 : torch === null ? 2 : 1;
  return found.sort((a, b) => rank(a) - rank(b));
}

/** The one to use. Throws a HumanError when none can run the scripts; a missing torch is told by Check Environment. */
export function chooseInterpreter(found: readonly Interpreter[], host: string, next?: NextStep): Interpreter {
  const [first] = found;
  if (first === undefined) throw noPython(host, next);
  if (first.problem !== null) throw new HumanError(first.problem, next);
  return first;
}

export function noPython(host: string, next?: NextStep): HumanError {
  return new HumanError(
    l10n.t('No Python was found on {0}. Install Python 3.9 or newer there, or choose where it is.', host),
    next,
  );
}

/** The setting is kept even when nothing is there, so that a wrong one is told. */
function chosen(setting: string, home: string, listed: readonly Candidate[]): Candidate {
  const [, name] = /^conda:(.+)$/.exec(setting) ?? [];
  if (name === undefined)
    return { source: 'setting', path: setting.startsWith('~/') ? home + setting.slice(1) : setting };
  const named = listed.find(({ source, path }) => source === 'conda' && nameOf(path) === name.trim());
  return { source: 'setting', path: named?.path ?? setting };
}

/** An environment has the name of its folder, the one that holds conda itself `base`. */
function nameOf(python: string): string {
  const prefix = posix.dirname(posix.dirname(python));
  return posix.basename(posix.dirname(prefix)) === 'envs' ? posix.basename(prefix) : 'base';
}

const candidateSchema = z
  .tuple([z.enum(['workspace', 'environment', 'conda', 'venv', 'path']), z.string().startsWith('/')])
  .transform(([source, path]): Candidate => ({ source, path }));

/**
 * Tells the home folder, then what there is, each once. conda, mamba and micromamba write down every environment that they make; besides,
 * theirs and those of others are looked for where installers and images of rented machines put them.
 */
const SEARCH = `
printf '%s\\n' "$HOME"
tell() {
  if [ -f "$2" ] && [ -x "$2" ]; then printf '%s\\t%s\\n' "$1" "$2"; fi
}
for folder; do
  for name in .venv venv; do tell workspace "$folder/$name/bin/python"; done
done
for prefix in "$VIRTUAL_ENV" "$CONDA_PREFIX"; do tell environment "$prefix/bin/python"; done
[ -r "$HOME/.conda/environments.txt" ] && while IFS= read -r prefix; do
  case $prefix in /*) tell conda "$prefix/bin/python" ;; esac
done <"$HOME/.conda/environments.txt"
conda=$(command -v conda || command -v mamba)
for root in "\${CONDA_EXE%/*/*}" "\${conda%/*/*}" "$MAMBA_ROOT_PREFIX" \\
  "$HOME/miniconda3" "$HOME/miniforge3" "$HOME/mambaforge" "$HOME/anaconda3" "$HOME/micromamba" "$HOME/.local/share/mamba" "$HOME/.conda" \\
  /opt/conda /opt/miniconda3 /opt/miniforge3 /opt/anaconda3; do
  case $root in /*) ;; *) continue ;; esac
  for prefix in "$root" "$root"/envs/*; do
    if [ -d "$prefix/conda-meta" ]; then tell conda "$prefix/bin/python"; fi
  done
done
for prefix in "$HOME"/.virtualenvs/* /venv/main /workspace/venv; do tell venv "$prefix/bin/python"; done
IFS=:
for folder in $PATH; do
  case $folder in /*) tell path "$folder/python3" ;; esac
done
exit 0
`;

async function examine({ source, path }: Candidate, host: Transport): Promise<Interpreter> {
  // From the root: a module of the workspace must not pass for one of the library.
  const argv = ['sh', '-c', 'cd / && exec "$@"', 'sh', path, '-c', QUESTION] as const;
  const result = await host.run({ argv, input: '', timeoutMs: TIMEOUT_MS });
  const answer = parsed(result.stdout);
  if (answer === null) {
    const reason = result.stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
    const problem = path.startsWith('conda:')
      ? l10n.t('There is no “{0}” on {1}. Choose another Python.', path, host.label)
      : source === 'setting'
        ? l10n.t(
            'The Python that is set for {0} does not run: {1} ({2}). Choose another one.',
            host.label,
            path,
            reason,
          )
        : l10n.t('{0} does not run: {1}', path, reason);
    return { path, source, version: null, torch: null, environment: null, problem };
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
