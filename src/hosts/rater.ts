/** Who writes the notes of this window. */
import { homedir, userInfo } from 'node:os';
import { exec } from './exec';

/**
 * Tells the name in the notes: the setting, else what git's global configuration knows, else the user name of this machine.
 * `mayRun` is false in a workspace that is not trusted: then nothing is run. git is asked once, from the home folder, so that
 * no repository's own configuration has a say.
 */
export function raterNames(): (setting: string, mayRun: boolean) => Promise<string> {
  let fromGit: Promise<string> | null = null;
  return async (setting, mayRun) => {
    const set = setting.trim();
    if (set !== '') return set;
    const git = mayRun ? await (fromGit ??= gitName()) : '';
    return git === '' ? machineName() : git;
  };
}

/** '' where git is missing or has no name. */
async function gitName(): Promise<string> {
  const git = await exec(['git', 'config', '--global', 'user.name'], { cwd: homedir(), timeoutMs: 3000 });
  return git.code === 0 ? git.stdout.trim() : '';
}

function machineName(): string {
  try {
    return userInfo().username;
  } catch {
    // No entry in the user database, as in some containers.
    return 'rater';
  }
}
