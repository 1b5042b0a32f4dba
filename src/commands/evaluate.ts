/** "Evaluate (Quick)…" and "Evaluate (Full)…": which run, which checkpoints, the exact command, then start. */
import * as l10n from '@vscode/l10n';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { evaluateDraft } from '../jobs/trainer';
import { exists, findAgain, findPromptFile, foldersAround } from '../jobs/paths';
import { isLive } from '../jobs/state';
import { flagIn } from '../jobs/trainingForm';
import { HumanError } from '../errors';
import type { Run } from '../runs/run';
import { formatLoss, formatStep } from '../views/format';
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
  const { workshop } = context;
  const outputDir = join(run.folder, FOLDERS[set]);
  const busy = workshop.jobs.jobs.find((job) => isLive(job.state) && job.spec?.output === outputDir);
  if (busy !== undefined) {
    throw new HumanError(
      l10n.t('“{0}” is writing {1} now. Wait for it, or stop it first.', busy.title, outputDir),
    );
  }
  const models = await pickModels(run, title);
  if (models === null) return;
  const workFolder = workshop.workFolderOf(run.folder);
  const around = foldersAround(run.folder, workFolder);
  const prompts = (await findPromptFile(set, around)) ?? (await askForPrompts(set, dirname(run.folder)));
  if (prompts === null) return;
  const modelPath = await baseModel(run, around);
  if (modelPath === null) return;
  const scripts = await workshop.scripts(workFolder, dirname(run.folder));
  const draft = evaluateDraft(
    { modelPath, runDir: run.folder, models, prompts, outputDir, durationS: DURATION_S },
    scripts,
  );
  const detail = (await exists(outputDir))
    ? l10n.t('Clips in {0} that are finished and still asked for are kept.', outputDir)
    : l10n.t('The clips go to {0}.', outputDir);
  await confirmAndStart(context, { title: draft.title, detail, drafts: [draft], workFolder });
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

async function askForPrompts(set: EvaluationSet, folder: string): Promise<string | null> {
  const chosen = await vscode.window.showOpenDialog({
    title:
      set === 'quick'
        ? l10n.t('Which prompts? No evaluation_prompts_8.json was found near the run')
        : l10n.t('Which prompts? No evaluation_prompts.json was found near the run'),
    openLabel: l10n.t('Evaluate With These'),
    defaultUri: vscode.Uri.file(folder),
    filters: { [l10n.t('Prompts')]: ['json', 'jsonl', 'txt'] },
  });
  return chosen?.[0]?.fsPath ?? null;
}

/** The base model that the run was trained from, found again on this machine, else asked for. */
async function baseModel(run: Run, around: readonly string[]): Promise<string | null> {
  const told = [flagIn(run.command, 'model_path'), run.model].filter((path) => path !== null);
  for (const path of told) {
    const found = await findAgain(path, around);
    if (found !== null && (await exists(join(found, 'config.json')))) return found;
  }
  const chosen = await vscode.window.showOpenDialog({
    title: l10n.t('Where is the base model of {0}? {1} is not here', run.name, told[0] ?? 'musicgen-small'),
    openLabel: l10n.t('Use This Model'),
    canSelectFiles: false,
    canSelectFolders: true,
    defaultUri: vscode.Uri.file(dirname(run.folder)),
  });
  const folder = chosen?.[0]?.fsPath ?? null;
  if (folder !== null && !(await exists(join(folder, 'config.json')))) {
    throw new HumanError(l10n.t('{0} has no config.json, so it is no model folder.', folder));
  }
  return folder;
}
