// Carries out the effects of a default executor: containers for its tasks, timers, probes, signals.
import type { Containerizer } from '../containerizer/containerizer.ts';
import type { Container } from '../containerizer/launchers/launcher.ts';
import type { Limitation } from '../containerizer/limitation.ts';
import { unlessAborted } from '../containerizer/unless-aborted.ts';
import { errorText } from '../model/error-text.ts';
import type { ExecutorEvent } from '../model/generated/messages.ts';
import type { ContainerId } from '../model/ids.ts';
import { ExecutorTimers } from './executor-timers.ts';
import type { ConnectExecutor, ExecutorTransport } from './executor-transport.ts';
import {
  createPod,
  type PodEffect,
  type PodEvent,
  type PodOptions,
  type PodTimer,
  stepPod,
  subscribePod,
} from './pod.ts';
import { probe } from './prober.ts';
import type { RememberedKill } from './remembered-kill.ts';

type Launch = Extract<PodEffect, { type: 'launch' }>;

export interface PodRunnerOptions {
  readonly pod: PodOptions;
  readonly containerizer: Containerizer;
  /** Makes a task's container, which is held. */
  readonly launch: (launch: Launch, abort: AbortSignal) => Promise<Container>;
  /** Stores a kill in progress for the executor of a later agent. */
  readonly rememberKill: (container: ContainerId, kill: RememberedKill) => void;
  readonly nowMs: () => number;
  readonly connect: ConnectExecutor;
  /** Called when the executor is done. */
  readonly end: () => void;
}

/** How long the last updates of an executor that is destroyed may take to be acknowledged. */
const LAST_WORDS_MS = 1_000;

export class PodRunner {
  readonly #options: PodRunnerOptions;
  readonly #state;
  readonly #transport: ExecutorTransport;
  readonly #timers = new ExecutorTimers();
  /** Containers that have not ended. */
  readonly #containers = new Map<ContainerId, Container>();
  /** Launches that are not answered yet. */
  readonly #launches = new Map<
    ContainerId,
    { readonly abort: AbortController; readonly answered: Promise<void> }
  >();
  /** Of containers that are being ended, for they use more than they may. */
  readonly #limitations = new Map<ContainerId, Limitation>();
  readonly #done = Promise.withResolvers<void>();
  #stopped = false;

  constructor(options: PodRunnerOptions) {
    this.#options = options;
    this.#state = createPod(options.pod);
    this.#transport = options.connect((event) => this.#receive(event));
  }

  /** Subscribes with the agent, whose events then launch tasks. */
  subscribe(): void {
    this.#transport.call(subscribePod(this.#state));
  }

  /** Watches the container of a task that an earlier executor has launched. */
  adopt(container: Container): void {
    this.#watch(container);
  }

  /** The containers of tasks that have not ended. */
  get containers(): ContainerId[] {
    return [...this.#containers.keys()];
  }

  /** Ends a task's container, which uses more than it may; false for one that is no task's. */
  limit(container: ContainerId, limitation: Limitation): boolean {
    const limited = this.#containers.get(container);
    if (limited !== undefined && !this.#limitations.has(container)) {
      this.#limitations.set(container, limitation);
      limited.destroy();
    }
    return limited !== undefined;
  }

  /** After this nothing more is done or sent. */
  stop(): void {
    this.#stopped = true;
    this.#transport.close();
    this.#timers.clearAll();
    this.#abandonAll();
  }

  /**
   * Stops, and resolves when no container of a task is left. An executor that was told to shut down
   * still tells how its tasks have ended.
   */
  async destroy(): Promise<void> {
    const isLeaving = this.#state.isShuttingDown;
    if (!isLeaving) {
      this.stop();
    }
    this.#abandonAll();
    await Promise.all([...this.#launches.values()].map(({ answered }) => answered));
    const containers = [...this.#containers.values()];
    for (const container of containers) {
      container.destroy();
    }
    await Promise.all(containers.map(({ ended }) => ended));
    if (isLeaving && !this.#stopped) {
      const patience = Promise.withResolvers<void>();
      const limit = setTimeout(patience.resolve, LAST_WORDS_MS);
      await Promise.race([this.#done.promise, patience.promise]);
      clearTimeout(limit);
    }
    this.stop();
  }

  #abandonAll(): void {
    for (const { abort } of this.#launches.values()) {
      abort.abort(abandoned);
    }
  }

  #receive(event: ExecutorEvent): void {
    this.#step({ type: 'executorEvent', event, nowMs: this.#options.nowMs() });
  }

  #step(event: PodEvent): void {
    if (this.#stopped) {
      return;
    }
    for (const effect of stepPod(this.#state, event)) {
      this.#perform(effect);
    }
  }

  #perform(effect: PodEffect): void {
    switch (effect.type) {
      case 'call':
        this.#transport.call(effect.call);
        return;
      case 'launch': {
        const abort = new AbortController();
        const answered = this.#launch(effect, abort.signal).finally(() =>
          this.#launches.delete(effect.container),
        );
        this.#launches.set(effect.container, { abort, answered });
        return;
      }
      case 'abandon':
        this.#launches.get(effect.container)?.abort.abort(abandoned);
        return;
      case 'terminate':
        this.#containers.get(effect.container)?.terminate();
        return;
      case 'destroy':
        this.#containers.get(effect.container)?.destroy();
        return;
      case 'setTimer': {
        const container = 'container' in effect ? effect.container : undefined;
        this.#setTimer(container, effect.timer, effect.delayMs);
        return;
      }
      case 'clearTimer':
        this.#timers.clear(timerName(effect.container, effect.timer));
        return;
      case 'probe': {
        const container = this.#containers.get(effect.container);
        if (container !== undefined) {
          const { kind } = effect.probe;
          void probe(effect.probe, container, this.#options.containerizer).then((result) =>
            this.#step({
              type: 'probed',
              container: container.id,
              kind,
              result,
              nowMs: this.#options.nowMs(),
            }),
          );
        }
        return;
      }
      case 'rememberKill':
        this.#options.rememberKill(effect.container, effect.kill);
        return;
      case 'end':
        this.#done.resolve();
        this.#options.end();
        return;
    }
  }

  /** Never rejects. */
  async #launch(launch: Launch, abort: AbortSignal): Promise<void> {
    let failure: string | undefined;
    try {
      const container = await this.#options.launch(launch, abort);
      this.#watch(container);
      if (this.#stopped) {
        return;
      }
      container.release();
      // Who hears of a running task finds the files of its output. A kill does not wait for them.
      await unlessAborted(container.begun, abort).catch(() => undefined);
    } catch (error) {
      failure = errorText(error);
    }
    const { container } = launch;
    this.#step({ type: 'launched', container, failure, nowMs: this.#options.nowMs() });
  }

  #watch(container: Container): void {
    const { id } = container;
    this.#containers.set(id, container);
    void container.ended.then((end) => {
      this.#containers.delete(id);
      const limitation = this.#limitations.get(id);
      this.#limitations.delete(id);
      this.#step({
        type: 'ended',
        container: id,
        ...end,
        limitation,
        nowMs: this.#options.nowMs(),
      });
    });
  }

  #setTimer(container: ContainerId | undefined, timer: PodTimer, delayMs: number): void {
    this.#timers.set(timerName(container, timer), delayMs, () =>
      this.#step({ type: 'timer', container, timer, nowMs: this.#options.nowMs() }),
    );
  }
}

const abandoned = new Error('The task was killed before its container was started');

const timerName = (container: ContainerId | undefined, timer: PodTimer) =>
  `${timer} ${container ?? ''}`;
