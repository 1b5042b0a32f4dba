/** The Python that jobs run with: made where it lacks, and checked. */
import * as l10n from '@vscode/l10n';
import { dirname, join } from 'node:path/posix';
import * as vscode from 'vscode';
import { HumanError } from '../errors';
import { commands } from '../ids';
import { doctorPage } from '../jobs/doctorReport';
import { findAgain, foldersAround } from '../jobs/paths';
import { flagIn } from '../jobs/trainingForm';
import type { Host } from '../host';
import { formatSpan } from '../views/format';
import { gigabytes } from '../views/hostFacts';
import type { CommandContext } from './context';
import { pickHost } from './pickHost';
import { confirmAndStart } from './start';

/** Makes `.venv` in the work folder as two jobs, so that a closed window does not break it off. */
export async function createEnvironment(context: CommandContext, node: unknown): Promise<void> {
  const host = await pickHost(context, node, l10n.t('Create Python Environment'));
  if (host === null) return;
  const workFolder = host.workFolderOf(null);
  const folder = join(workFolder, '.venv');
  const { python, folder: scripts } = await host.scripts(workFolder, workFolder);
  const own = join(folder, 'bin', 'python');
  const before = (await host.interpreters()).find(({ path }) => path.startsWith(folder));
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
      ...((await host.files.exists(own))
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
    host,
    workFolder,
  });
}

/** The model is loaded and measured on the data: that takes a while on a CPU. */
const REPORT_TIMEOUT_MS = 600_000;

/** Runs doctor.py, on the model and data of the newest run where they are found, and shows its report as a page. */
export async function checkEnvironment(context: CommandContext, node: unknown): Promise<void> {
  const host = await pickHost(context, node, l10n.t('Check Environment'));
  if (host === null) return;
  const { workshop, library } = context;
  const workFolder = host.workFolderOf(null);
  host.forget();
  const { path } = await host.interpreter();
  await context.look();
  const newest = library.runs.find((run) => workshop.hostOfFolder(run.folder) === host);
  const newestThere = newest === undefined ? null : host.there(newest.folder);
  const folder = newestThere === null ? workFolder : dirname(newestThere);
  const args = await modelAndData(
    host,
    newest?.command ?? [],
    newestThere ?? join(workFolder, 'output'),
    workFolder,
  );
  const result = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: l10n.t('Checking {0}: packages, GPU, model, data…', path),
    },
    () => host.run('doctor.py', ['--json', '--output_dir', folder, ...args], folder, REPORT_TIMEOUT_MS),
  );
  await context.reports.show(
    l10n.t('Check of {0}', host.name),
    doctorPage(
      path,
      result,
      { language: vscode.env.language, gigabytes, span: formatSpan },
      host.isHere ? null : host.name,
    ),
  );
}

/** Flags for the model and data that a run was trained with, as far as they are here. */
async function modelAndData(
  { files }: Host,
  command: readonly string[],
  runFolder: string,
  workFolder: string,
): Promise<string[]> {
  const around = foldersAround(runFolder, workFolder);
  const find = (name: string, usual: string): Promise<string | null> =>
    findAgain(flagIn(command, name) ?? usual, around, files);
  const model =
    (await find('model_path', 'models/musicgen-small')) ??
    (await findAgain('models/tiny-musicgen', around, files));
  const data = await find('data_dir', 'data');
  return [
    ...(model === null ? [] : ['--model_path', model]),
    ...(model === null || data === null ? [] : ['--data_dir', data]),
    ...(model === null || data === null
      ? []
      : ['--metadata_file', flagIn(command, 'metadata_file') ?? 'metadata.json']),
  ];
}
