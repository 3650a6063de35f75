// The networks of CNI plugins: containers are attached to those that they name.
import { resolve } from 'node:path';
import { errorText } from '../../../model/error-text.ts';
import { type NetworkInfo, NetworkInfo_Protocol } from '../../../model/generated/messages.ts';
import type { ContainerId } from '../../../model/ids.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import type { Fields } from '../../images/formats/fields.ts';
import type { CniAsked } from '../../plan/network.ts';
import type { Patience } from '../../programs/program-call.ts';
import type { Attached, Attachment, NetworkKind } from '../network.ts';
import {
  addLink,
  checkLink,
  collectGarbage,
  deleteLink,
  hasGarbageCollection,
} from './attachment.ts';
import type { NetworkList } from './configuration.ts';
import { type ConfigurationOptions, Configurations } from './configurations.ts';
import { type DefaultDns, mergedDns } from './dns.ts';
import { Exclusion } from './exclusion.ts';
import { endLeftPlugins } from './left-plugins.ts';
import { type Link, Plugins } from './plugins.ts';
import { PORT_MAPPINGS } from './port-mapper.ts';
import { checkMappings, MappedPorts, requireUnused } from './port-mappings.ts';
import { lackedCapabilities } from './request.ts';
import { type CniResult, ownAddresses, resultOf } from './result.ts';

export interface CniOptions {
  /** `--network_cni_config_dir`; undefined: there are no networks but those that are built in. */
  readonly configFolder: string | undefined;
  /** `--network_cni_plugins_dir`: folders, separated by colons. */
  readonly pluginFolders: string;
  /** PATH, in which plugins find programs such as iptables. */
  readonly programPath: string;
  readonly builtIn?: ConfigurationOptions['builtIn'];
  readonly defaultDns?: DefaultDns | undefined;
  readonly patience?: Patience | undefined;
  /** How long a container waits for a port of one that is not being detached. */
  readonly portWaitMs?: number | undefined;
  readonly warn: (text: string) => void;
}

/** What is on record of a container: enough to detach it, whatever flags the agent then has. */
interface Noted {
  readonly links: readonly NotedLink[];
}

interface NotedLink extends Omit<Link, 'id'> {
  /** What its last plugin has answered; absent where the link may be there in part. */
  readonly result?: Fields;
}

interface NetworkUse {
  /** Garbage is collected while no link is made or taken away. */
  readonly exclusion: Exclusion;
  /** Of garbage: once, before the first container comes. */
  collection?: Promise<void>;
  /** Whether it was told that none of its plugins maps ports. */
  isPortsTold: boolean;
  failedChecks: number;
}

/** Lines of the log about one network. */
const MOST_CHECKS_TOLD = 5;

export const cniNetworks = (options: CniOptions): NetworkKind<CniAsked> => new CniNetworks(options);

class CniNetworks implements NetworkKind<CniAsked> {
  readonly #options: CniOptions;
  readonly #folders: string;
  readonly #configurations: Configurations;
  readonly #plugins: Plugins;
  readonly #ports: MappedPorts;
  /** Links of containers, also those that are only being made. */
  readonly #links = new Map<ContainerId, readonly NotedLink[]>();
  /** By their names. */
  readonly #uses = new Map<string, NetworkUse>();
  /** Checks of what earlier agents have made, one after the other. */
  #checks: Promise<void> = Promise.resolve();
  #checking: { readonly id: ContainerId; readonly done: Promise<void> } | undefined;
  readonly #closing = new AbortController();
  readonly #failures = { attach: 0, detach: 0, check: 0 };

  constructor(options: CniOptions) {
    this.#options = options;
    const { configFolder, pluginFolders, builtIn, warn } = options;
    const folders = pluginFolders.split(':').filter(Boolean);
    this.#folders = folders.map((folder) => resolve(folder)).join(':');
    this.#configurations = new Configurations({
      folder: configFolder,
      pluginFolders: this.#folders,
      builtIn,
      warn,
    });
    this.#plugins = new Plugins(options.programPath, options.patience);
    this.#ports = new MappedPorts(options.portWaitMs);
  }

  async attach(attachment: Attachment<CniAsked>): Promise<Attached> {
    try {
      return await this.#attach(attachment);
    } catch (error) {
      this.#failures.attach++;
      throw error;
    }
  }

  async #attach({ id, namespace, asked, note, abort }: Attachment<CniAsked>): Promise<Attached> {
    requireContainerId(id);
    const links = await this.#linksOf(id, asked);
    abort.throwIfAborted();
    await this.#ports.take(id, mappedBy(links), abort);
    this.#links.set(id, links);
    try {
      await note({ links } satisfies Noted);
    } catch (error) {
      this.#forget(id, links);
      throw error;
    }
    const results: { readonly link: NotedLink; readonly result: CniResult }[] = [];
    for (const [at, link] of links.entries()) {
      await this.#collectGarbage(link.network);
      const result = await this.#addLink({ id, ...link }, namespace, abort);
      results.push({ link, result });
      this.#tellOfAddresses(id, link, result);
      links[at] = { ...link, result: result.raw };
      await note({ links } satisfies Noted);
    }
    return {
      infos: results.map(({ link, result }, at) => infoOf(asked.told?.[at] ?? link.asked, result)),
      dns: mergedDns(
        results.map(({ link, result }) => ({ name: link.network.name, dns: result.dns })),
        asked.hasOtherDns === true ? undefined : this.#options.defaultDns,
      ),
    };
  }

  /** What fails is told as Mesos tells it, which collects what comes of all networks. */
  async #addLink(link: Link, namespace: string, abort: AbortSignal): Promise<CniResult> {
    try {
      return await this.#useOf(link.network).exclusion.shared(() =>
        addLink(this.#plugins, link, namespace, abort),
      );
    } catch (error) {
      if (abort.aborted || !(error instanceof ContainerizerError) || error.reason !== undefined) {
        throw error;
      }
      throw new ContainerizerError(`Collect failed: ${error.message}`, { cause: error });
    }
  }

  /** The specification forbids to work on several links of a container at the same time. */
  async detach(id: ContainerId, namespace: string | undefined, noted: unknown): Promise<void> {
    const links = linksIn(noted);
    const isOwn = this.#links.delete(id);
    this.#ports.leave(id);
    if (this.#checking?.id === id) {
      await this.#checking.done;
    }
    if (!isOwn && links.some(({ result }) => result === undefined)) {
      await endLeftPlugins(id);
    }
    const errors: unknown[] = [];
    for (const link of links.toReversed()) {
      const made = link.result && resultOf(link.result, link.network.cniVersion);
      await this.#useOf(link.network)
        .exclusion.shared(() => deleteLink(this.#plugins, { id, ...link }, namespace, made))
        .catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) {
      this.#failures.detach++;
      this.#ports.recover(id, mappedBy(links));
      throw new ContainerizerError(errors.map(errorText).join('\n'), { cause: errors[0] });
    }
    this.#forget(id, links);
  }

  async recover(id: ContainerId, namespace: string, noted: unknown): Promise<void> {
    const links = linksIn(noted);
    this.#links.set(id, links);
    this.#ports.recover(id, mappedBy(links));
    this.#checks = this.#checks.then(async () => {
      if (this.#links.get(id) === links && !this.#closing.signal.aborted) {
        const done = this.#check(id, namespace, links);
        this.#checking = { id, done };
        await done;
        this.#checking = undefined;
      }
    });
  }

  awaited(id: ContainerId): string | undefined {
    return this.#plugins.asked(id);
  }

  metrics(): Readonly<Record<string, number>> {
    const { attach, detach, check } = this.#failures;
    return {
      'containerizer/mesos/network_cni/attach_failures': attach,
      'containerizer/mesos/network_cni/detach_failures': detach,
      'containerizer/mesos/network_cni/check_failures': check,
    };
  }

  close(): void {
    this.#closing.abort(new ContainerizerError('The agent ends'));
  }

  async #linksOf(id: ContainerId, { networks, isStrict }: CniAsked): Promise<NotedLink[]> {
    const links: NotedLink[] = [];
    for (const [at, asked] of networks.entries()) {
      checkMappings(asked);
      const network = await this.#configurations.find(asked.name ?? '');
      if (isStrict === true) {
        requireCapabilities(network, asked);
      }
      await requireUnused(asked);
      links.push({ ifName: `eth${at}`, network, asked, folders: this.#folders });
      this.#tellOfPorts(id, network, asked);
    }
    return links;
  }

  /** They are in `args` in any case, where a plugin may look for them. */
  #tellOfPorts(id: ContainerId, network: NetworkList, { port_mappings = [] }: NetworkInfo): void {
    const { name } = network;
    const use = this.#useOf(network);
    if (port_mappings.length > 0 && !mapsPorts(network) && !use.isPortsTold) {
      use.isPortsTold = true;
      this.#options.warn(
        `Container ${id} in CNI network '${name}' has port mappings, and none of the network's plugins has ` +
          `the capability ${PORT_MAPPINGS}; of others in this network it is not told`,
      );
    }
  }

  #collectGarbage(network: NetworkList): Promise<void> | undefined {
    const use = this.#useOf(network);
    if (hasGarbageCollection(network)) {
      use.collection ??= use.exclusion.alone(() => this.#collectAlone(network));
    }
    return use.collection;
  }

  async #collectAlone(network: NetworkList): Promise<void> {
    const valid = [...this.#links].flatMap(([id, links]) =>
      links
        .filter((link) => link.network.name === network.name)
        .map(({ ifName }) => ({ containerID: id, ifname: ifName })),
    );
    for (const error of await collectGarbage(this.#plugins, network, this.#folders, valid)) {
      this.#options.warn(errorText(error));
    }
  }

  #useOf({ name }: NetworkList): NetworkUse {
    const use = this.#uses.get(name) ?? {
      exclusion: new Exclusion(),
      isPortsTold: false,
      failedChecks: 0,
    };
    this.#uses.set(name, use);
    return use;
  }

  async #check(id: ContainerId, namespace: string, links: readonly NotedLink[]): Promise<void> {
    const { signal } = this.#closing;
    for (const link of links) {
      if (link.result !== undefined && !signal.aborted) {
        const made = resultOf(link.result, link.network.cniVersion);
        try {
          await checkLink(this.#plugins, { id, ...link }, namespace, made, signal);
        } catch (error) {
          if (!signal.aborted) {
            this.#tellOfCheck(link.network, error);
          }
        }
      }
    }
  }

  /** As in Mesos, whether a network gives the addresses that are asked for is its own business. */
  #tellOfAddresses(id: ContainerId, { network, asked }: NotedLink, { ips }: CniResult): void {
    const given = ips.map(({ address }) => address);
    const missed = (asked.ip_addresses ?? []).flatMap(({ ip_address: it = '' }) =>
      it === '' || given.includes(it) ? [] : [it],
    );
    if (missed.length > 0) {
      this.#options.warn(
        `Container ${id} asked CNI network '${network.name}' for ${missed.join(', ')}, and has ${given.join(', ')}`,
      );
    }
  }

  /** A fault of a plugin may be one with all containers. */
  #tellOfCheck(network: NetworkList, error: unknown): void {
    this.#failures.check++;
    const failed = ++this.#useOf(network).failedChecks;
    if (failed <= MOST_CHECKS_TOLD) {
      const isLast = failed === MOST_CHECKS_TOLD;
      this.#options.warn(`${errorText(error)}${isLast ? '; more are only counted' : ''}`);
    }
  }

  #forget(id: ContainerId, links: readonly NotedLink[]): void {
    this.#links.delete(id);
    this.#ports.release(id, mappedBy(links));
  }
}

/** Of the specification, which has fewer than Mesos. */
const CONTAINER_ID = /^[a-zA-Z0-9][\w.-]*$/;

/**
 * Throws ContainerizerError: plugins would refuse to attach the container, and to detach it too, so
 * that something of it would be left for ever.
 */
function requireContainerId(id: ContainerId): void {
  if (!CONTAINER_ID.test(id)) {
    throw new ContainerizerError(
      `Container ${id} cannot join CNI networks: an id there has letters, digits, '_', '.' and '-', ` +
        'of which the first is a letter or a digit',
    );
  }
}

/** Nothing is to be undone where nothing was noted. */
function linksIn(noted: unknown): readonly NotedLink[] {
  if (noted === undefined || noted === null) {
    return [];
  }
  const { links } = noted as Partial<Noted>;
  if (!Array.isArray(links)) {
    throw new ContainerizerError('The record of CNI networks has no links: it is not readable');
  }
  return links;
}

/** Throws ContainerizerError where something would be passed over that is asked for. */
function requireCapabilities(network: NetworkList, asked: NetworkInfo): void {
  const [lacked] = lackedCapabilities(network, asked);
  if (lacked !== undefined) {
    const what = lacked === PORT_MAPPINGS ? 'maps no ports' : 'gives no address that is asked for';
    throw new ContainerizerError(
      `CNI network '${network.name}' ${what}: none of its plugins has the capability ${lacked}`,
    );
  }
}

const mapsPorts = ({ plugins }: NetworkList) =>
  plugins.some(({ capabilities }) => capabilities.includes(PORT_MAPPINGS));

const mappedBy = (links: readonly NotedLink[]): NetworkInfo[] =>
  links.filter(({ network }) => mapsPorts(network)).map(({ asked }) => asked);

/** Of addresses, those that it has are told, and not those that it has asked for. */
const infoOf = (told: NetworkInfo, result: CniResult): NetworkInfo => ({
  ...told,
  ip_addresses: ownAddresses(result).map(({ protocol, address }) => ({
    protocol: NetworkInfo_Protocol[protocol],
    ip_address: address,
  })),
});
