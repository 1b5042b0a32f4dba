/** Specs → everything that starting, watching and stopping them will run, as data. Nothing is run here. */
import * as l10n from '@vscode/l10n';
import { posix } from 'node:path';
import { HumanError } from '../errors';
import type { HostCall } from '../hosts/transport';
import type { Engine } from './engine';
import { shellCommand } from '../hosts/quote';
import { checkSlurmRequest } from './slurmRequest';
import { jobsRoot, type JobSpec } from './spec';

export interface PreparedJob {
  readonly spec: JobSpec;
  /** Of the job's files, on the host. */
  readonly directory: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** The exact command, fit for pasting into a shell. */
  readonly shown: string;
  readonly probe: HostCall;
  readonly cancel: HostCall;
  readonly attach: readonly [string, ...string[]];
}

export interface PreparedLaunch {
  readonly root: string;
  /** In the order that they run. */
  readonly jobs: readonly PreparedJob[];
  /** Starts them all, or goes on with a start that was cut off. */
  readonly start: HostCall;
}

/** Linux refuses a longer argument (MAX_ARG_STRLEN, execve(2)). */
const LONGEST_ARGUMENT_BYTES = 128 * 1024 - 1;

/** Throws a HumanError for what could not be run as it is meant. */
export function prepare(specs: readonly JobSpec[], workFolder: string, engine: Engine): PreparedLaunch {
  for (const spec of specs) check(spec);
  const root = jobsRoot(workFolder);
  const jobs = specs.map((spec): PreparedJob => {
    const { argv, cwd, env } = spec;
    const directory = posix.join(root, spec.id);
    return {
      spec,
      directory,
      argv,
      cwd,
      env,
      shown: shellCommand(argv, { cwd, env }),
      probe: engine.probe([root], []),
      cancel: engine.stop(directory),
      attach: engine.attach(directory),
    };
  });
  return { root, jobs, start: engine.start(root, specs) };
}

function check({ argv, cwd, env, title, slurm }: JobSpec): void {
  if (slurm !== null) checkSlurmRequest(slurm);
  if (!posix.isAbsolute(cwd)) {
    throw new HumanError(l10n.t('The work folder “{0}” is not an absolute path. Choose a folder.', cwd));
  }
  if ((argv[0] ?? '') === '') {
    throw new HumanError(l10n.t('No program is named for “{0}”. Run “Check Environment”.', title));
  }
  for (const text of [cwd, ...argv, ...Object.values(env)]) {
    if (text.includes('\0')) {
      throw new HumanError(
        l10n.t('The command of “{0}” holds the character NUL. Remove it from the paths and texts.', title),
      );
    }
    if (Buffer.byteLength(text) > LONGEST_ARGUMENT_BYTES) {
      throw new HumanError(
        l10n.t('A text in the command of “{0}” is longer than 128 KB. Put it into a file.', title),
      );
    }
  }
  const name = Object.keys(env).find((key) => !/^[A-Za-z_]\w*$/.test(key));
  if (name !== undefined) {
    throw new HumanError(l10n.t('“{0}” is no name of an environment variable. Rename it.', name));
  }
  const secret = Object.keys(env).find(isSecret) ?? argv.map(optionName).find(isSecret);
  if (secret !== undefined) {
    throw new HumanError(
      l10n.t(
        '“{0}” looks like a secret. The job’s files and the process list would show it: set it in the environment of the host instead, where jobs find it.',
        secret,
      ),
    );
  }
}

function optionName(word: string): string {
  return /^--?([A-Za-z][\w-]*)(?==|$)/.exec(word)?.[1] ?? '';
}

function isSecret(name: string): boolean {
  return /(^|[_-])(token|password|passwd|secret|credentials?|(api|access|secret|private)[_-]?key)$/i.test(
    name,
  );
}
