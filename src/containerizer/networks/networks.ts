// The networks that containers have of their own: each is on record before it is made, attached
// before the container's process is there, and detached after its last one. What cannot be detached
// stays on record, and is tried again.
import { dirname } from 'node:path';
import { parentOf } from '../../model/container-id.ts';
import { errorText } from '../../model/error-text.ts';
import type { ResourceStatistics } from '../../model/generated/messages.ts';
import type { ContainerId } from '../../model/ids.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { AttachedNetwork, NetworkAsked } from '../plan/network.ts';
import { Rounds } from '../rounds.ts';
import { NetworkNamespaces } from './namespaces.ts';
import type { NetworkKind, NetworkKindName } from './network.ts';
import { type NetworkRecord, NetworkRecords } from './network-records.ts';
import {
  type MeasuredNetwork,
  NetworkStatistics,
  type NetworkStatisticsOptions,
} from './statistics/network-statistics.ts';

/** From one try to detach what is left of networks to the next. */
const RETRY_MS = 60_000;

/** It is in the names of files, beside what else these say. */
const MOST_ID = 200;

/** Also those that this agent attaches no container to: an earlier one may have done so. */
export type NetworkKinds = Readonly<Partial<Record<NetworkKindName, NetworkKind>>>;

export interface NetworksOptions {
  /** The folder of the records. */
  readonly folder: string;
  /** The folder of network namespaces, which only root can change. */
  readonly namespaces: string;
  /** The supervisor's program. */
  readonly program: string;
  readonly kinds: NetworkKinds;
  /** Whether the figures of kinds are told, and what containers do on networks of plugins. */
  readonly hasMetrics: boolean;
  readonly statistics: NetworkStatisticsOptions;
  readonly warn: (text: string) => void;
}

export class Networks {
  readonly #options: NetworksOptions;
  readonly #records: NetworkRecords;
  readonly #known = new Map<ContainerId, NetworkRecord>();
  /** What is being done for a container, one after the other. */
  readonly #turns = new Map<ContainerId, Promise<unknown>>();
  /** Those of which something is left. */
  readonly #left = new Set<ContainerId>();
  readonly #retries: Rounds;
  readonly #statistics: NetworkStatistics;

  constructor(options: NetworksOptions) {
    this.#options = options;
    this.#statistics = new NetworkStatistics({
      program: options.program,
      options: options.statistics,
      networks: () => [...this.#known.keys()].flatMap((id) => this.#measured(id) ?? []),
      warn: options.warn,
    });
    this.#records = new NetworkRecords(options.folder, options.warn);
    this.#retries = new Rounds({
      intervalMs: RETRY_MS,
      look: async () => {
        await Promise.all([...this.#left].map((id) => this.detach(id)));
      },
      hasMore: () => this.#left.size > 0,
    });
  }

  /** That of the container, or of the nearest one above it; undefined: they have the agent's. */
  of(id: ContainerId | undefined): AttachedNetwork | undefined {
    for (let at = id; at !== undefined; at = parentOf(at)) {
      const { attached } = this.#known.get(at) ?? {};
      if (attached !== undefined) {
        return attached;
      }
    }
    return undefined;
  }

  /** Rejects with ContainerizerError; then, too, the container is to be detached. */
  attach(id: ContainerId, asked: NetworkAsked, abort: AbortSignal): Promise<AttachedNetwork> {
    return this.#inTurn(id, async () => {
      abort.throwIfAborted();
      if (id.length > MOST_ID) {
        throw new ContainerizerError(
          `A container on a network of its own has an id of at most ${MOST_ID} characters, with those of ` +
            `the containers that it is nested in: '${id.slice(0, MOST_ID)}…' has ${id.length}`,
        );
      }
      if (this.#known.has(id)) {
        throw new ContainerizerError(
          `What an earlier container ${id} had of networks is not detached yet`,
        );
      }
      try {
        return await this.#attach(id, asked, abort);
      } catch (error) {
        throw error instanceof ContainerizerError || error === abort.reason
          ? error
          : new ContainerizerError(
              `Failed to attach container ${id} to its networks: ${errorText(error)}`,
              { cause: error },
            );
      }
    });
  }

  async #attach(
    id: ContainerId,
    asked: NetworkAsked,
    abort: AbortSignal,
  ): Promise<AttachedNetwork> {
    const namespaces = this.#namespacesIn(this.#options.namespaces);
    const begun = { kind: asked.kind, namespace: namespaces.path(id) };
    await this.#note(id, begun);
    const namespace = await namespaces.make(id);
    const note = (state: unknown) => this.#note(id, { ...begun, state });
    const attachment = { id, namespace, asked, note, abort };
    const result = await this.#kind(asked).attach(attachment);
    const hostname = asked.kind === 'cni' ? asked.hostname : undefined;
    const attached = { namespace, hostname, ...result };
    await this.#note(id, { ...begun, state: this.#known.get(id)?.state, attached });
    return attached;
  }

  async #note(id: ContainerId, record: NetworkRecord): Promise<void> {
    this.#known.set(id, record);
    await this.#records.write(id, record);
  }

  /**
   * The resources of a container have changed, of which this kind of network makes something. Where
   * it cannot, the container keeps what it has.
   */
  async update(id: ContainerId, asked: NetworkAsked): Promise<void> {
    await this.#inTurn(id, async () => {
      const record = this.#known.get(id);
      if (record?.attached === undefined || record.kind !== asked.kind) {
        return;
      }
      const { namespace } = record;
      const note = (state: unknown) => this.#note(id, { ...record, state });
      try {
        await this.#kind(record).update?.({ id, namespace, asked, note });
      } catch (error) {
        this.#options.warn(`Failed to change the network of container ${id}: ${errorText(error)}`);
      }
    });
  }

  /** What a container that is being attached waits for; undefined where there is nothing. */
  awaited(id: ContainerId): string | undefined {
    return this.#known.get(id)?.attached === undefined
      ? this.#kindOf(id)?.awaited?.(id)
      : undefined;
  }

  /** Nothing where the container has none, or all is detached. What is left is tried again. */
  async detach(id: ContainerId): Promise<void> {
    if (!this.#known.has(id) && !this.#turns.has(id)) {
      return;
    }
    await this.#inTurn(id, async () => {
      const record = this.#known.get(id);
      if (record === undefined) {
        return;
      }
      try {
        await this.#detach(id, record);
        this.#left.delete(id);
      } catch (error) {
        const isTold = this.#left.has(id);
        this.#left.add(id);
        this.#retries.start();
        if (!isTold) {
          this.#options.warn(
            `Failed to detach container ${id} from its networks, which is tried again every ${RETRY_MS / 1000} seconds: ${errorText(error)}`,
          );
        }
      }
    });
  }

  async #detach(id: ContainerId, record: NetworkRecord): Promise<void> {
    if (record.state !== undefined) {
      const isThere = await this.#namespacesOf(record).exists(id);
      const namespace = isThere ? record.namespace : undefined;
      await this.#kind(record).detach(id, namespace, record.state);
    }
    await this.#namespacesOf(record).remove(id);
    await this.#records.remove(id);
    this.#known.delete(id);
  }

  /** An earlier agent may have had another folder. */
  #namespacesOf({ namespace }: NetworkRecord): NetworkNamespaces {
    return this.#namespacesIn(dirname(dirname(namespace)));
  }

  #namespacesIn(folder: string): NetworkNamespaces {
    return new NetworkNamespaces(folder, this.#options.program);
  }

  /**
   * To be called before all else, with the containers that have records: what others have is
   * detached meanwhile, as is what was only begun.
   */
  async recover(known: ReadonlySet<ContainerId>): Promise<void> {
    for (const [id, record] of await this.#records.all()) {
      this.#known.set(id, record);
      if (known.has(id) && record.attached !== undefined) {
        void this.#inTurn(id, () => this.#takeOver(id, record));
      } else {
        void this.detach(id);
      }
    }
  }

  async #takeOver(id: ContainerId, record: NetworkRecord): Promise<void> {
    try {
      await this.#kind(record).recover?.(id, record.namespace, record.state);
    } catch (error) {
      this.#options.warn(
        `The networks of container ${id} are not as they were: ${errorText(error)}`,
      );
    }
  }

  /** What a container does on networks of its own: nothing where it shares those of another. */
  async usage(id: ContainerId): Promise<Partial<ResourceStatistics>> {
    const network = this.#measured(id);
    return network === undefined
      ? {}
      : { ...this.#kindOf(id)?.statistics?.(id), ...(await this.#statistics.of(network)) };
  }

  #measured(id: ContainerId): MeasuredNetwork | undefined {
    const { kind, namespace, attached } = this.#known.get(id) ?? {};
    if (namespace === undefined || attached === undefined) {
      return undefined;
    }
    // As in Mesos, --network_cni_metrics is about this, too.
    if (kind === 'cni' && !this.#options.hasMetrics) {
      return undefined;
    }
    const links = { links: attached.infos.map((_, index) => `eth${index}`) };
    return { id, namespace, ...(this.#kindOf(id)?.links?.(id) ?? links) };
  }

  #kindOf(id: ContainerId): NetworkKind | undefined {
    const { kind } = this.#known.get(id) ?? {};
    return kind && this.#options.kinds[kind];
  }

  metrics(): Readonly<Record<string, number>> {
    const { kinds, hasMetrics } = this.#options;
    const figures = Object.values(kinds).map((kind) => (hasMetrics && kind.metrics?.()) || {});
    return Object.assign({}, ...figures);
  }

  /** Containers keep what they have. */
  close(): void {
    this.#retries.close();
    this.#statistics.close();
    for (const kind of Object.values(this.#options.kinds)) {
      kind.close?.();
    }
  }

  #kind({ kind: name }: { readonly kind: NetworkKindName }): NetworkKind {
    const kind = this.#options.kinds[name];
    if (kind === undefined) {
      throw new ContainerizerError(`This agent has no networks of the kind '${name}'`);
    }
    return kind;
  }

  #inTurn<T>(id: ContainerId, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(id) ?? Promise.resolve();
    const done = before.then(work, work);
    const over = done.then(
      () => undefined,
      () => undefined,
    );
    this.#turns.set(id, over);
    void over.then(() => {
      if (this.#turns.get(id) === over) {
        this.#turns.delete(id);
      }
    });
    return done;
  }
}
