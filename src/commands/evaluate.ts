/** "Evaluate (Quick)…" and "Evaluate (Full)…": which run, which checkpoints, the exact command, then start. */
import * as l10n from '@vscode/l10n';
import { dirname, join } from 'node:path/posix';
import * as vscode from 'vscode';
import { evaluateDraft } from '../jobs/trainer';
import { findAgain, findPromptFile, foldersAround } from '../jobs/paths';
import { isLive } from '../jobs/state';
import { flagIn } from '../jobs/trainingForm';
import { HumanError } from '../errors';
import type { Host } from '../host';
import type { Run } from '../runs/run';
import { formatLoss, formatStep } from '../views/format';
import { pickOnHost } from '../views/pickOnHost';
import type { CommandContext } from './context';
import { pickRun } from './pick';
import { confirmAndStart } from './start';

export type EvaluationSet = 'quick' | 'full';

const FOLDERS: Readonly<Record<EvaluationSet, string>> = { quick: 'evaluation', full: 'evaluation_full' };
const DURATION_S = 15;

export async function evaluate(context: CommandContext, node: unknown, set: EvaluationSet): Promise<void> {
  const title = set === 'quick' ? l10n.t('Evaluate (Quick)') : l10n.t('Evaluate (Full)');
  const run = await pickRun(context, node, title);
  if (run === null) return;
  const host = context.workshop.hostThatMade(run.folder);
  const runDir = host.there(run.folder) ?? run.folder;
  const outputDir = join(runDir, FOLDERS[set]);
  const busy = host.jobs.jobs.find((job) => isLive(job.state) && job.spec?.output === outputDir);
  if (busy !== undefined) {
    throw new HumanError(
      l10n.t('“{0}” is writing {1} now. Wait for it, or stop it first.', busy.title, outputDir),
    );
  }
  const models = await pickModels(run, title);
  if (models === null) return;
  const workFolder = host.workFolderOf(runDir);
  const around = foldersAround(runDir, workFolder);
  const prompts =
    (await findPromptFile(set, around, host.files)) ?? (await askForPrompts(set, host, dirname(runDir)));
  if (prompts === null) return;
  const modelPath = await baseModel(run, host, around);
  if (modelPath === null) return;
  const { slurm } = host.entry;
  const scripts = {
    ...(await host.scripts(workFolder, dirname(runDir))),
    ...(slurm === null ? { waits: true } : { slurm }),
  };
  const draft = evaluateDraft(
    { modelPath, runDir, models, prompts, outputDir, durationS: DURATION_S },
    scripts,
  );
  const detail = (await host.files.exists(outputDir))
    ? l10n.t('Clips in {0} that are finished and still asked for are kept.', outputDir)
    : l10n.t('The clips go to {0}.', outputDir);
  await confirmAndStart(context, { title: draft.title, detail, drafts: [draft], host, workFolder });
}

/** Base, best and final are ticked; null when the person gave up. */
async function pickModels(run: Run, title: string): Promise<string[] | null> {
  const steps = new Map(run.checkpoints.map(({ kind, step }) => [kind, step]));
  const equal = steps.get('best') !== null && steps.get('best') === steps.get('final');
  const items = run.checkpoints.map(({ name, kind, step, validLoss }) => ({
    label: name,
    description: [
      kind === 'base' ? l10n.t('base model') : '',
      step === null ? '' : formatStep(step, vscode.env.language),
      validLoss === null ? '' : l10n.t('valid {0}', formatLoss(validLoss)),
      equal && kind === 'final' ? l10n.t('the same step as best') : '',
    ]
      .filter((part) => part !== '')
      .join(' · '),
    picked: kind !== 'numbered',
  }));
  if (items.length === 0) {
    throw new HumanError(l10n.t('{0} has no checkpoint yet. Evaluate it when one has been saved.', run.name));
  }
  const chosen = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: l10n.t('Checkpoints of {0} that generate every prompt', run.name),
    canPickMany: true,
  });
  return chosen === undefined || chosen.length === 0 ? null : chosen.map(({ label }) => label);
}

function askForPrompts(set: EvaluationSet, host: Host, start: string): Promise<string | null> {
  return pickOnHost(host, {
    start,
    kind: 'file',
    title:
      set === 'quick'
        ? l10n.t('Which prompts? No evaluation_prompts_8.json was found near the run')
        : l10n.t('Which prompts? No evaluation_prompts.json was found near the run'),
    endings: ['json', 'jsonl', 'txt'],
  });
}

/** The base model that the run was trained from, found again on the host, else asked for. */
async function baseModel(run: Run, host: Host, around: readonly string[]): Promise<string | null> {
  const isModel = (folder: string): Promise<boolean> => host.files.exists(join(folder, 'config.json'));
  const told = [flagIn(run.command, 'model_path'), run.model].filter((path) => path !== null);
  for (const path of told) {
    const found = await findAgain(path, around, host.files);
    if (found !== null && (await isModel(found))) return found;
  }
  const folder = await pickOnHost(host, {
    start: around[0] ?? '/',
    kind: 'folder',
    title: l10n.t('Where is the base model of {0}? {1} is not here', run.name, told[0] ?? 'musicgen-small'),
  });
  if (folder !== null && !(await isModel(folder))) {
    throw new HumanError(l10n.t('{0} has no config.json, so it is no model folder.', folder));
  }
  return folder;
}
