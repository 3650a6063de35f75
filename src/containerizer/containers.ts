// The containers of this agent: carries out what the tree of containers asks for, and tells it what
// happens. It knows each container's launch, then its process, and who waits for its end.
import { rootOf } from '../model/container-id.ts';
import { errorText } from '../model/error-text.ts';
import type { ContainerId } from '../model/ids.ts';
import { ContainerizerError } from './containerizer-error.ts';
import type { Container, ContainerEnd } from './launchers/launcher.ts';
import type { Limitation } from './limitation.ts';
import type { Place } from './plan/place.ts';
import {
  createTree,
  launchVerdict,
  MAX_WAITERS,
  type Making,
  stepTree,
  type Termination,
  type TreeEffect,
  type TreeEvent,
  type TreeNode,
} from './tree.ts';

export interface ContainersOptions {
  /** Undoes, in reverse order, what was made for a container whose processes have ended. */
  readonly clean: (node: TreeNode) => Promise<void>;
  /** Removes the records of a container that has ended, and of those nested in it. */
  readonly discard: (id: ContainerId) => Promise<void>;
  readonly warn: (text: string) => void;
}

/** The steps of a launch. Resolves to undefined for a container without a process. */
export type Make<C> = (abort: AbortSignal, reached: (state: Making) => void) => Promise<C>;

export class Containers {
  readonly #options: ContainersOptions;
  readonly #tree = createTree();
  readonly #launches = new Map<ContainerId, AbortController>();
  /** Of earlier agents, and not watched yet. */
  readonly #attaching = new Set<ContainerId>();
  readonly #running = new Map<ContainerId, Container>();
  readonly #waiters = new Map<number, (termination: Termination) => void>();
  /**
   * What is being removed below each root container, one after the other: a removal must not meet
   * that of a parent, nor a launch under the same id.
   */
  readonly #removals = new Map<ContainerId, Promise<void>>();
  /** What is being done with what containers have left that are known still, or not any more. */
  readonly #sweeps = new Map<ContainerId, Promise<void>>();
  #lastWaiter = 0;

  constructor(options: ContainersOptions) {
    this.#options = options;
  }

  /** The container, whether it has ended or not; undefined where it is not known. */
  get(id: ContainerId): Readonly<TreeNode> | undefined {
    return this.#tree.nodes.get(id);
  }

  /** The container, unless it has ended or is not known. */
  live(id: ContainerId): Readonly<TreeNode> | undefined {
    const node = this.get(id);
    return node?.state === 'ended' ? undefined : node;
  }

  /** All that have not been forgotten, each after the one that it is nested in. */
  all(): Iterable<Readonly<TreeNode>> {
    return this.#tree.nodes.values();
  }

  /** The container's process; undefined while it has none. */
  running(id: ContainerId): Container | undefined {
    return this.#running.get(id);
  }

  /** Whether a container can be launched under this id; `exists`: there is one. */
  verdict(id: ContainerId): ReturnType<typeof launchVerdict> {
    return launchVerdict(this.#tree, id);
  }

  /**
   * Makes a container; one without a process is running when it is made. Rejects with
   * ContainerizerError, also where it was destroyed meanwhile.
   */
  async launch<C extends Container | undefined>(
    id: ContainerId,
    place: Place,
    { abort, make }: { readonly abort: AbortSignal; readonly make: Make<C> },
  ): Promise<C> {
    const verdict = this.verdict(id);
    if (verdict !== 'launch') {
      throw new ContainerizerError(
        verdict === 'exists' ? `Container ${id} exists already` : verdict.refusal,
      );
    }
    this.#step({ type: 'launch', id, ...place });
    const own = new AbortController();
    this.#launches.set(id, own);
    let made: C;
    try {
      await this.#removals.get(rootOf(id))?.catch(() => undefined);
      await this.#sweeps.get(id)?.catch(() => undefined);
      made = await make(AbortSignal.any([abort, own.signal]), (state) =>
        this.#step({ type: 'reached', id, state }),
      );
    } catch (error) {
      this.#launches.delete(id);
      this.#step({ type: 'failed', id, failure: errorText(error) });
      throw error;
    }
    this.#launches.delete(id);
    this.#watch(id, made);
    if (this.get(id)?.state !== 'running') {
      await this.gone(id);
      throw destroyed(id);
    }
    return made;
  }

  /** Takes over a container of an earlier agent that has no process, or one that has ended. */
  found(id: ContainerId, place: Place): void {
    this.#step({ type: 'found', id, ...place });
  }

  /** Takes over a container of an earlier agent, which is known at once. */
  async foundRunning(
    id: ContainerId,
    place: Place,
    attach: Promise<Container>,
  ): Promise<Container> {
    this.found(id, place);
    this.#attaching.add(id);
    try {
      const container = await attach;
      this.#attaching.delete(id);
      this.#watch(id, container);
      return container;
    } catch (error) {
      this.#attaching.delete(id);
      this.#step({ type: 'exited', id, end: {} });
      throw error;
    }
  }

  /** How a container that was found has ended. */
  ended(id: ContainerId, { waitStatus, failure, loss }: ContainerEnd): void {
    this.#step({ type: 'exited', id, end: { waitStatus, failure, loss } });
  }

  /** A container that was found, whose process was never started. */
  neverBegan(id: ContainerId): void {
    const failure = `The agent ended before container ${id} began`;
    this.#step({ type: 'failed', id, failure });
  }

  #watch(id: ContainerId, container: Container | undefined): void {
    if (container !== undefined) {
      this.#running.set(id, container);
    }
    this.#step({ type: 'started', id });
    void container?.ended.then((end) => {
      this.#running.delete(id);
      this.#step({ type: 'exited', id, end });
    });
  }

  /** Ends a container with all that is nested in it; `gone` tells when that is done. */
  destroy(id: ContainerId, limitation?: Limitation): void {
    this.#step({ type: 'destroy', id, limitation });
  }

  /**
   * Resolves when nothing is left of the container and of those nested in it; to undefined where it
   * is not known.
   */
  gone(id: ContainerId): Promise<Termination | undefined> {
    return new Promise((resolve) => {
      this.#wait(id, resolve);
    });
  }

  /**
   * Calls back, once, when the container has ended, or at once where it has; with undefined where
   * it is not known. Returns how to wait no longer; `full` where too many wait.
   */
  wait(
    id: ContainerId,
    settled: (termination: Termination | undefined) => void,
  ): (() => void) | 'full' {
    return this.#tree.waiters < MAX_WAITERS ? this.#wait(id, settled) : 'full';
  }

  #wait(id: ContainerId, settled: (termination: Termination | undefined) => void): () => void {
    if (this.live(id) === undefined) {
      settled(this.get(id)?.termination);
      return () => undefined;
    }
    const waiter = ++this.#lastWaiter;
    this.#waiters.set(waiter, settled);
    this.#step({ type: 'wait', id, waiter });
    return () => {
      this.#waiters.delete(waiter);
      this.#step({ type: 'leave', id, waiter });
    };
  }

  /**
   * Removes `more`, and then what is left to know of a container that has ended, and of those
   * nested in it. The same id is not used before that is done.
   */
  async forget(id: ContainerId, more?: () => Promise<void>): Promise<void> {
    const isKnown = this.get(id) !== undefined;
    // The records go last: of a removal that was cut short a later agent still knows.
    const first = more && this.#remove(id, more);
    this.#step({ type: 'forget', id });
    if (!isKnown) {
      await this.#remove(id, () => this.#options.discard(id));
    }
    await Promise.all([first, this.#removals.get(rootOf(id))]);
  }

  /**
   * Does something with what is left of a container, unless there is one under its id again: a
   * launch waits until that is done.
   */
  async whileGone(id: ContainerId, sweep: () => Promise<void>): Promise<void> {
    if (this.live(id) === undefined) {
      const done = sweep().finally(() => this.#sweeps.delete(id));
      this.#sweeps.set(id, done);
      await done;
    }
  }

  /** Resolves when all records are removed that are being removed now. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#removals.values());
  }

  #step(event: TreeEvent): void {
    for (const effect of stepTree(this.#tree, event)) {
      this.#perform(effect);
    }
  }

  #perform(effect: TreeEffect): void {
    switch (effect.type) {
      case 'end':
        this.#end(effect.id);
        return;
      case 'clean':
        void this.#clean(effect.id);
        return;
      case 'settle':
        for (const waiter of effect.waiters) {
          const settled = this.#waiters.get(waiter);
          this.#waiters.delete(waiter);
          settled?.(effect.termination);
        }
        return;
      case 'discard':
        this.#remove(effect.id, () => this.#options.discard(effect.id)).catch(() => undefined);
        return;
      default:
        effect satisfies never;
    }
  }

  #end(id: ContainerId): void {
    const launch = this.#launches.get(id);
    const container = this.#running.get(id);
    if (container !== undefined) {
      container.destroy();
    } else if (launch !== undefined) {
      launch.abort(destroyed(id));
    } else if (!this.#attaching.has(id)) {
      // One without a process. The step at hand has not been carried out in full yet.
      queueMicrotask(() => this.#step({ type: 'exited', id, end: {} }));
    }
  }

  async #clean(id: ContainerId): Promise<void> {
    const node = this.get(id);
    try {
      await (node && this.#options.clean(node));
    } catch (error) {
      this.#options.warn(`Failed to clean up after container ${id}: ${errorText(error)}`);
    }
    this.#step({ type: 'cleaned', id });
  }

  #remove(id: ContainerId, remove: () => Promise<void>): Promise<void> {
    const root = rootOf(id);
    const before = this.#removals.get(root);
    const removal = before === undefined ? remove() : before.then(remove, remove);
    const done = removal.finally(() => {
      if (this.#removals.get(root) === done) {
        this.#removals.delete(root);
      }
    });
    this.#removals.set(root, done);
    done.catch((error: unknown) =>
      this.#options.warn(`Failed to remove what is left of container ${id}: ${errorText(error)}`),
    );
    return done;
  }
}

const destroyed = (id: ContainerId) =>
  new ContainerizerError(`Container ${id} was destroyed while it was being launched`);
