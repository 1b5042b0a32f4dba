/** What a training form shows: its fields as they are prefilled, and what its values would start. */
import * as l10n from '@vscode/l10n';
import { join } from 'node:path/posix';
import { HumanError } from '../errors';
import type { Host } from '../host';
import { hiddenHostFields, hostGroup, readHostFields, type HostChoice } from '../jobs/hostFields';
import { nextFreeName } from '../jobs/outputFolder';
import { findAgain, foldersAround, fromBase, nextName } from '../jobs/paths';
import { isTinyModel, planTraining, type TrainingPlan } from '../jobs/planTraining';
import { jobsAhead } from '../jobs/queue';
import { flagIn, prefill, trainingGroups, valueIn, type FormValues } from '../jobs/trainingForm';
import type { FormPlan, FormState, NoteView } from '../protocol';
import type { TrainingSite } from './trainingSite';

export type Facts = readonly (readonly [name: string, value: string])[];

/** `touched` are values that a person set: they stay whatever the parent prefills. */
export async function formState(
  site: TrainingSite,
  touched: FormValues,
  notes: readonly NoteView[],
): Promise<FormState> {
  const { parent, host, parentId, hostName, deps } = site;
  const runs = deps.library.runs.map((run) => [run.id, run.name] as const);
  const [first, ...others] = trainingGroups(runs);
  // Paths of the others are of the host.
  const place = hostGroup(deps.workshop.hosts.map(choiceOf), choiceOf(host));
  const groups = [...(first === undefined ? [] : [first]), place, ...others];
  const values: FormValues = {
    ...prefill(groups, parent),
    ...(await pathsOf(site).catch((): FormValues => ({}))),
    ...touched,
    host: host.name,
  };
  return {
    kind: 'training',
    restore: { parent: parentId, host: hostName },
    title: parent === null ? l10n.t('Start Training') : l10n.t('Next run from {0}', parent.name),
    groups: groups.map(({ title, fields }) => ({
      title,
      fields: fields.map(({ name, label, help, kind, choices, default: initial }) => ({
        name,
        label,
        help,
        kind,
        choices,
        value: values[name] ?? initial,
        parentValue: parent === null ? null : valueIn(parent.hyperparameters, name),
      })),
    })),
    parentName: parent?.name ?? null,
    notes,
  };
}

/** Where the parent's model and data are on the host now, and the next free name. */
async function pathsOf({ parent, host: { files }, base, workFolder }: TrainingSite): Promise<FormValues> {
  const output = await nextFreeName(join(base, nextName(parent?.name ?? 'output0')), files);
  const around = foldersAround(join(base, output), workFolder);
  const found = async (flag: string, fallback: string): Promise<string> => {
    const told = flagIn(parent?.command ?? [], flag) ?? fallback;
    const [first, second] = await Promise.all([
      findAgain(told, around, files),
      findAgain(fallback, around, files),
    ]);
    const path = first ?? second;
    return path === null ? fallback : fromBase(path, base);
  };
  const [model, data] = await Promise.all([
    found('model_path', 'models/musicgen-small'),
    found('data_dir', 'data'),
  ]);
  return { output, model_path: model, tiny_model: String(isTinyModel(model)), data_dir: data };
}

/** `resources` are of the host: GPUs and free disk. A plan of null is none that can be started. */
export async function formPlan(
  site: TrainingSite,
  values: FormValues,
  resources: () => Promise<Facts>,
): Promise<{ readonly plan: FormPlan; readonly training: TrainingPlan | null }> {
  const { host, deps } = site;
  const facts: [string, string][] = [[l10n.t('Host'), host.name]];
  const hidden = hiddenHostFields(deps.workshop.hosts.length, host.entry.slurm !== null);
  const interactive = host.entry.slurm === null;
  try {
    const { workFolder, base } = site;
    facts.push([l10n.t('Folder'), base]);
    const [[python], rows] = await Promise.all([host.interpreters(), resources()]);
    facts.push(...rows.map(([name, value]): [string, string] => [name, value]));
    const { gpus, waits, slurm, errors: wrong } = readHostFields(values, host.entry.slurm);
    const before = waits ? jobsAhead(host.jobs.jobs) : 0;
    if (before > 0)
      facts.push([l10n.t('Queue'), l10n.t('waits for a free GPU; jobs before it: {0}', before)]);
    const scripts = {
      ...(await host.scripts(workFolder, base)),
      gpus,
      waits,
      ...(slurm === null ? {} : { slurm }),
    };
    if (python !== undefined) {
      const torch = python.torch === null ? l10n.t('without torch') : `torch ${python.torch}`;
      facts.push([l10n.t('Python'), `${python.path} (${python.version ?? ''}, ${torch})`]);
    }
    const read = await planTraining(values, {
      workFolder,
      base,
      scripts,
      files: host.files,
      run: (id) => deps.library.run(id),
      nameOf: (run) => site.there(run) ?? run.name,
    });
    const errors = { ...read.errors, ...wrong };
    const training = Object.keys(errors).length === 0 ? read : { ...read, drafts: [], errors };
    const lacksTorch = python?.torch === null;
    const launch = training.drafts.length === 0 ? null : await host.prepare(training.drafts, workFolder);
    return {
      training: lacksTorch ? null : training,
      plan: {
        facts,
        command: launch === null ? '' : launch.jobs.map(({ shown }) => shown).join('\n\n'),
        errors,
        warnings: training.warnings,
        hidden: [...training.hidden, ...hidden],
        interactive,
        lacksTorch,
        blocked: lacksTorch
          ? l10n.t('This Python has no torch: it can start nothing yet. Make an environment that has it.')
          : null,
      },
    };
  } catch (error) {
    if (!(error instanceof HumanError)) throw error;
    return {
      training: null,
      plan: {
        facts,
        command: '',
        errors: {},
        warnings: [],
        hidden,
        interactive,
        blocked: error.message,
        lacksTorch: false,
      },
    };
  }
}

function choiceOf({ name, entry }: Host): HostChoice {
  return { name, slurm: entry.slurm };
}
