// The cluster of a scenario: real state machines of a master and agents, one clock, and a network
// without delay. The scenario plays frameworks and executors. All messages and stored changes are
// recorded, in the order in which they happen.
import type { AgentEffect } from '../../src/agent/effects.ts';
import type { MasterEffect } from '../../src/master/effects.ts';
import type { MasterOptions } from '../../src/master/options.ts';
import type {
  FrameworkInfo,
  InverseOffer,
  Offer,
  SchedulerEvent,
} from '../../src/model/generated/messages.ts';
import type { StreamId } from '../../src/model/ids.ts';
import { FakeFramework, World as MasterWorld } from '../master/harness.ts';
import { Machine } from './machine.ts';
import {
  checkpointLine,
  executorEventLine,
  registryLine,
  resourcesLine,
  schedulerEventLines,
  toAgentLine,
  toMasterLine,
} from './messages.ts';
import { Names } from './names.ts';

export interface Scheduler {
  readonly name: string;
  framework: FakeFramework;
  /** Whether it acknowledges each update as it comes. */
  readonly acknowledges: boolean;
}

/** Regular messages, which are shown only when they are lost. */
const ROUTINE = new Set([
  ...['PingAgent', 'PongAgent', 'UpdateAgent', 'UpdateOperationStatus', 'StatusUpdate'],
  ...['StatusUpdateAcknowledgement', 'AcknowledgeOperationStatus', 'ReconcileOperations'],
]);
const WHO_WIDTH = 17;
const TIME_WIDTH = 7;

export class Cluster {
  master: MasterWorld;
  readonly names = new Names();
  readonly machines = new Map<string, Machine>();
  readonly schedulers = new Map<string, Scheduler>();
  /** Schedulers that another has replaced; they still get the error about it. */
  readonly #replaced: Scheduler[] = [];
  #isMasterUp = true;
  readonly #undelivered: (() => void)[] = [];
  readonly #lines: string[] = [];
  #nowMs: number;
  /** When the command that lets time pass began. */
  #waitsSinceMs: number | undefined;

  constructor(options: Partial<MasterOptions> = {}) {
    this.master = new MasterWorld(options, { onEffect: (effect) => this.#masterEffect(effect) });
    this.master.answersPings = false;
    this.#nowMs = this.master.nowMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Returns what has happened since the last call. */
  told(): string[] {
    return this.#lines.splice(0);
  }

  addMachine(name: string, resources: string): void {
    const machine = new Machine({
      name,
      resources,
      number: this.machines.size + 1,
      onEffect: (effect) => this.#agentEffect(machine, effect),
    });
    this.machines.set(name, machine);
    machine.start(this.#nowMs);
    this.settle();
    this.wait(2_000);
  }

  subscribe(name: string, info: Partial<FrameworkInfo>, acknowledges: boolean): void {
    const framework = new FakeFramework(this.master, info, {});
    this.schedulers.set(name, { name, framework, acknowledges });
    framework.subscribe();
    this.settle();
  }

  /** Subscribes the same framework again, with the present master. */
  subscribeAgain(scheduler: Scheduler): void {
    const { id, info } = scheduler.framework;
    this.#replaced.push({ ...scheduler, name: `former ${scheduler.name}` });
    scheduler.framework = new FakeFramework(this.master, { ...info, id: { value: id } }, {});
    const answer = scheduler.framework.subscribe();
    if (answer?.type === 'reply') {
      this.note(scheduler.name, `is answered ${answer.status} ${answer.text ?? ''}`);
    }
    this.settle();
  }

  killMaster(): void {
    this.#isMasterUp = false;
    for (const machine of this.machines.values()) {
      if (!machine.isCutOff) {
        machine.linkLost();
      }
    }
    this.settle();
  }

  startMaster(): void {
    this.master = this.master.restart(this.#nowMs - this.master.nowMs);
    this.master.answersPings = false;
    this.#isMasterUp = true;
    for (const machine of this.machines.values()) {
      machine.masterDetected();
    }
    this.settle();
  }

  killAgent(machine: Machine): void {
    machine.kill();
    const address = machine.pid.replace(/^.*@/, '');
    this.master.dispatch({ type: 'linkLost', address });
    this.settle();
  }

  wait(ms: number): void {
    const endMs = this.#nowMs + ms;
    this.#waitsSinceMs = this.#nowMs;
    while (this.#nowMs < endMs) {
      const worlds = [...this.machines.values()].flatMap(({ world }) => world ?? []);
      const timers = [...(this.#isMasterUp ? [this.master] : []), ...worlds];
      const nextMs = Math.min(endMs, ...timers.map(({ nextTimerMs }) => nextTimerMs));
      const stepMs = Math.max(0, nextMs - this.#nowMs);
      this.#nowMs += stepMs;
      if (this.#isMasterUp) {
        this.master.advance(stepMs);
      }
      for (const machine of this.machines.values()) {
        machine.pass(stepMs);
      }
      this.settle();
    }
    this.#waitsSinceMs = undefined;
  }

  /** Delivers messages until none is left, including those sent in answer. */
  settle(): void {
    for (
      let next = this.#undelivered.shift();
      next !== undefined;
      next = this.#undelivered.shift()
    ) {
      next();
    }
  }

  offer(scheduler: Scheduler, name: string): Offer {
    const offers = scheduler.framework.offers();
    return this.#named(offers, name, `${scheduler.name} has no offer`);
  }

  inverseOffer(scheduler: Scheduler, name: string): InverseOffer {
    const offers = scheduler.framework
      .events('INVERSE_OFFERS')
      .flatMap((it) => it.inverse_offers?.inverse_offers ?? []);
    return this.#named(offers, name, `${scheduler.name} has no inverse offer`);
  }

  #named<Known extends { id: { value: string } }>(
    offers: Known[],
    name: string,
    otherwise: string,
  ): Known {
    const found = offers.find(({ id }) => this.names.named(id.value) === name);
    if (found === undefined) {
      throw new Error(`${otherwise} ${name}`);
    }
    return found;
  }

  note(who: string, what: string): void {
    const line = `${who.padEnd(WHO_WIDTH)}  ${this.names.named(what)}`.trimEnd();
    const since = this.#waitsSinceMs;
    if (since === undefined) {
      this.#lines.push(line);
      return;
    }
    const seconds = Math.round((this.#nowMs - since) / 1000);
    this.#lines.push(`+${seconds}s`.padEnd(TIME_WIDTH) + line);
  }

  #masterEffect(effect: MasterEffect): void {
    switch (effect.type) {
      case 'sendToFramework': {
        const scheduler = this.#schedulerOf(effect.to.id);
        if (scheduler !== undefined) {
          this.#hears(scheduler, structuredClone(effect.event));
        }
        return;
      }
      case 'sendToAgent': {
        const machine = [...this.machines.values()].find(({ pid }) => pid === effect.to);
        if (machine === undefined) {
          return;
        }
        const { message } = structuredClone({ message: effect.message });
        if (message.name === 'AgentRegisteredMessage') {
          this.names.learn(message.body.agent_id.value, machine.name);
        }
        const from = `${effect.from ?? 'master'}@10.0.0.1:5050`;
        const line = toAgentLine(message);
        const isManual = [...this.schedulers.values()].some((it) => !it.acknowledges);
        const isLost = machine.isCutOff || machine.world === undefined;
        const isShown = isManual && line.startsWith('StatusUpdateAcknowledgement');
        this.#deliver(`master -> ${machine.name}`, line, { isLost, isShown }, () =>
          machine.hear(message, from),
        );
        return;
      }
      case 'store':
        for (const change of effect.changes) {
          if (change.type === 'admitAgent') {
            this.names.learn(change.agent.id?.value ?? '', change.agent.hostname);
          }
          this.note('registry', registryLine(change));
        }
        return;
      case 'closeStream': {
        const closed = this.#schedulerOf(effect.stream);
        if (closed !== undefined) {
          this.note(`master -> ${closed.name}`, 'ends the stream');
        }
        return;
      }
      case 'abort':
        this.note('master', `ends: ${effect.reason}`);
        return;
      default:
    }
  }

  #schedulerOf(stream: StreamId): Scheduler | undefined {
    const all = [...this.schedulers.values(), ...this.#replaced];
    return all.find(({ framework }) => framework.stream === stream);
  }

  #hears(scheduler: Scheduler, event: SchedulerEvent): void {
    const { name, framework, acknowledges } = scheduler;
    if (event.subscribed !== undefined) {
      this.names.learn(event.subscribed.framework_id.value, name);
    }
    for (const line of schedulerEventLines(event)) {
      this.note(`master -> ${name}`, line);
    }
    const status = event.update?.status;
    if (acknowledges && status?.uuid !== undefined) {
      const acknowledge = { ...status, agent_id: status.agent_id ?? { value: '' } };
      this.#undelivered.push(() => {
        const { agent_id, task_id, uuid = new Uint8Array() } = acknowledge;
        framework.call('ACKNOWLEDGE', { acknowledge: { agent_id, task_id, uuid } });
      });
    }
    const done = event.update_operation_status?.status;
    if (done?.uuid !== undefined && done.operation_id !== undefined) {
      const { uuid, operation_id, agent_id } = done;
      this.#undelivered.push(() => {
        framework.call('ACKNOWLEDGE_OPERATION_STATUS', {
          acknowledge_operation_status: {
            uuid: uuid.value,
            operation_id,
            ...(agent_id === undefined ? {} : { agent_id }),
          },
        });
      });
    }
  }

  #agentEffect(machine: Machine, effect: AgentEffect): void {
    const { name } = machine;
    switch (effect.type) {
      case 'sendToMaster': {
        const { message } = structuredClone({ message: effect.message });
        const isLost = machine.isCutOff || !this.#isMasterUp;
        this.#deliver(`${name} -> master`, toMasterLine(message), { isLost }, () =>
          this.master.dispatch({ type: 'agentMessage', from: machine.pid, message }),
        );
        return;
      }
      case 'launchExecutor': {
        const command = effect.task?.command ?? effect.command;
        const executor = effect.executor.executor_id.value;
        const user = effect.user === undefined ? '' : ` as ${effect.user}`;
        const uses = resourcesLine(effect.resources);
        this.note(name, `starts ${executor}${user}: '${command?.value}' with ${uses}`);
        return;
      }
      case 'sendToExecutor': {
        const line = executorEventLine(effect.event);
        if (!/^(SUBSCRIBED|ACKNOWLEDGED|HEARTBEAT)/.test(line)) {
          this.note(`${name} -> ${machine.executorOf(effect.stream)}`, line);
        }
        return;
      }
      case 'destroyContainer':
        this.note(name, `kills all of ${effect.executorId}`);
        return;
      case 'createVolume':
        this.note(name, `makes the folder ${effect.path}`);
        return;
      case 'reply':
        if (effect.status !== 202) {
          this.note(`${name} -> executor`, `${effect.status} ${effect.text ?? ''}`);
        }
        return;
      case 'exit':
        this.note(name, `ends: ${effect.reason}`);
        this.killAgent(machine);
        return;
      case 'checkpoint':
        for (const change of effect.changes) {
          const line = checkpointLine(change);
          if (line !== undefined) {
            this.note(`${name} stores`, line);
          }
        }
        return;
      default:
    }
  }

  #deliver(
    who: string,
    line: string,
    { isLost, isShown = false }: { readonly isLost: boolean; readonly isShown?: boolean },
    arrives: () => void,
  ): void {
    if (isLost) {
      this.note(who, `${line} (lost)`);
      return;
    }
    if (isShown || !ROUTINE.has(line.split(' ', 1)[0] ?? '')) {
      this.note(who, line);
    }
    this.#undelivered.push(arrives);
  }
}
