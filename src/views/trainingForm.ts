/** One open training form: what it is prefilled with, what it would start, and the start. */
import * as l10n from '@vscode/l10n';
import { basename, dirname, join } from 'node:path/posix';
import * as vscode from 'vscode';
import { HumanError } from '../errors';
import { commands } from '../ids';
import { findAgain, foldersAround, fromBase, nextName } from '../jobs/paths';
import { isTinyModel, planTraining, type TrainingPlan } from '../jobs/planTraining';
import type { Host } from '../host';
import { hiddenHostFields, hostGroup, readHostFields, type HostChoice } from '../jobs/hostFields';
import { nextFreeName } from '../jobs/outputFolder';
import { flagIn, prefill, trainingGroups, valueIn, type FormValues } from '../jobs/trainingForm';
import type { Library } from '../library';
import type { Notebook } from '../notebook';
import { DisposableStore } from '../platform/disposables';
import type { FormPlan, FormState, FromWebview } from '../protocol';
import type { Run } from '../runs/run';
import type { Workshop } from '../workshop';
import { runDraft, runNotes, type NotesContext } from './comparisonNotes';
import { pageHtml } from './html';
import type { JobTerminals } from './jobTerminals';
import { listen, post } from './pages';
import { resourceRows } from './hostFacts';
import { pickOnHost } from './pickOnHost';

export interface TrainingDeps {
  readonly extensionUri: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  readonly library: Library;
  readonly notebook: Notebook;
  readonly workshop: Workshop;
  readonly look: () => Promise<void>;
  readonly terminals: JobTerminals;
  readonly wakeJobs: () => void;
}

export class TrainingForm {
  readonly #store = new DisposableStore();
  #ready = false;
  #posted = '';
  /** As the page last sent them. */
  #values: FormValues | null = null;
  #asked: {
    readonly host: Host;
    readonly at: number;
    readonly rows: Promise<readonly (readonly [string, string])[]>;
  } | null = null;
  /** Values that a person set, kept when another parent prefills the rest. */
  #touched: FormValues = {};

  constructor(
    readonly panel: vscode.WebviewPanel,
    private readonly deps: TrainingDeps,
    private parentId: string | null,
    /** Name of the host that a person chose; null while it follows the parent. */
    private hostName: string | null,
  ) {
    panel.iconPath = vscode.Uri.joinPath(deps.extensionUri, 'media', 'earmark.svg');
    panel.webview.options = {
      enableScripts: true,
      localResourceRoots: [vscode.Uri.joinPath(deps.extensionUri, 'dist', 'webview')],
    };
    this.#store.add(listen(panel, deps.log, (message) => this.#handle(message)));
    this.#store.add(panel.onDidChangeViewState(() => void this.update()));
    panel.webview.html = pageHtml(panel.webview, deps.extensionUri, 'training', l10n.t('Start Training'));
  }

  setParent(id: string): void {
    this.parentId = id;
    this.hostName = null;
    void this.update();
  }

  async update(): Promise<void> {
    if (!this.#ready || !this.panel.visible) return;
    const state = await this.#state();
    const text = JSON.stringify(state);
    if (text === this.#posted) return;
    this.#posted = text;
    post(this.panel, { type: 'state', state });
  }

  /** Something on the host has changed that the plan may hang on, such as a Python with torch. */
  async planAgain(): Promise<void> {
    if (!this.#ready || !this.panel.visible || this.#values === null) return;
    const { plan } = await this.#plan(this.#values);
    post(this.panel, { type: 'plan', plan });
  }

  dispose(): void {
    this.#store.dispose();
  }

  get #parent(): Run | null {
    return this.parentId === null ? null : (this.deps.library.run(this.parentId) ?? null);
  }

  /** The one that was chosen, else the parent's. */
  get #host(): Host {
    const { workshop } = this.deps;
    const chosen = this.hostName === null ? undefined : workshop.named(this.hostName);
    const parent = this.#parent;
    return chosen ?? (parent === null ? workshop.here : workshop.hostOfFolder(parent.folder));
  }

  /** Where the parent lies on the host; null when it is not there. */
  get #parentFolder(): string | null {
    const parent = this.#parent;
    return parent === null || this.deps.workshop.hostOfFolder(parent.folder) !== this.#host
      ? null
      : this.#host.there(parent.folder);
  }

  get #workFolder(): string {
    return this.#host.workFolderOf(this.#parentFolder);
  }

  /** Runs are made beside their parent. */
  get #base(): string {
    const parent = this.#parentFolder;
    const workFolder = this.#workFolder;
    return parent !== null && `${parent}/`.startsWith(`${workFolder}/`) ? dirname(parent) : workFolder;
  }

  get #notesContext(): NotesContext {
    return {
      library: this.deps.library,
      notebook: this.deps.notebook,
      language: vscode.env.language,
    };
  }

  async #state(): Promise<FormState> {
    const parent = this.#parent;
    const host = this.#host;
    const runs = this.deps.library.runs.map((run) => [run.id, run.name] as const);
    const [first, ...others] = trainingGroups(runs);
    // Paths of the others are of the host.
    const place = hostGroup(this.deps.workshop.hosts.map(choiceOf), choiceOf(host));
    const groups = [...(first === undefined ? [] : [first]), place, ...others];
    const values: FormValues = {
      ...prefill(groups, parent),
      ...(await this.#paths(parent).catch((): FormValues => ({}))),
      ...this.#touched,
      host: host.name,
    };
    return {
      kind: 'training',
      restore: { parent: this.parentId, host: this.hostName },
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
      notes: parent === null ? [] : runNotes(parent, this.#notesContext),
    };
  }

  /** Where the parent's model and data are now, and the next free name. */
  /** Where the parent's model and data are on the host now, and the next free name. */
  async #paths(parent: Run | null): Promise<FormValues> {
    const base = this.#base;
    const { files } = this.#host;
    const output = await nextFreeName(join(base, nextName(parent?.name ?? 'output0')), files);
    const around = foldersAround(join(base, output), this.#workFolder);
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

  async #plan(values: FormValues): Promise<{ plan: FormPlan; training: TrainingPlan | null }> {
    const { workshop, library } = this.deps;
    const host = this.#host;
    const facts: (readonly [string, string])[] = [[l10n.t('Host'), host.name]];
    try {
      const workFolder = this.#workFolder;
      facts.push([l10n.t('Folder'), this.#base]);
      const [[python], resources] = await Promise.all([host.interpreters(), this.#resources()]);
      facts.push(...resources);
      const chosen = readHostFields(values, host.entry.slurm);
      const scripts = {
        ...(await host.scripts(workFolder, this.#base)),
        gpus: chosen.gpus,
        ...(chosen.slurm === null ? {} : { slurm: chosen.slurm }),
      };
      if (python !== undefined) {
        const torch = python.torch === null ? l10n.t('without torch') : `torch ${python.torch}`;
        facts.push([l10n.t('Python'), `${python.path} (${python.version ?? ''}, ${torch})`]);
      }
      const read = await planTraining(values, {
        workFolder,
        base: this.#base,
        scripts,
        files: host.files,
        run: (id) => library.run(id),
        nameOf: (run) =>
          (workshop.hostOfFolder(run.folder) === host ? host.there(run.folder) : null) ?? run.name,
      });
      const errors = { ...read.errors, ...chosen.errors };
      const training = Object.keys(errors).length === 0 ? read : { ...read, drafts: [], errors };
      const needsEnvironment = python?.torch === null;
      const launch = training.drafts.length === 0 ? null : await host.prepare(training.drafts, workFolder);
      return {
        training: needsEnvironment ? null : training,
        plan: {
          facts,
          command: launch === null ? '' : launch.jobs.map(({ shown }) => shown).join('\n\n'),
          errors,
          warnings: training.warnings,
          hidden: [...training.hidden, ...hiddenHostFields(workshop.hosts.length, host.entry.slurm !== null)],
          blocked: needsEnvironment
            ? l10n.t('This Python has no torch: it can start nothing yet. Make an environment that has it.')
            : null,
        },
      };
    } catch (error) {
      if (!(error instanceof HumanError)) throw error;
      const hidden = hiddenHostFields(workshop.hosts.length, host.entry.slurm !== null);
      return {
        training: null,
        plan: { facts, command: '', errors: {}, warnings: [], hidden, blocked: error.message },
      };
    }
  }

  /** GPUs and free disk, as rows; none where the host can't tell. Asked anew after a while. */
  #resources(): Promise<readonly (readonly [string, string])[]> {
    const host = this.#host;
    const now = Date.now();
    if (this.#asked?.host !== host || now - this.#asked.at > RESOURCES_FOR_MS) {
      this.#asked = { host, at: now, rows: host.survey().then(resourceRows, () => []) };
    }
    return this.#asked.rows;
  }

  async #handle(message: FromWebview): Promise<void> {
    switch (message.type) {
      case 'ready':
        this.#ready = true;
        this.#posted = '';
        await this.deps.look();
        await this.deps.notebook.refresh();
        await this.update();
        return;
      case 'plan': {
        this.#values = message.values;
        await this.planAgain();
        return;
      }
      case 'prefill': {
        this.#touched = Object.fromEntries(
          Object.entries(message.values).filter(
            ([name]) => name !== 'parent' && name !== 'host' && message.touched.includes(name),
          ),
        );
        this.parentId = message.run;
        this.hostName = message.host;
        await this.update();
        return;
      }
      case 'pick': {
        const field = message.field;
        const path = await pickOnHost(this.#host, { start: this.#base, kind: message.kind });
        if (path === null) return;
        const value = field === 'metadata_file' ? basename(path) : fromBase(path, this.#base);
        post(this.panel, { type: 'picked', field, value });
        return;
      }
      case 'startTraining':
        await this.#start(message.values);
        return;
      case 'createEnvironment':
        await vscode.commands.executeCommand(commands.createEnvironment, { kind: 'host', host: this.#host });
        return;
      case 'saveNote':
        if (this.#parent !== null) {
          await this.deps.notebook.save(runDraft(this.#parent, message, this.#notesContext));
        }
        return;
      case 'retractNote':
        await this.deps.notebook.retract(message.note);
        return;
      case 'copyText':
        await vscode.env.clipboard.writeText(message.text);
        return;
      case 'openNotes':
      case 'pasteRemarks':
        await vscode.commands.executeCommand(
          message.type === 'openNotes' ? commands.openNotes : commands.pasteRemarks,
          this.#parent === null ? undefined : { kind: 'run', run: this.#parent },
        );
        return;
      case 'log':
        this.deps.log.warn(message.message);
        return;
      default:
        return;
    }
  }

  async #start(values: FormValues): Promise<void> {
    const { plan, training } = await this.#plan(values);
    if (training === null) throw new HumanError(plan.blocked ?? l10n.t('Nothing can be started yet.'));
    const [wrong] = Object.values(training.errors);
    if (wrong !== undefined) throw new HumanError(wrong);
    const workFolder = this.#workFolder;
    const host = this.#host;
    const launch = await host.prepare(training.drafts, workFolder);
    const jobs = await host.start(launch, workFolder);
    this.deps.wakeJobs();
    await this.deps.terminals.showFirst(jobs);
    this.panel.dispose();
  }
}

const RESOURCES_FOR_MS = 15_000;

function choiceOf({ name, entry }: Host): HostChoice {
  return { name, slurm: entry.slurm };
}
