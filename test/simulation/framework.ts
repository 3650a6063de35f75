// A scheduler as people write them: it launches tasks on offers, acknowledges what it is told, asks for what
// it is not sure of, kills some tasks, and comes back when its connection is gone. What it knows of its
// tasks it never forgets; every fault is between it and the master.
import {
  type ExecutorInfo,
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  type Offer,
  type Offer_Operation,
  Offer_Operation_Type,
  type OfferID,
  type OperationStatus,
  type Resource,
  type SchedulerCall,
  SchedulerCall_Type,
  type SchedulerEvent,
  SchedulerEvent_Type,
  type TaskInfo,
  TaskState,
  type TaskStatus,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import type { StreamId } from '../../src/model/ids.ts';
import { formatUuid } from '../../src/model/random.ts';
import { isTerminal, taskStateName } from '../../src/model/task-state.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';
import type { Planned } from './agenda.ts';
import { conversionOf } from './conversions.ts';
import type { CommandPlan } from './machine.ts';
import type { SchedulerConnection } from './master-host.ts';
import type { Channel, Process } from './network.ts';
import type { Simulation } from './simulation.ts';

/** Seconds of a failover timeout that never passes. */
export const FOR_EVER = 1_000_000;

export interface FrameworkPlan {
  readonly name: string;
  readonly roles: readonly string[];
  readonly checkpoint: boolean;
  readonly partitionAware: boolean;
  readonly killingState: boolean;
  readonly failoverSeconds: number;
  readonly ownExecutors: boolean;
  readonly tasks: number;
  /** It never goes for good. */
  readonly isAnchor: boolean;
}

export interface KnownTask {
  readonly id: string;
  readonly agentId: string;
  readonly plan: CommandPlan;
  readonly hasOwnExecutor: boolean;
  state: TaskState;
  /** The master or agent has said that it cannot know the task any more. */
  isUnknown: boolean;
  isKilled: boolean;
  /** Uuids in the order in which they first came. */
  readonly uuids: string[];
  readonly acknowledged: Set<string>;
  /** The last state of an update with a uuid. */
  reported: TaskState | undefined;
}

interface Connection {
  readonly process: Process;
  readonly calls: Channel;
  readonly answers: Channel;
  readonly scheduler: SchedulerConnection;
  stream: StreamId | undefined;
  closeStream: (() => void) | undefined;
  lastEventMs: number;
}

export type FrameworkPhase = 'running' | 'over';

const RANK = new Map<TaskState, number>([
  [TaskState.TASK_STAGING, 0],
  [TaskState.TASK_STARTING, 1],
  [TaskState.TASK_RUNNING, 2],
  [TaskState.TASK_KILLING, 3],
]);

const rankOf = (state: TaskState) => RANK.get(state) ?? 4;

export class Framework {
  readonly plan: FrameworkPlan;
  readonly tasks = new Map<string, KnownTask>();
  id: string | undefined;
  phase: FrameworkPhase = 'running';
  /** Why it is over. */
  end: string | undefined;
  launched = 0;
  #operations = 0;
  /** What it subscribes with; may change. */
  roles: readonly string[];
  readonly #simulation: Simulation;
  #offers = new Map<string, Offer>();
  #connection: Connection | undefined;
  #retry: Planned | undefined;
  #backoffMs = 500;
  #isSuppressed = false;

  constructor(simulation: Simulation, plan: FrameworkPlan) {
    this.#simulation = simulation;
    this.plan = plan;
    this.roles = plan.roles;
  }

  get isConnected(): boolean {
    return this.#connection?.stream !== undefined && this.id !== undefined;
  }

  get offers(): readonly Offer[] {
    return [...this.#offers.values()];
  }

  start(): void {
    this.#connect();
    this.#every(2_000, () => this.#live());
    this.#every(30_000, () => this.#reconcile());
  }

  // Connections

  #connect(): void {
    const { network, agenda, master } = this.#simulation;
    this.#simulation.agenda.cancel(this.#retry);
    this.#retry = undefined;
    if (this.phase === 'over') {
      return;
    }
    this.#retry = agenda.after(
      this.#simulation.chance.int(this.#backoffMs / 2, this.#backoffMs),
      () => {
        const { life } = master;
        this.#backoffMs = Math.min(this.#backoffMs * 2, 10_000);
        if (life === undefined || network.isCut(this.plan.name, life.process.host)) {
          this.#connect();
          return;
        }
        this.#subscribe(life.process);
      },
    );
  }

  #subscribe(to: Process): void {
    const { network, agenda } = this.#simulation;
    const process: Process = { host: this.plan.name, alive: true };
    const lost = () => this.#lost(connection, 'its connection broke');
    const connection: Connection = {
      process,
      calls: network.channel({ from: process, to, onSenderLost: lost }),
      answers: network.channel({ from: to, to: process, onReceiverLost: lost }),
      scheduler: {
        process,
        onAnswer: (status, text) => this.#answered(connection, status, text),
        onStream: (stream, close) => {
          connection.stream = stream;
          connection.closeStream = close;
        },
        onEvent: (bytes) => this.#received(connection, decodeMessage(types.SchedulerEvent, bytes)),
        onStreamEnd: () => this.#lost(connection, 'its stream ended'),
      },
      stream: undefined,
      closeStream: undefined,
      lastEventMs: agenda.nowMs,
    };
    this.#connection = connection;
    this.#offers.clear();
    this.#isSuppressed = false;
    this.#send({
      ...(this.id === undefined ? {} : { framework_id: { value: this.id } }),
      type: SchedulerCall_Type.SUBSCRIBE,
      subscribe: { framework_info: this.#info() },
    });
    agenda.after(20_000, () => {
      if (this.#connection === connection && connection.stream === undefined) {
        this.#lost(connection, 'nobody answers');
      }
    });
  }

  #info(): FrameworkInfo {
    const { plan } = this;
    const capabilities = [
      FrameworkInfo_Capability_Type.MULTI_ROLE,
      FrameworkInfo_Capability_Type.RESERVATION_REFINEMENT,
      ...(plan.partitionAware ? [FrameworkInfo_Capability_Type.PARTITION_AWARE] : []),
      ...(plan.killingState ? [FrameworkInfo_Capability_Type.TASK_KILLING_STATE] : []),
    ];
    return {
      user: 'root',
      name: plan.name,
      ...(this.id === undefined ? {} : { id: { value: this.id } }),
      roles: [...this.roles],
      checkpoint: plan.checkpoint,
      failover_timeout: plan.failoverSeconds,
      capabilities: capabilities.map((type) => ({ type })),
    };
  }

  #lost(connection: Connection, why: string): void {
    if (connection.process.alive) {
      connection.process.alive = false;
      connection.closeStream?.();
      this.#simulation.network.ended(connection.process, { inOrder: true });
    }
    if (this.#connection === connection) {
      this.#note(() => `has lost its master: ${why}`);
      this.#connection = undefined;
      this.#offers.clear();
      this.#connect();
    }
  }

  /** Hangs up, and comes back after a while. */
  disconnect(awayMs: number): void {
    const connection = this.#connection;
    if (connection !== undefined) {
      this.#lost(connection, 'it hangs up');
      this.#simulation.agenda.cancel(this.#retry);
      this.#retry = this.#simulation.agenda.after(awayMs, () => this.#connect());
    }
  }

  /** A second instance takes over while the first is still connected. */
  failOver(): void {
    const { life } = this.#simulation.master;
    const before = this.#connection;
    if (before === undefined || life === undefined || this.id === undefined) {
      return;
    }
    this.#note(() => 'fails over');
    this.#simulation.agenda.cancel(this.#retry);
    this.#retry = undefined;
    this.#subscribe(life.process);
  }

  tearDown(): void {
    if (this.isConnected && !this.plan.isAnchor) {
      this.#note(() => 'tears itself down');
      this.#send({ type: SchedulerCall_Type.TEARDOWN });
      this.#over('torn down');
    }
  }

  #over(why: string): void {
    this.phase = 'over';
    this.end ??= why;
    this.#offers.clear();
  }

  #answered(connection: Connection, status: number, text: string | undefined): void {
    if (status >= 400 && this.#connection === connection) {
      this.#note(() => `is answered ${status} ${text ?? ''}`);
      if (this.phase === 'running') {
        this.#lost(connection, 'its call was refused');
      }
    }
  }

  #send(call: SchedulerCall): void {
    const connection = this.#connection;
    const { master } = this.#simulation;
    if (connection === undefined) {
      return;
    }
    const named: SchedulerCall =
      call.type === SchedulerCall_Type.SUBSCRIBE
        ? call
        : { ...call, framework_id: { value: this.id ?? '' } };
    const bytes = encodeMessage(types.SchedulerCall, named);
    const { stream, scheduler, answers } = connection;
    const to = connection.calls.ends.to;
    connection.calls.send(() =>
      master.called(to, {
        connection: scheduler,
        answers,
        stream,
        bytes: bytes.slice(),
      }),
    );
  }

  // Events

  #received(connection: Connection, event: SchedulerEvent): void {
    if (this.#connection !== connection) {
      if (event.type === SchedulerEvent_Type.ERROR) {
        this.#lost(connection, 'another instance has taken over');
      }
      return;
    }
    connection.lastEventMs = this.#simulation.agenda.nowMs;
    switch (event.type) {
      case SchedulerEvent_Type.SUBSCRIBED:
        this.#subscribed(event.subscribed?.framework_id.value ?? '');
        return;
      case SchedulerEvent_Type.OFFERS:
        for (const offer of event.offers?.offers ?? []) {
          this.#offered(connection, offer);
        }
        return;
      case SchedulerEvent_Type.RESCIND:
        this.#offers.delete(event.rescind?.offer_id.value ?? '');
        return;
      case SchedulerEvent_Type.UPDATE:
        if (event.update !== undefined) {
          this.#updated(connection, event.update.status);
        }
        return;
      case SchedulerEvent_Type.INVERSE_OFFERS:
        for (const { id } of event.inverse_offers?.inverse_offers ?? []) {
          this.#answerInverse(id);
        }
        return;
      case SchedulerEvent_Type.UPDATE_OPERATION_STATUS:
        this.#operationUpdated(event.update_operation_status?.status);
        return;
      case SchedulerEvent_Type.ERROR:
        this.#note(() => `is told an error: ${event.error?.message}`);
        if (event.error?.message === 'Framework has been removed') {
          this.#over('removed');
        }
        this.#lost(connection, 'an error');
        return;
      default:
        return;
    }
  }

  #subscribed(id: string): void {
    if (this.id !== undefined && this.id !== id) {
      this.#simulation.checks.fail(`${this.plan.name} subscribed as ${this.id} and is now ${id}`);
    }
    this.id = id;
    this.#backoffMs = 500;
    this.#note(() => `is subscribed as ${id}`);
    this.#reconcile();
  }

  #offered(connection: Connection, offer: Offer): void {
    const { agenda, chance, isQuiet } = this.#simulation;
    this.#offers.set(offer.id.value, offer);
    if (isQuiet) {
      return;
    }
    agenda.after(chance.delay(0, 5_000), () => {
      if (this.#connection === connection && !this.#simulation.isQuiet) {
        this.#answer(offer);
      }
    });
  }

  #answerInverse(id: OfferID): void {
    const body = { inverse_offer_ids: [id], filters: { refuse_seconds: 5 } };
    if (this.#simulation.chance.of(0.5)) {
      const type = SchedulerCall_Type.ACCEPT_INVERSE_OFFERS;
      this.#send({ type, accept_inverse_offers: body });
    } else {
      const type = SchedulerCall_Type.DECLINE_INVERSE_OFFERS;
      this.#send({ type, decline_inverse_offers: body });
    }
  }

  /** Launches something, or declines, or keeps it a while longer. */
  #answer(offer: Offer): void {
    const { chance } = this.#simulation;
    if (!this.#offers.delete(offer.id.value)) {
      // Rescinded; answering it nevertheless is what slow schedulers do.
      if (chance.of(0.8)) {
        return;
      }
    }
    const refuseSeconds = chance.pick([0, 1, 5, 30]);
    if (this.launched >= this.plan.tasks || chance.of(0.2)) {
      this.#send({
        type: SchedulerCall_Type.DECLINE,
        decline: { offer_ids: [offer.id], filters: { refuse_seconds: refuseSeconds } },
      });
      return;
    }
    const offers = [offer, ...this.#alike(offer)];
    const whole = { ...offer, resources: offers.flatMap(({ resources }) => resources ?? []) };
    const tasks = this.#tasksFor(whole);
    const operations = this.#conversions(whole);
    for (const launch of this.#launchesOf(tasks)) {
      operations.splice(chance.int(0, operations.length), 0, launch);
    }
    this.#note(() => `launches ${tasks.map((it) => it.task_id.value).join(' ')}`);
    this.#send({
      type: SchedulerCall_Type.ACCEPT,
      accept: {
        offer_ids: offers.map(({ id }) => id),
        operations,
        filters: { refuse_seconds: refuseSeconds },
      },
    });
    if (chance.of(0.05)) {
      this.#kill(this.tasks.get(tasks[0]?.task_id.value ?? ''));
    }
  }

  /** Those for an executor of the framework's own may go as a group. */
  #launchesOf(tasks: readonly TaskInfo[]): Offer_Operation[] {
    const { chance, settings } = this.#simulation;
    const own = tasks.filter(({ executor }) => executor !== undefined);
    const executor = own[0]?.executor;
    const isGroup = executor !== undefined && settings.taskGroups > 0;
    if (!isGroup || !chance.of(settings.taskGroups)) {
      return [{ type: Offer_Operation_Type.LAUNCH, launch: { task_infos: [...tasks] } }];
    }
    const others = tasks.filter((task) => task.executor === undefined);
    const group = own.map(({ executor: _, ...task }) => task);
    return [
      { type: Offer_Operation_Type.LAUNCH, launch: { task_infos: others } },
      {
        type: Offer_Operation_Type.LAUNCH_GROUP,
        launch_group: { executor, task_group: { tasks: group } },
      },
    ];
  }

  /** Now and then all offers of an agent are accepted together. */
  #alike(offer: Offer): Offer[] {
    const alike = this.offers.filter(
      ({ agent_id, allocation_info }) =>
        agent_id.value === offer.agent_id.value &&
        allocation_info?.role === offer.allocation_info?.role,
    );
    if (this.#simulation.chance.of(0.5)) {
      return [];
    }
    for (const { id } of alike) {
      this.#offers.delete(id.value);
    }
    return alike;
  }

  #conversions(offer: Offer): Offer_Operation[] {
    const { chance, settings } = this.#simulation;
    const operations: Offer_Operation[] = [];
    while (chance.of(settings.conversions)) {
      const number = this.#operations++;
      const operation = conversionOf(chance, offer, {
        volume: `${this.plan.name}-v${number}`,
        operation: chance.of(0.5) ? `${this.plan.name}-op${number}` : undefined,
        resizes: settings.resizesVolumes,
      });
      if (operation !== undefined) {
        const body = JSON.stringify(operation);
        this.#note(() => `converts ${body}`);
        operations.push(operation);
      }
    }
    return operations;
  }

  #tasksFor(offer: Offer): TaskInfo[] {
    const { chance, agenda } = this.#simulation;
    const role = offer.allocation_info?.role ?? '*';
    let cpus = milliOf(offer, 'cpus');
    let mem = milliOf(offer, 'mem');
    const tasks: TaskInfo[] = [];
    const wanted = Math.min(chance.int(1, 4), this.plan.tasks - this.launched);
    for (let i = 0; i < wanted; i++) {
      const needs = { cpus: chance.int(1, 15) * 100, mem: chance.int(1, 32) * 32_000 };
      const isGreedy = chance.of(0.02);
      if (!isGreedy && (needs.cpus > cpus || needs.mem > mem)) {
        continue;
      }
      cpus -= needs.cpus;
      mem -= needs.mem;
      const plan = this.#commandPlan();
      const id = `${this.plan.name}-t${this.launched++}`;
      const hasOwnExecutor = this.plan.ownExecutors && chance.of(0.5);
      this.tasks.set(id, {
        id,
        hasOwnExecutor,
        agentId: offer.agent_id.value,
        plan,
        state: TaskState.TASK_STAGING,
        isUnknown: false,
        isKilled: false,
        uuids: [],
        acknowledged: new Set(),
        reported: undefined,
      });
      if (this.id !== undefined) {
        this.#simulation.plans.set(`${this.id} ${id}`, plan);
      }
      tasks.push({
        name: id,
        task_id: { value: id },
        agent_id: offer.agent_id,
        ...(hasOwnExecutor
          ? { executor: this.#executor(role) }
          : { command: { value: `started at ${agenda.nowMs}` } }),
        resources: [scalar('cpus', needs.cpus, role), scalar('mem', needs.mem, role)],
      });
    }
    return tasks;
  }

  /** One for each role, the same on every agent; what it needs is little, and may not be there. */
  #executor(role: string): ExecutorInfo {
    return {
      executor_id: { value: `${this.plan.name}-${role.replaceAll('/', '-')}` },
      framework_id: { value: this.id ?? '' },
      command: { value: 'executor' },
      resources: [scalar('cpus', 100, role), scalar('mem', 32_000, role)],
    };
  }

  #commandPlan(): CommandPlan {
    const { chance } = this.#simulation;
    return {
      runsMs: chance.of(0.3) ? chance.int(0, 1_000) : chance.int(1_000, 120_000),
      waitStatus: chance.of(0.7) ? 0 : chance.pick([1 << 8, 3 << 8, 9, 11]),
      terminatesMs: chance.of(0.8) ? chance.int(0, 2_000) : undefined,
    };
  }

  #updated(connection: Connection, status: TaskStatus): void {
    const { agenda, chance, checks } = this.#simulation;
    const task = this.tasks.get(status.task_id.value);
    if (task === undefined) {
      checks.fail(`${this.plan.name} hears of ${status.task_id.value}, which it never launched`);
      return;
    }
    this.#note(
      () =>
        `hears ${task.id} ${taskStateName(status.state)} (${status.message ?? ''}) ${uuidOf(status)?.slice(0, 8) ?? ''}`,
    );
    const uuid = uuidOf(status);
    if (uuid === undefined) {
      this.#told(task, status);
      return;
    }
    if (!task.uuids.includes(uuid)) {
      this.#checkOrder(task, status);
      task.uuids.push(uuid);
      task.reported = status.state;
    }
    // A scheduler acknowledges what it has dealt with, in the order in which it came.
    const acknowledge = () => {
      if (this.#connection !== connection) {
        return;
      }
      task.acknowledged.add(uuid);
      task.isUnknown = false;
      if (
        !isTerminal(task.state) ||
        task.state === TaskState.TASK_LOST ||
        isTerminal(status.state)
      ) {
        task.state = status.state;
      }
      this.#send({
        type: SchedulerCall_Type.ACKNOWLEDGE,
        acknowledge: {
          agent_id: status.agent_id ?? { value: '' },
          task_id: status.task_id,
          uuid: status.uuid ?? new Uint8Array(),
        },
      });
    };
    if (chance.of(0.5)) {
      acknowledge();
    } else {
      agenda.after(chance.delay(0, 3_000), acknowledge);
    }
  }

  #operationUpdated(status: OperationStatus | undefined): void {
    const { operation_id, uuid, agent_id } = status ?? {};
    this.#note(() => `hears operation ${operation_id?.value} is ${status?.state}`);
    if (uuid !== undefined && operation_id !== undefined) {
      this.#send({
        type: SchedulerCall_Type.ACKNOWLEDGE_OPERATION_STATUS,
        acknowledge_operation_status: {
          ...(agent_id === undefined ? {} : { agent_id }),
          operation_id,
          uuid: uuid.value,
        },
      });
    }
  }

  /** News of an executor come in the order of a task's life, however often they are repeated. */
  #checkOrder(task: KnownTask, status: TaskStatus): void {
    const { reported } = task;
    if (reported !== undefined && isTerminal(reported)) {
      this.#simulation.checks.afterEnd(this, task, status);
    } else if (reported !== undefined && rankOf(status.state) < rankOf(reported)) {
      this.#simulation.checks.fail(
        `${this.plan.name} hears ${taskStateName(status.state)} of ${task.id} after ${taskStateName(reported)}`,
      );
    }
  }

  /** News without a uuid: of the master, about what it believes. */
  #told(task: KnownTask, status: TaskStatus): void {
    const last = task.uuids.at(-1) ?? '';
    if (isTerminal(task.reported ?? TaskState.TASK_STAGING) && task.acknowledged.has(last)) {
      return;
    }
    if (status.state === TaskState.TASK_UNKNOWN) {
      task.isUnknown = true;
      return;
    }
    task.isUnknown = false;
    task.state = status.state;
  }

  // Its own life

  #every(intervalMs: number, run: () => void): void {
    this.#simulation.agenda.after(intervalMs, () => {
      if (this.phase === 'running') {
        run();
        this.#every(intervalMs, run);
      }
    });
  }

  #live(): void {
    const { agenda, chance, isQuiet } = this.#simulation;
    const connection = this.#connection;
    if (connection?.stream !== undefined && agenda.nowMs - connection.lastEventMs > 75_000) {
      this.#lost(connection, 'it hears no heartbeats');
      return;
    }
    if (!this.isConnected) {
      return;
    }
    if (isQuiet) {
      if (this.#isSuppressed) {
        this.#isSuppressed = false;
        this.#send({ type: SchedulerCall_Type.REVIVE });
      }
      return;
    }
    if (chance.of(this.#simulation.settings.roleChanges)) {
      const others = chance.pick([['eng'], ['ops'], ['eng', 'ops'], ['eng/dev', 'ops']]);
      this.roles = this.plan.isAnchor ? ['*', ...others] : others;
      this.#note(() => `changes its roles to ${this.roles.join(', ')}`);
      this.#send({
        type: SchedulerCall_Type.UPDATE_FRAMEWORK,
        update_framework: { framework_info: this.#info() },
      });
    }
    if (this.#simulation.settings.talk > 0 && chance.of(this.#simulation.settings.talk)) {
      this.#talk();
    }
    if (chance.of(0.05)) {
      this.#shutDownExecutor(chance.pick([...this.tasks.values(), undefined]));
    }
    if (chance.of(0.1)) {
      this.#kill(chance.pick([...this.tasks.values(), undefined]));
    }
    if (chance.of(0.03)) {
      this.#send({ type: SchedulerCall_Type.RECONCILE, reconcile: {} });
    }
    if (chance.of(this.#isSuppressed ? 0.2 : 0.01)) {
      this.#isSuppressed = !this.#isSuppressed;
      const type = this.#isSuppressed ? SchedulerCall_Type.SUPPRESS : SchedulerCall_Type.REVIVE;
      this.#send({ type });
    } else if (chance.of(0.05)) {
      this.#send({ type: SchedulerCall_Type.REVIVE });
    }
  }

  #kill(task: KnownTask | undefined): void {
    if (task !== undefined && !isTerminal(task.state)) {
      task.isKilled = true;
      this.#note(() => `kills ${task.id}`);
      const agent_id = { value: task.agentId };
      this.#send({
        type: SchedulerCall_Type.KILL,
        kill: {
          task_id: { value: task.id },
          ...(this.#simulation.chance.of(0.7) ? { agent_id } : {}),
        },
      });
    }
  }

  #talk(): void {
    const task = this.#simulation.chance.pick([...this.tasks.values(), undefined]);
    this.#send({
      type: SchedulerCall_Type.RECONCILE_OPERATIONS,
      reconcile_operations: { operations: [] },
    });
    if (task?.hasOwnExecutor === true) {
      this.#send({
        type: SchedulerCall_Type.MESSAGE,
        message: {
          agent_id: { value: task.agentId },
          executor_id: this.#executor(this.plan.roles[0] ?? '*').executor_id,
          data: new Uint8Array([1, 2, 3]),
        },
      });
    }
  }

  #shutDownExecutor(task: KnownTask | undefined): void {
    if (task?.hasOwnExecutor === true && !isTerminal(task.state)) {
      this.#send({
        type: SchedulerCall_Type.SHUTDOWN,
        shutdown: {
          executor_id: { value: this.#executor(this.plan.roles[0] ?? '*').executor_id.value },
          agent_id: { value: task.agentId },
        },
      });
    }
  }

  #reconcile(): void {
    const open = [...this.tasks.values()].filter(({ state }) => !isTerminal(state));
    if (this.isConnected && open.length > 0) {
      this.#send({
        type: SchedulerCall_Type.RECONCILE,
        reconcile: {
          tasks: open.map(({ id, agentId }) => ({
            task_id: { value: id },
            agent_id: { value: agentId },
          })),
        },
      });
    }
  }

  /** When the faults are over: offers that it still thinks about go back. */
  quiet(): void {
    const ids = this.offers.map(({ id }) => id);
    this.#offers.clear();
    if (ids.length > 0) {
      for (const id of ids) {
        this.#send({
          type: SchedulerCall_Type.DECLINE,
          decline: { offer_ids: [id], filters: { refuse_seconds: 1 } },
        });
      }
    }
  }

  #note(text: () => string): void {
    this.#simulation.note(this.plan.name, text);
  }
}

const uuidOf = (status: TaskStatus) =>
  status.uuid === undefined || status.uuid.length === 0 ? undefined : formatUuid(status.uuid);

const scalar = (name: string, milli: number, role: string): Resource => ({
  name,
  type: Value_Type.SCALAR,
  scalar: { value: milli / 1000 },
  allocation_info: { role },
});

function milliOf(offer: Offer, name: string): number {
  let milli = 0;
  for (const resource of offer.resources ?? []) {
    if (resource.name === name && resource.reservations === undefined) {
      milli += Math.round((resource.scalar?.value ?? 0) * 1000);
    }
  }
  return milli;
}
