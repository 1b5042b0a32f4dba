/** One open training form: what it is prefilled with, what it would start, and the start. */
import * as l10n from '@vscode/l10n';
import { basename } from 'node:path/posix';
import * as vscode from 'vscode';
import { HumanError } from '../errors';
import type { Host } from '../host';
import { commands } from '../ids';
import { fromBase } from '../jobs/paths';
import type { TrainingPlan } from '../jobs/planTraining';
import type { JobDraft } from '../jobs/spec';
import type { FormValues } from '../jobs/trainingForm';
import type { Notebook } from '../notebook';
import { DisposableStore } from '../platform/disposables';
import type { FormPlan, FormState, FromWebview } from '../protocol';
import { runDraft, runNotes, type NotesContext } from './comparisonNotes';
import { resourceRows } from './hostFacts';
import { pageHtml } from './html';
import type { JobTerminals } from './jobTerminals';
import { listen, post } from './pages';
import { pickOnHost } from './pickOnHost';
import { formPlan, formState, type Facts } from './trainingModel';
import { TrainingSite, type SiteDeps } from './trainingSite';

export interface TrainingDeps extends SiteDeps {
  readonly extensionUri: vscode.Uri;
  readonly log: vscode.LogOutputChannel;
  readonly notebook: Notebook;
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
    readonly rows: Promise<Facts>;
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

  get #site(): TrainingSite {
    return new TrainingSite(this.deps, this.parentId, this.hostName);
  }

  get #notesContext(): NotesContext {
    return {
      library: this.deps.library,
      notebook: this.deps.notebook,
      language: vscode.env.language,
    };
  }

  #state(): Promise<FormState> {
    const site = this.#site;
    const notes = site.parent === null ? [] : runNotes(site.parent, this.#notesContext);
    return formState(site, this.#touched, notes);
  }

  #plan(values: FormValues): Promise<{ plan: FormPlan; training: TrainingPlan | null }> {
    return formPlan(this.#site, values, () => this.#resources());
  }

  /** GPUs and free disk, as rows; none where the host can't tell. Asked anew after a while, and so are its jobs. */
  #resources(): Promise<Facts> {
    const { host } = this.#site;
    const now = Date.now();
    if (this.#asked?.host !== host || now - this.#asked.at > RESOURCES_FOR_MS) {
      const survey = host.survey().then(resourceRows, (): Facts => []);
      const rows = Promise.all([survey, host.jobs.refresh()]).then(([found]) => found);
      this.#asked = { host, at: now, rows };
    }
    return this.#asked.rows;
  }

  async #handle(message: FromWebview): Promise<void> {
    const { parent } = this.#site;
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
        const { host, base } = this.#site;
        const path = await pickOnHost(host, { start: base, kind: message.kind });
        if (path === null) return;
        const value = field === 'metadata_file' ? basename(path) : fromBase(path, base);
        post(this.panel, { type: 'picked', field, value });
        return;
      }
      case 'startTraining':
        await this.#start(message.values);
        return;
      case 'startInteractive':
        await this.#startInteractive(message.values);
        return;
      case 'createEnvironment':
        await vscode.commands.executeCommand(commands.createEnvironment, {
          kind: 'host',
          host: this.#site.host,
        });
        return;
      case 'saveNote':
        if (parent !== null) {
          await this.deps.notebook.save(runDraft(parent, message, this.#notesContext));
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
          parent === null ? undefined : { kind: 'run', run: parent },
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
    const { host, workFolder } = this.#site;
    const launch = await host.prepare(await this.#drafts(values), workFolder);
    const jobs = await host.start(launch, workFolder);
    this.deps.wakeJobs();
    await this.deps.terminals.showFirst(jobs);
    this.panel.dispose();
  }

  async #startInteractive(values: FormValues): Promise<void> {
    const { host, workFolder } = this.#site;
    const launch = await host.prepare(await this.#drafts(values), workFolder);
    this.deps.terminals.showSession(await host.openSession(launch, workFolder));
    this.panel.dispose();
  }

  /** Throws a HumanError while something keeps the form from starting. */
  async #drafts(values: FormValues): Promise<readonly JobDraft[]> {
    const { plan, training } = await this.#plan(values);
    if (training === null) throw new HumanError(plan.blocked ?? l10n.t('Nothing can be started yet.'));
    const [wrong] = Object.values(training.errors);
    if (wrong !== undefined) throw new HumanError(wrong);
    return training.drafts;
  }
}

const RESOURCES_FOR_MS = 15_000;
