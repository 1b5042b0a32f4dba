/** What of the extension is on a host, and what runs it: found and brought when first needed, then remembered. */
import { posix } from 'node:path';
import type { NextStep } from '../errors';
import type { HostScript } from './hostScript';
import { chooseInterpreter, findInterpreters, noPython, type Interpreter } from './interpreters';
import { bringScripts, bringScriptsTo, scriptsFolder } from './scripts';
import type { Transport } from './transport';

export interface ToolsOptions {
  /** Folder of the Python scripts that came with the extension. */
  readonly source: string;
  readonly transport: Transport;
  /** Whether the host is this machine: then most scripts are run where they are. */
  readonly isHere: boolean;
  /** Nothing is run where this is false. */
  readonly mayRun: () => boolean;
  /** Of the host; the scripts are brought to the first. */
  readonly folders: () => readonly string[];
  /** The setting of the interpreter; '' for none. */
  readonly python: () => string;
  /** What mends a Python that is missing or wrong. */
  readonly choose: NextStep;
}

export interface Tools {
  /** Any that runs. */
  readonly python: string;
  /** Folder of the scripts there. */
  readonly scripts: string;
}

export class HostTools {
  #interpreters: { readonly key: string; readonly found: Promise<readonly Interpreter[]> } | null = null;
  #tools: Promise<Tools> | null = null;

  constructor(private readonly options: ToolsOptions) {}

  /** Best first. Looked for once for each setting; `forget` looks anew, e.g. after an environment was made. */
  interpreters(): Promise<readonly Interpreter[]> {
    const { transport, isHere, mayRun, folders, python } = this.options;
    if (!mayRun()) return Promise.resolve([]);
    const search = { setting: python(), folders: folders() };
    const key = JSON.stringify(search);
    if (this.#interpreters?.key !== key) {
      // Windows may be where a person sits, never where jobs run.
      const isWindows = isHere && process.platform === 'win32';
      const found = isWindows ? Promise.resolve([]) : findInterpreters({ ...search, host: transport });
      this.#interpreters = { key, found };
      found.catch(() => this.forget());
    }
    return this.#interpreters.found;
  }

  forget(): void {
    this.#interpreters = null;
    this.#tools = null;
  }

  /** The one that jobs run with. Throws a HumanError when there is none. */
  async interpreter(): Promise<Interpreter> {
    const { transport, choose } = this.options;
    return chooseInterpreter(await this.interpreters(), transport.label, choose);
  }

  /** The supervisor and others need nothing but a Python: any that runs will do. */
  async anyPython(): Promise<string | null> {
    return (await this.interpreters()).find(({ version }) => version !== null)?.path ?? null;
  }

  /** The scripts as they are on the host, brought there where they lack. Throws a HumanError when they can't be. */
  there(): Promise<Tools> {
    this.#tools ??= this.#find();
    this.#tools.catch(() => (this.#tools = null));
    return this.#tools;
  }

  async hostScript(): Promise<HostScript> {
    const { python, scripts } = await this.there();
    return { transport: this.options.transport, python, script: posix.join(scripts, 'host.py') };
  }

  /** Brings the scripts to a work folder, under the hash of their content, and returns where they are. */
  async bring(workFolder: string): Promise<string> {
    const { source, transport, isHere } = this.options;
    return isHere
      ? bringScripts(source, workFolder)
      : bringScriptsTo({ transport, python: await this.#pythonOrThrow() }, source, workFolder);
  }

  /** Where `bring` would bring them. */
  folderIn(workFolder: string): Promise<string> {
    return scriptsFolder(this.options.source, workFolder);
  }

  async #find(): Promise<Tools> {
    const { source, isHere, folders } = this.options;
    const python = await this.#pythonOrThrow();
    const [workFolder = '/'] = folders();
    return { python, scripts: isHere ? source : await this.bring(workFolder) };
  }

  async #pythonOrThrow(): Promise<string> {
    const python = await this.anyPython();
    if (python !== null) return python;
    throw noPython(this.options.transport.label, this.options.choose);
  }
}
