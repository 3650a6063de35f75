// A scheduler as people write them: it launches tasks on offers, acknowledges updates, reconciles
// when it is not sure, kills some tasks, and comes back when its connection is gone. It never
// forgets what it knows of its tasks; all faults are between it and the master.
import {
  type FrameworkInfo,
  FrameworkInfo_Capability_Type,
  type Offer,
  type OfferID,
  type OperationStatus,
  SchedulerCall_Type,
  type SchedulerEvent,
  SchedulerEvent_Type,
  type TaskStatus,
} from '../../src/model/generated/messages.ts';
import { isTerminal } from '../../src/model/task-state.ts';
import { fail } from './breach.ts';
import type { FrameworkPlan } from './framework-plan.ts';
import { Launches } from './launches.ts';
import { type Connection, MasterLine } from './master-line.ts';
import type { Simulation } from './simulation.ts';
import { type KnownTask, TaskNews } from './task-news.ts';

export type FrameworkPhase = 'running' | 'over';

export class Framework {
  readonly plan: FrameworkPlan;
  readonly tasks = new Map<string, KnownTask>();
  id: string | undefined;
  phase: FrameworkPhase = 'running';
  /** Why it is over. */
  end: string | undefined;
  /** The roles it subscribes with; they may change. */
  roles: readonly string[];
  readonly #simulation: Simulation;
  readonly #line: MasterLine;
  readonly #launches: Launches;
  readonly #news: TaskNews;
  #offers = new Map<string, Offer>();
  #isSuppressed = false;

  constructor(simulation: Simulation, plan: FrameworkPlan) {
    this.#simulation = simulation;
    this.plan = plan;
    this.roles = plan.roles;
    this.#line = new MasterLine(simulation, {
      name: plan.name,
      id: () => this.id,
      isOver: () => this.phase === 'over',
      info: () => this.#info(),
      onCut: () => {
        this.#offers.clear();
        this.#isSuppressed = false;
      },
      onEvent: (connection, event) => this.#received(connection, event),
    });
    this.#launches = new Launches(simulation, { plan, tasks: this.tasks, id: () => this.id });
    this.#news = new TaskNews(simulation, this);
  }

  get isConnected(): boolean {
    return this.#line.isOpen && this.id !== undefined;
  }

  get offers(): readonly Offer[] {
    return [...this.#offers.values()];
  }

  get launched(): number {
    return this.#launches.launched;
  }

  start(): void {
    this.#line.connect();
    this.#every(2_000, () => this.#live());
    this.#every(30_000, () => this.#reconcile());
  }

  /** Disconnects, and comes back after a while. */
  disconnect(awayMs: number): void {
    this.#line.disconnect(awayMs);
  }

  /** A second instance takes over while the first is still connected. */
  failOver(): void {
    this.#line.failOver();
  }

  tearDown(): void {
    if (this.isConnected && !this.plan.isAnchor) {
      this.#note(() => 'tears itself down');
      this.#line.send({ type: SchedulerCall_Type.TEARDOWN });
      this.#over('torn down');
    }
  }

  #over(why: string): void {
    this.phase = 'over';
    this.end ??= why;
    this.#offers.clear();
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

  // --- Events ---

  #received(connection: Connection, event: SchedulerEvent): void {
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
          this.#news.updated(event.update.status, (status) =>
            this.#acknowledge(connection, status),
          );
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
        this.#line.hangUp('an error');
        return;
      default:
        return;
    }
  }

  #subscribed(id: string): void {
    if (this.id !== undefined && this.id !== id) {
      fail(`${this.plan.name} subscribed as ${this.id} and is now ${id}`);
    }
    this.id = id;
    this.#line.subscribed();
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
      if (this.#line.isCurrent(connection) && !this.#simulation.isQuiet) {
        this.#answer(offer);
      }
    });
  }

  #answerInverse(id: OfferID): void {
    const body = { inverse_offer_ids: [id], filters: { refuse_seconds: 5 } };
    if (this.#simulation.chance.of(0.5)) {
      const type = SchedulerCall_Type.ACCEPT_INVERSE_OFFERS;
      this.#line.send({ type, accept_inverse_offers: body });
    } else {
      const type = SchedulerCall_Type.DECLINE_INVERSE_OFFERS;
      this.#line.send({ type, decline_inverse_offers: body });
    }
  }

  /** Launches something, declines, or keeps the offer for a while. */
  #answer(offer: Offer): void {
    const { chance } = this.#simulation;
    if (!this.#offers.delete(offer.id.value)) {
      // A rescinded offer; slow schedulers answer it nevertheless.
      if (chance.of(0.8)) {
        return;
      }
    }
    const refuseSeconds = chance.pick([0, 1, 5, 30]);
    if (this.#launches.areOver || chance.of(0.2)) {
      this.#line.send({
        type: SchedulerCall_Type.DECLINE,
        decline: { offer_ids: [offer.id], filters: { refuse_seconds: refuseSeconds } },
      });
      return;
    }
    const offers = [offer, ...this.#alike(offer)];
    const whole = { ...offer, resources: offers.flatMap(({ resources }) => resources ?? []) };
    const { tasks, operations } = this.#launches.accept(whole);
    this.#note(() => `launches ${tasks.map((it) => it.task_id.value).join(' ')}`);
    this.#line.send({
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

  /** Sometimes all offers of an agent are accepted together. */
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

  /** False where the connection over which it came is gone. */
  #acknowledge(connection: Connection, status: TaskStatus): boolean {
    const isCurrent = this.#line.isCurrent(connection);
    if (isCurrent) {
      this.#line.send({
        type: SchedulerCall_Type.ACKNOWLEDGE,
        acknowledge: {
          agent_id: status.agent_id ?? { value: '' },
          task_id: status.task_id,
          uuid: status.uuid ?? new Uint8Array(),
        },
      });
    }
    return isCurrent;
  }

  #operationUpdated(status: OperationStatus | undefined): void {
    const { operation_id, uuid, agent_id } = status ?? {};
    this.#note(() => `hears operation ${operation_id?.value} is ${status?.state}`);
    if (uuid !== undefined && operation_id !== undefined) {
      this.#line.send({
        type: SchedulerCall_Type.ACKNOWLEDGE_OPERATION_STATUS,
        acknowledge_operation_status: {
          ...(agent_id === undefined ? {} : { agent_id }),
          operation_id,
          uuid: uuid.value,
        },
      });
    }
  }

  // --- Its own life ---

  #every(intervalMs: number, run: () => void): void {
    this.#simulation.agenda.after(intervalMs, () => {
      if (this.phase === 'running') {
        run();
        this.#every(intervalMs, run);
      }
    });
  }

  #live(): void {
    const { chance, isQuiet } = this.#simulation;
    if (this.#line.hangUpIfSilent()) {
      return;
    }
    if (!this.isConnected) {
      return;
    }
    if (isQuiet) {
      if (this.#isSuppressed) {
        this.#isSuppressed = false;
        this.#line.send({ type: SchedulerCall_Type.REVIVE });
      }
      return;
    }
    if (chance.of(this.#simulation.settings.roleChanges)) {
      const others = chance.pick([['eng'], ['ops'], ['eng', 'ops'], ['eng/dev', 'ops']]);
      this.roles = this.plan.isAnchor ? ['*', ...others] : others;
      this.#note(() => `changes its roles to ${this.roles.join(', ')}`);
      this.#line.send({
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
      this.#line.send({ type: SchedulerCall_Type.RECONCILE, reconcile: {} });
    }
    if (chance.of(this.#isSuppressed ? 0.2 : 0.01)) {
      this.#isSuppressed = !this.#isSuppressed;
      const type = this.#isSuppressed ? SchedulerCall_Type.SUPPRESS : SchedulerCall_Type.REVIVE;
      this.#line.send({ type });
    } else if (chance.of(0.05)) {
      this.#line.send({ type: SchedulerCall_Type.REVIVE });
    }
  }

  #kill(task: KnownTask | undefined): void {
    if (task !== undefined && !isTerminal(task.state)) {
      task.isKilled = true;
      this.#note(() => `kills ${task.id}`);
      const agent_id = { value: task.agentId };
      this.#line.send({
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
    this.#line.send({
      type: SchedulerCall_Type.RECONCILE_OPERATIONS,
      reconcile_operations: { operations: [] },
    });
    if (task?.hasOwnExecutor === true) {
      this.#line.send({
        type: SchedulerCall_Type.MESSAGE,
        message: {
          agent_id: { value: task.agentId },
          executor_id: this.#launches.executor(this.plan.roles[0] ?? '*').executor_id,
          data: new Uint8Array([1, 2, 3]),
        },
      });
    }
  }

  #shutDownExecutor(task: KnownTask | undefined): void {
    if (task?.hasOwnExecutor === true && !isTerminal(task.state)) {
      this.#line.send({
        type: SchedulerCall_Type.SHUTDOWN,
        shutdown: {
          executor_id: {
            value: this.#launches.executor(this.plan.roles[0] ?? '*').executor_id.value,
          },
          agent_id: { value: task.agentId },
        },
      });
    }
  }

  #reconcile(): void {
    const open = [...this.tasks.values()].filter(({ state }) => !isTerminal(state));
    if (this.isConnected && open.length > 0) {
      this.#line.send({
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

  /** When the faults are over, offers that it still keeps are declined. */
  quiet(): void {
    const ids = this.offers.map(({ id }) => id);
    this.#offers.clear();
    if (ids.length > 0) {
      for (const id of ids) {
        this.#line.send({
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
