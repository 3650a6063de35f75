// Carries out the effects of a command executor: timers, probes, signals to the container, the
// record of a kill.
import type { Containerizer } from '../containerizer/containerizer.ts';
import type { Container, ContainerEnd } from '../containerizer/launchers/launcher.ts';
import { ExecutorCall_Type, type ExecutorEvent } from '../model/generated/messages.ts';
import {
  type CommandEffect,
  type CommandEvent,
  type CommandOptions,
  type CommandTimer,
  createCommand,
  stepCommand,
} from './command.ts';
import { ExecutorTimers } from './executor-timers.ts';
import type { ConnectExecutor, ExecutorTransport } from './executor-transport.ts';
import { probe } from './prober.ts';
import type { RememberedKill } from './remembered-kill.ts';

export interface CommandRunnerOptions {
  readonly container: Container;
  readonly containerizer: Containerizer;
  readonly command: CommandOptions;
  /** Stores a kill in progress for the executor of a later agent. */
  readonly rememberKill: (kill: RememberedKill) => void;
  readonly nowMs: () => number;
  readonly connect: ConnectExecutor;
  /** Called when the executor is done with its task, or never got one. */
  readonly end: () => void;
}

export class CommandRunner {
  readonly #options: CommandRunnerOptions;
  readonly #state;
  readonly #transport: ExecutorTransport;
  readonly #timers = new ExecutorTimers();
  #stopped = false;

  constructor(options: CommandRunnerOptions) {
    this.#options = options;
    this.#state = createCommand(options.command);
    this.#transport = options.connect((event) => this.#receive(event));
  }

  /** Subscribes with the agent, whose events then launch the task. */
  subscribe(): void {
    const { frameworkId, executorId } = this.#options.command;
    this.#transport.call({
      type: ExecutorCall_Type.SUBSCRIBE,
      framework_id: { value: frameworkId },
      executor_id: { value: executorId },
      subscribe: {},
    });
  }

  #receive(event: ExecutorEvent): void {
    this.#step({ type: 'executorEvent', event, nowMs: this.#options.nowMs() });
  }

  /** The task's processes have ended. */
  ended(end: ContainerEnd): void {
    this.#step({ type: 'ended', ...end, nowMs: this.#options.nowMs() });
  }

  /** After this nothing more is done or sent. */
  stop(): void {
    this.#stopped = true;
    this.#transport.close();
    this.#timers.clearAll();
  }

  #step(event: CommandEvent): void {
    if (this.#stopped) {
      return;
    }
    for (const effect of stepCommand(this.#state, event)) {
      this.#perform(effect);
    }
  }

  #perform(effect: CommandEffect): void {
    const { container, containerizer } = this.#options;
    switch (effect.type) {
      case 'call':
        this.#transport.call(effect.call);
        return;
      case 'release':
        container.release();
        void container.begun.then(() =>
          this.#step({ type: 'begun', nowMs: this.#options.nowMs() }),
        );
        return;
      case 'terminate':
        container.terminate();
        return;
      case 'destroy':
        container.destroy();
        return;
      case 'setTimer':
        this.#setTimer(effect.timer, effect.delayMs);
        return;
      case 'clearTimer':
        this.#timers.clear(effect.timer);
        return;
      case 'probe': {
        const { kind } = effect.probe;
        void probe(effect.probe, container, containerizer).then((result) =>
          this.#step({ type: 'probed', kind, result, nowMs: this.#options.nowMs() }),
        );
        return;
      }
      case 'rememberKill':
        this.#options.rememberKill(effect.kill);
        return;
      case 'end':
        this.#options.end();
        return;
    }
  }

  #setTimer(timer: CommandTimer, delayMs: number): void {
    this.#timers.set(timer, delayMs, () =>
      this.#step({ type: 'timer', timer, nowMs: this.#options.nowMs() }),
    );
  }
}
