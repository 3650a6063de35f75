// Asks plugins of the machine for one thing, in a version of the specification that they speak.
import type { NetworkInfo } from '../../../model/generated/messages.ts';
import type { ContainerId } from '../../../model/ids.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { Slots } from '../../downloads/slots.ts';
import type { Patience, ProgramEnd } from '../../programs/program-call.ts';
import type { NetworkList, PluginConfiguration } from './configuration.ts';
import { FirstRuns } from './first-runs.ts';
import { callPlugin, DEFAULT_PATIENCE } from './plugin-call.ts';
import { answerIn, errorCode, failureText, INCOMPATIBLE_VERSION } from './plugin-failure.ts';
import { pluginPath } from './plugin-programs.ts';
import { requestText, type ValidAttachment } from './request.ts';
import { type CniResult, resultAs } from './result.ts';
import { type CniVersion, highestVersion, isSince } from './versions.ts';

/** A link of a container to a network. */
export interface Link {
  readonly id: ContainerId;
  /** The name of its interface in the container. */
  readonly ifName: string;
  readonly network: NetworkList;
  readonly asked: NetworkInfo;
  /** Where plugins are looked for: folders, separated by colons. */
  readonly folders: string;
}

interface PluginTask extends Pick<Link, 'network' | 'folders'> {
  readonly command: keyof typeof SINCE;
  /** For messages, after "failed to". */
  readonly what: string;
  readonly plugin: PluginConfiguration;
  readonly link?: Link;
  readonly namespace?: string | undefined;
  readonly prevResult?: CniResult | undefined;
  readonly valid?: readonly ValidAttachment[];
}

interface PluginRun {
  readonly command: PluginTask['command'] | 'VERSION';
  readonly input: string;
  readonly link?: Link | undefined;
  readonly namespace?: string | undefined;
}

interface PluginAnswer extends ProgramEnd {
  readonly path: string;
  /** That of the request. */
  readonly cniVersion: CniVersion;
}

export class PluginError extends ContainerizerError {
  /** Of the specification, or the plugin's own; undefined: it has answered with none. */
  readonly pluginCode: number | undefined;

  constructor(text: string, pluginCode: number | undefined) {
    super(text);
    this.pluginCode = pluginCode;
  }
}

/** They wait for each other's locks, and for the kernel's. */
const MOST_AT_ONCE = 32;
/** A network whose plugins hang leaves room for others. */
const MOST_OF_NETWORK = 16;
/** The versions that have brought the commands: older plugins have nothing to do for these. */
const SINCE = { ADD: '0.1.0', DEL: '0.1.0', CHECK: '0.4.0', GC: '1.1.0' } as const;
const NOTHING_TO_DO: ProgramEnd = {
  failure: undefined,
  hasExited: true,
  stdout: Buffer.alloc(0),
  stderr: Buffer.alloc(0),
};
/** Plugins of the first version look for these in any case. */
const NOBODY = { CNI_CONTAINERID: 'dummy', CNI_NETNS: 'dummy', CNI_IFNAME: 'dummy' };

export class Plugins {
  readonly #slots = new Slots(MOST_AT_ONCE, MOST_OF_NETWORK);
  readonly #first = new FirstRuns();
  readonly #programPath: string;
  readonly #patience: Patience;
  /** Containers that wait for plugins: one for each. */
  readonly #asked = new Map<ContainerId, string>();

  /** `programPath`: the PATH in which plugins find programs such as iptables. */
  constructor(programPath: string, patience = DEFAULT_PATIENCE) {
    this.#programPath = programPath;
    this.#patience = patience;
  }

  /**
   * Resolves to the answer of a plugin that has succeeded. Rejects with PluginError where it has
   * failed, and with ContainerizerError where there is no such plugin, or with the reason of the
   * abort where it has not begun. One that speaks only older versions is asked in the highest of
   * these.
   */
  async ask(task: PluginTask, abort: AbortSignal): Promise<PluginAnswer> {
    const { command, plugin, network, what, folders } = task;
    const path = await pluginPath(folders, plugin.type);
    if (path === undefined) {
      throw new ContainerizerError(
        `Unable to find the plugin ${plugin.type} in '${folders}', required to ${what}`,
      );
    }
    let { cniVersion } = network;
    // Older plugins tell in many ways that they do not know this command.
    let end = command === 'GC' ? undefined : await this.#call(path, task, cniVersion, abort);
    if (end === undefined || (errorCode(end) === INCOMPATIBLE_VERSION && !abort.aborted)) {
      cniVersion = (await this.#commonVersion(path, task, abort)) ?? cniVersion;
      end = isSince(cniVersion, SINCE[command])
        ? await this.#call(path, task, cniVersion, abort)
        : NOTHING_TO_DO;
    }
    if (end.failure !== undefined) {
      throw new PluginError(failureText(path, what, end), errorCode(end));
    }
    return { ...end, path, cniVersion };
  }

  #call(path: string, task: PluginTask, cniVersion: CniVersion, abort: AbortSignal) {
    const { command, network, plugin, link, namespace, prevResult, valid } = task;
    const input = requestText({
      network,
      plugin,
      cniVersion,
      asked: link?.asked,
      prevResult: prevResult && resultAs(prevResult, cniVersion),
      valid,
    });
    const run = () => this.#run(path, task, { command, input, link, namespace }, abort);
    return command === 'ADD' ? this.#first.run(path, run, abort) : run();
  }

  /** The highest one, from the network's down, that the plugin says it speaks. */
  async #commonVersion(path: string, task: PluginTask, abort: AbortSignal) {
    const { cniVersion } = task.network;
    const input = JSON.stringify({ cniVersion });
    const { stdout } = await this.#run(path, task, { command: 'VERSION', input }, abort);
    const { supportedVersions } = answerIn(stdout);
    const spoken: unknown[] = Array.isArray(supportedVersions) ? supportedVersions : [];
    return highestVersion(spoken, cniVersion);
  }

  /** What a container waits for. */
  asked(id: ContainerId): string | undefined {
    return this.#asked.get(id);
  }

  async #whileAsked<T>({ id, network }: Link, path: string, done: Promise<T>): Promise<T> {
    this.#asked.set(id, `CNI plugin '${path}' for network '${network.name}'`);
    try {
      return await done;
    } finally {
      this.#asked.delete(id);
    }
  }

  #run(
    path: string,
    { network, folders }: PluginTask,
    { command, input, link, namespace }: PluginRun,
    abort: AbortSignal,
  ): Promise<ProgramEnd> {
    const environment = {
      CNI_COMMAND: command,
      CNI_PATH: folders,
      PATH: this.#programPath,
      ...(command === 'VERSION' && NOBODY),
      ...(link && { CNI_CONTAINERID: link.id, CNI_IFNAME: link.ifName }),
      ...(namespace !== undefined && { CNI_NETNS: namespace }),
    };
    const call = () => callPlugin({ path, environment, input }, this.#patience, abort);
    const done = this.#slots.run({ host: network.name }, abort, call);
    return link === undefined ? done : this.#whileAsked(link, path, done);
  }
}
