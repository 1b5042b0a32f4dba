/** The Python that jobs run with: made where it lacks, and checked. */
import * as l10n from '@vscode/l10n';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { HumanError } from '../errors';
import { chooseInterpreter } from '../hosts/interpreters';
import { commands } from '../ids';
import { doctorPage } from '../jobs/doctorReport';
import { exists, findAgain, foldersAround } from '../jobs/paths';
import { flagIn } from '../jobs/trainingForm';
import type { CommandContext } from './context';
import { confirmAndStart } from './start';

/** Makes `.venv` in the work folder as two jobs, so that a closed window does not break it off. */
export async function createEnvironment(context: CommandContext): Promise<void> {
  const { workshop } = context;
  const workFolder = workshop.workFolderOf(null);
  const folder = join(workFolder, '.venv');
  const { python, folder: scripts } = await workshop.scripts(workFolder, workFolder);
  const own = join(folder, 'bin', 'python');
  const before = (await workshop.interpreters()).find(({ path }) => path.startsWith(folder));
  if (before !== undefined && before.torch !== null) {
    throw new HumanError(l10n.t('{0} has torch {1} already. Check it instead.', folder, before.torch), {
      label: l10n.t('Check Environment'),
      command: commands.checkEnvironment,
    });
  }
  await confirmAndStart(context, {
    title: l10n.t('Create a Python environment in {0}?', folder),
    detail: l10n.t(
      'torch and what belongs to it are installed from where pip is set up to fetch them: about 6 GB on disk with CUDA, 1.5 GB where only the CPU is used.',
    ),
    drafts: [
      ...((await exists(own))
        ? []
        : [
            {
              kind: 'command' as const,
              title: l10n.t('Make the environment'),
              argv: [python, '-m', 'venv', folder],
              cwd: workFolder,
            },
          ]),
      {
        kind: 'command' as const,
        title: l10n.t('Install torch and the rest'),
        argv: [own, '-m', 'pip', 'install', '-r', join(scripts, 'requirements.txt')],
        cwd: workFolder,
      },
    ],
    workFolder,
  });
}

/** The model is loaded and measured on the data: that takes a while on a CPU. */
const REPORT_TIMEOUT_MS = 600_000;

/** Runs doctor.py, on the model and data of the newest run where they are found, and shows its report as a page. */
export async function checkEnvironment(context: CommandContext): Promise<void> {
  const { workshop, library } = context;
  const workFolder = workshop.workFolderOf(null);
  workshop.forget();
  const { path } = chooseInterpreter(await workshop.interpreters());
  await context.look();
  const [newest] = library.runs;
  const folder = newest === undefined ? workFolder : dirname(newest.folder);
  const args = await modelAndData(
    newest?.command ?? [],
    newest?.folder ?? join(workFolder, 'output'),
    workFolder,
  );
  const result = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: l10n.t('Checking {0}: packages, GPU, model, data…', path),
    },
    () => workshop.run('doctor.py', ['--json', '--output_dir', folder, ...args], folder, REPORT_TIMEOUT_MS),
  );
  const content = doctorPage(path, result);
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content });
  await vscode.commands.executeCommand('markdown.showPreview', document.uri);
}

/** Flags for the model and data that a run was trained with, as far as they are here. */
async function modelAndData(
  command: readonly string[],
  runFolder: string,
  workFolder: string,
): Promise<string[]> {
  const around = foldersAround(runFolder, workFolder);
  const find = (name: string, usual: string): Promise<string | null> =>
    findAgain(flagIn(command, name) ?? usual, around);
  const model =
    (await find('model_path', 'models/musicgen-small')) ?? (await findAgain('models/tiny-musicgen', around));
  const data = await find('data_dir', 'data');
  return [
    ...(model === null ? [] : ['--model_path', model]),
    ...(model === null || data === null ? [] : ['--data_dir', data]),
    ...(model === null || data === null
      ? []
      : ['--metadata_file', flagIn(command, 'metadata_file') ?? 'metadata.json']),
  ];
}
