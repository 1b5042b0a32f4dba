/** Who writes the notes of this window. */
import { homedir, userInfo } from 'node:os';
import { exec } from './exec';

/**
 * The name in the notes: the setting, else what git's global configuration knows, else the user name of this machine.
 * `mayRun` is false in a workspace that is not trusted: then nothing is run. git is asked from the home folder, so that
 * no repository's own configuration has a say.
 */
export async function raterName(setting: string, mayRun: boolean): Promise<string> {
  const set = setting.trim();
  if (set !== '') return set;
  if (mayRun) {
    const git = await exec(['git', 'config', '--global', 'user.name'], { cwd: homedir(), timeoutMs: 3000 });
    const name = git.stdout.trim();
    if (git.code === 0 && name !== '') return name;
  }
  try {
    return userInfo().username;
  } catch {
    // No entry in the user database, as in some containers.
    return 'rater';
  }
}
