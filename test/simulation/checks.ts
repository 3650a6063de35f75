// What must hold at any moment, and what must hold once the faults are over. The first breach ends the
// simulation.
import type { LaunchExecutor, SendToExecutor, SendToMaster } from '../../src/agent/effects.ts';
import { metricsView as agentMetrics } from '../../src/agent/metrics-view.ts';
import type { ResourceAlgebra } from '../../src/core/interface.ts';
import type { SendToAgent } from '../../src/master/effects.ts';
import type { MasterState } from '../../src/master/state.ts';
import { metricsView } from '../../src/master/views/metrics.ts';
import {
  ExecutorEvent_Type,
  type Resource,
  type SchedulerEvent,
  SchedulerEvent_Type,
  type TaskInfo,
  TaskState,
  type TaskStatus,
  TaskStatus_Source,
} from '../../src/model/generated/messages.ts';
import { agentId, type FrameworkId, frameworkId, taskId } from '../../src/model/ids.ts';
import { formatUuid } from '../../src/model/random.ts';
import { reservationRole, withoutAllocation } from '../../src/model/resource-format.ts';
import { resourcesText } from '../../src/model/resource-label.ts';
import { isTerminal, taskStateName } from '../../src/model/task-state.ts';
import type { AgentHost, AgentLife } from './agent-host.ts';
import type { Framework } from './framework.ts';
import { FOR_EVER } from './framework-plan.ts';
import type { Supervisor } from './machine.ts';
import type { MasterLife } from './master-host.ts';
import type { Simulation } from './simulation.ts';
import type { KnownTask } from './task-news.ts';

export class BreachError extends Error {}

const AT_THE_END = 'the end';

export class Checks {
  readonly #simulation: Simulation;
  /** Tasks whose RunTask has left a master. */
  readonly #launched = new Set<string>();
  /** Tasks whose command was let run. */
  readonly #released = new Set<string>();
  #masterSteps = 0;
  #agentSteps = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  fail(what: string): never {
    throw new BreachError(what);
  }

  // The master

  masterStepped({ state }: MasterLife, event: { readonly type: string }): void {
    const { interval } = this.#simulation.options;
    if (++this.#masterSteps % interval === 0) {
      this.#checkMasterBooks(state, event.type);
    }
  }

  #checkMasterBooks(state: MasterState, when: string): void {
    const { algebra, allocator } = state;
    for (const agent of state.agents.registered.values()) {
      const total = allocator.total(agent.id);
      const offered = [...agent.offers].flatMap(({ resources }) => resources);
      const used = [...agent.tasks.values()]
        .flatMap((tasks) => [...tasks.values()])
        .filter((task) => !isTerminal(task.state) && task.state !== TaskState.TASK_UNREACHABLE)
        .flatMap(({ resources }) => resources ?? []);
      const executors = [...agent.executors.values()]
        .flatMap((own) => [...own.values()])
        .flatMap(({ resources }) => resources ?? []);
      const held = [offered, used, executors].map((part) => part.map(withoutAllocation));
      // While an operation and a task on what it makes are both on their way, an agent that comes back
      // may have less than is held of it.
      const left = algebra.subtract(total, algebra.sum(held));
      this.#expectEqual(
        algebra,
        allocator.free(agent.id),
        left,
        () =>
          `after ${when}: free of ${agent.id}, with offered, used, executors` +
          ` ${held.map(text).join(' | ')} of ${text(total)}`,
      );
      if (when === AT_THE_END && !algebra.contains(total, algebra.sum(held))) {
        this.fail(`more is held of ${agent.id} than the ${text(total)} there is`);
      }
      this.#expectEqual(algebra, total, agent.total, () => `after ${when}: total of ${agent.id}`);
    }
    this.#checkMetrics(state, when);
    for (const offer of state.offers.values()) {
      if (!offer.agent.offers.has(offer) || !offer.framework.offers.has(offer)) {
        this.fail(`offer ${offer.id} is in one book only`);
      }
    }
    for (const framework of state.frameworks.registered.values()) {
      for (const [id, task] of framework.tasks) {
        const agent = state.agents.registered.get(agentId(task.agent_id.value));
        if (agent?.tasks.get(framework.id)?.get(id) !== task) {
          this.fail(`after ${when}: task ${id} is its framework's and not its agent's`);
        }
      }
    }
  }

  /** What is counted up and down with every change is what there is. */
  #checkMetrics(state: MasterState, when: string): void {
    const metrics = metricsView(state, state.nowMs);
    const wrong = Object.entries(metrics).find(
      ([name, value]) => !(value >= 0) && name !== 'master/uptime_secs',
    );
    if (wrong !== undefined) {
      this.fail(`after ${when}: metric ${wrong.join(' is ')}`);
    }
    const tasks = [...state.agents.registered.values()].flatMap((agent) =>
      [...agent.tasks.values()].flatMap((own) => [...own.values()]),
    );
    for (const name of ['staging', 'starting', 'running', 'killing'] as const) {
      const wanted = TaskState[`TASK_${name.toUpperCase() as Uppercase<typeof name>}`];
      const count = tasks.filter((task) => task.state === wanted).length;
      if (metrics[`master/tasks_${name}`] !== count) {
        const shown = metrics[`master/tasks_${name}`];
        this.fail(`after ${when}: ${shown} tasks are said to be ${name}, there are ${count}`);
      }
    }
    for (const framework of state.frameworks.registered.values()) {
      const active = [...framework.counters.activeTasks.values()].reduce((sum, it) => sum + it, 0);
      const living = [...framework.tasks.values()].filter((it) => !isTerminal(it.state)).length;
      if (active !== living) {
        this.fail(`after ${when}: ${active} tasks of ${framework.id} are counted, not ${living}`);
      }
    }
  }

  #expectEqual(
    algebra: ResourceAlgebra,
    left: readonly Resource[],
    right: readonly Resource[],
    what: () => string,
  ): void {
    if (!algebra.equal(left.map(withoutAllocation), right.map(withoutAllocation))) {
      this.fail(`${what()}: ${text(left)} is not ${text(right)}`);
    }
  }

  masterSends({ message, to }: SendToAgent): void {
    const { durableAgents } = this.#simulation.master;
    if (message.name === 'AgentRegisteredMessage' || message.name === 'AgentReregisteredMessage') {
      const id = message.body.agent_id.value;
      if (!durableAgents.has(id)) {
        this.fail(`${message.name} of ${id} leaves before its admission is durable`);
      }
    }
    if (message.name === 'RunTaskMessage') {
      const key = `${message.body.framework.id?.value} ${message.body.task.task_id.value}`;
      if (this.#launched.has(key)) {
        this.fail(`RunTask of ${key} is sent a second time, to ${to}`);
      }
      this.#launched.add(key);
    }
  }

  masterTells(event: SchedulerEvent): void {
    const { durableAgents } = this.#simulation.master;
    const failed = event.failure;
    if (
      event.type === SchedulerEvent_Type.FAILURE &&
      failed?.agent_id !== undefined &&
      failed.executor_id === undefined &&
      durableAgents.has(failed.agent_id.value)
    ) {
      this.fail(`the loss of ${failed.agent_id.value} is announced before it is durable`);
    }
  }

  // Agents

  agentStepped(host: AgentHost, { state }: AgentLife): void {
    const { interval } = this.#simulation.options;
    if (++this.#agentSteps % interval !== 0) {
      return;
    }
    const { algebra } = state.core;
    for (const executor of state.containers.values()) {
      const held = [...executor.launched, ...executor.queued]
        .filter(([id]) => !executor.unbooked.has(id))
        .flatMap(([, task]) => task.resources ?? []);
      const own = executor.builtin === undefined ? (executor.info.resources ?? []) : [];
      this.#expectEqual(
        algebra,
        state.ledger.usedBy(executor.containerId),
        [...held, ...own],
        () => `${host.name}'s ledger of executor ${executor.executorId}`,
      );
    }
    const wrong = Object.entries(agentMetrics(state, state.nowMs)).find(
      ([name, value]) => !(value >= 0) && name !== 'slave/uptime_secs',
    );
    if (wrong !== undefined) {
      this.fail(`${host.name}'s metric ${wrong.join(' is ')}`);
    }
    const used = [...state.containers.keys()].map((id) => state.ledger.usedBy(id));
    this.#expectEqual(
      algebra,
      state.ledger.used(),
      algebra.sum(used),
      () => `${host.name}'s ledger holds something for nobody`,
    );
  }

  agentSends(host: AgentHost, { state }: AgentLife, { message }: SendToMaster): void {
    if (message.name === 'StatusUpdateMessage') {
      const { update } = message.body;
      const stream = state.updates
        .get(frameworkId(update.framework_id.value))
        ?.get(taskId(update.status.task_id.value));
      const uuid = formatUuid(update.uuid ?? new Uint8Array());
      if (stream?.run !== undefined && !host.checkpoint.updatesEver.has(uuid)) {
        this.fail(`${host.name} sends update ${uuid} before it is durable`);
      }
    }
    // An agent that is about to end for good has already made its disk forget it.
    const isForgotten = host.checkpoint.agent?.id === undefined && state.phase !== 'terminating';
    if (message.name === 'UpdateAgentMessage' && isForgotten) {
      this.fail(`${host.name} counts itself as registered before its id is durable`);
    }
  }

  executorLaunched(host: AgentHost, { framework, containerId, executor }: LaunchExecutor): void {
    if (framework.checkpoint === true && !host.checkpoint.executorsEver.has(containerId)) {
      this.fail(`${host.name} starts executor ${executor.executor_id.value} before it is durable`);
    }
  }

  executorTold(host: AgentHost, { state }: AgentLife, { event, stream }: SendToExecutor): void {
    const executor = state.streams.get(stream);
    if (event.type === ExecutorEvent_Type.LAUNCH && executor?.checkpoint === true) {
      const id = event.launch?.task.task_id.value;
      if (!host.checkpoint.tasksEver.has(`${executor.containerId} ${id}`)) {
        this.fail(`${host.name} launches ${id} before it is durable`);
      }
    }
  }

  commandReleased(host: AgentHost, framework: string, task: TaskInfo | undefined): void {
    const key = `${framework} ${task?.task_id.value}`;
    this.#simulation.note(host.name, () => `runs ${key}`);
    if (this.#released.has(key)) {
      this.fail(`${key} runs a second time, on ${host.name}`);
    }
    this.#released.add(key);
  }

  containerForgotten(supervisor: Supervisor): void {
    if (supervisor.isRunning && supervisor.onEnd !== undefined) {
      this.fail(`container ${supervisor.containerId} is forgotten while it runs`);
    }
  }

  // Frameworks

  /** An agent that has forgotten an acknowledged end may be asked, and say once more that it is lost. */
  afterEnd(framework: Framework, task: KnownTask, status: TaskStatus): void {
    if (status.source === TaskStatus_Source.SOURCE_AGENT && isTerminal(status.state)) {
      return;
    }
    this.fail(
      `${framework.plan.name} hears ${taskStateName(status.state)} (${status.message}) of ${task.id} after its end ${taskStateName(task.reported ?? TaskState.TASK_UNKNOWN)}`,
    );
  }

  // The end

  /** Nothing runs that the master does not count, once all have had time to find each other again. */
  checkCounted(): void {
    const { master, agents } = this.#simulation;
    for (const { name, life } of agents) {
      const id = life?.state.id;
      const known = id === undefined ? undefined : master.life?.state.agents.registered.get(id);
      if (known?.connected === true && life?.state.phase === 'running') {
        for (const executor of life.state.containers.values()) {
          const own = known.tasks.get(executor.frameworkId);
          const uncounted = [...executor.launched.keys()].find((task) => own?.has(task) !== true);
          if (uncounted !== undefined && executor.framework.state === 'running') {
            this.fail(`${name} runs ${uncounted}, which the master does not count`);
          }
        }
      }
    }
  }

  /** What is not as it should be when all is quiet; nothing when all is well. */
  unsettled(): string | undefined {
    const { master, agents, frameworks } = this.#simulation;
    const { life } = master;
    if (life?.state.recovered !== true) {
      return 'the master is not there';
    }
    for (const framework of frameworks) {
      const problem = this.#unsettledFramework(framework);
      if (problem !== undefined) {
        return `${framework.plan.name}: ${problem}`;
      }
    }
    for (const host of agents) {
      const problem = this.#unsettledAgent(host);
      if (problem !== undefined) {
        return `${host.name}: ${problem}`;
      }
    }
    return this.#unsettledMaster(life);
  }

  #unsettledFramework(framework: Framework): string | undefined {
    if (framework.phase === 'over') {
      return undefined;
    }
    if (!framework.isConnected) {
      return 'is not connected';
    }
    for (const task of framework.tasks.values()) {
      if (!isTerminal(task.state) && !task.isUnknown && !this.#isOutOfReach(task)) {
        return `task ${task.id} is ${taskStateName(task.state)}`;
      }
    }
    return undefined;
  }

  /** On an agent that never learned its id, and so never comes back under it. */
  #isOutOfReach(task: KnownTask): boolean {
    const { master, agents } = this.#simulation;
    return (
      task.state === TaskState.TASK_UNREACHABLE &&
      master.life?.state.agents.unreachable.has(agentId(task.agentId)) === true &&
      agents.every((host) => host.life?.state.id !== task.agentId)
    );
  }

  #unsettledAgent(host: AgentHost): string | undefined {
    const state = host.life?.state;
    if (state?.phase !== 'running') {
      return `is ${state?.phase ?? 'dead'}`;
    }
    const running = [...host.supervisors.values()].find(({ isRunning }) => isRunning);
    if (running !== undefined) {
      return `container ${running.containerId} still runs`;
    }
    const sizes = {
      frameworks: state.frameworks.size,
      containers: state.containers.size,
      streams: state.streams.size,
      updates: [...state.updates.keys()].filter((id) => this.#isWanted(host, id)).length,
      supervisors: host.supervisors.size,
      runs: host.life?.containers.runs.size ?? 0,
      held: state.outbox.held.length,
      operations: state.operations.size,
    };
    const left = Object.entries(sizes).find(([, size]) => size > 0);
    if (left !== undefined) {
      return `has ${left[1]} ${left[0]} left: ${describeLeft(state)}`;
    }
    if (!state.core.algebra.isEmpty(state.ledger.used())) {
      return `its ledger holds ${text(state.ledger.used())}`;
    }
    return host.checkpoint.size > 0
      ? `its checkpoint holds ${host.checkpoint.size} runs`
      : undefined;
  }

  /** News of a framework that is over, and that nobody has anything of, is given up within a day. */
  #isWanted({ life }: AgentHost, id: FrameworkId): boolean {
    const { master, frameworks } = this.#simulation;
    const known = master.life?.state.frameworks;
    return (
      life?.state.frameworks.has(id) === true ||
      known?.registered.has(id) === true ||
      known?.completed.has(id) === true ||
      frameworks.some((framework) => framework.id === id && framework.phase === 'running')
    );
  }

  #unsettledMaster({ state }: MasterLife): string | undefined {
    this.#checkMasterBooks(state, AT_THE_END);
    const { agents, frameworks, algebra } = state;
    if (agents.registered.size !== this.#simulation.agents.length) {
      return `the master has ${agents.registered.size} agents`;
    }
    for (const agent of agents.registered.values()) {
      const tasks = [...agent.tasks.values()].flatMap((own) => [...own.keys()]);
      if (!agent.connected || tasks.length > 0 || agent.executors.size > 0) {
        return `the master has ${tasks.join(' ') || 'no task'} on ${agent.info.hostname}, ${agent.connected}`;
      }
      const offered = [...agent.offers].flatMap(({ resources }) =>
        resources.map(withoutAllocation),
      );
      const left = algebra.subtract(agent.total, offered).filter((it) => this.#hasTakers(it));
      if (!algebra.contains(agent.total, offered) || isWorthAnOffer(left)) {
        return `the master offers ${text(offered)} of ${agent.info.hostname}'s ${text(agent.total)}`;
      }
      if (agent.operations !== undefined && agent.operations.size > 0) {
        return `the master has ${agent.operations.size} operations on ${agent.info.hostname}`;
      }
      const host = this.#simulation.agents.find(({ name }) => name === agent.info.hostname);
      const own = host?.life?.state.ledger.total() ?? [];
      if (!algebra.equal(own, agent.total)) {
        return `${host?.name} has ${text(own)}, the master believes ${text(agent.total)}`;
      }
      const killed = [...(agent.killed?.values() ?? [])].reduce((sum, ids) => sum + ids.size, 0);
      if (killed > 0) {
        return `the master remembers ${killed} kills on ${agent.info.hostname}`;
      }
    }
    for (const framework of frameworks.registered.values()) {
      if (framework.tasks.size > 0) {
        return `the master has tasks of ${framework.info.name}`;
      }
    }
    const changing = [
      agents.registering,
      agents.reregistering,
      agents.markingUnreachable,
      agents.removing,
      agents.markingGone,
      state.writes,
    ].reduce((sum, set) => sum + set.size, 0);
    return changing > 0 ? `the master has ${changing} changes on their way` : undefined;
  }

  /** Whether anybody may be offered it: what is reserved waits for its role. */
  #hasTakers(resource: Resource): boolean {
    const owner = reservationRole(resource);
    const roles = this.#simulation.frameworks
      .filter(({ phase }) => phase === 'running')
      .flatMap(({ roles }) => roles);
    return owner === '*' || roles.some((role) => role === owner || role.startsWith(`${owner}/`));
  }

  /** Once all is settled: nothing is left behind, and what was said was true. */
  finish(): void {
    const { master, agents, frameworks, settings } = this.#simulation;
    const life = master.life as MasterLife;
    const { state, program } = life;
    const { timers } = program;
    const known =
      /^(allocate|allocation-batch|registry-gc|recovery|ping\/.*|heartbeat\/.*|failover\/.*|offer\/.*|operator-heartbeat\/.*)$/;
    const stray = timers.names.find((name) => !known.test(name));
    if (stray !== undefined) {
      this.fail(`the master still has a timer ${stray}`);
    }
    const pings = timers.names.filter((name) => name.startsWith('ping/')).length;
    const beats = timers.names.filter((name) => name.startsWith('heartbeat/')).length;
    const connected = [...state.frameworks.registered.values()].filter(
      (it) => it.state === 'connected',
    );
    if (pings !== agents.length || beats !== connected.length) {
      this.fail(`the master has ${pings} pings and ${beats} heartbeats planned`);
    }
    for (const framework of state.frameworks.registered.values()) {
      if (framework.completedTasks.size > settings.master.maxCompletedTasksPerFramework) {
        this.fail(`the master remembers ${framework.completedTasks.size} completed tasks`);
      }
    }
    if (life.watchers.size !== (settings.isWatched ? 1 : 0)) {
      this.fail(`the master has ${life.watchers.size} watchers`);
    }
    for (const watcher of life.watchers.values()) {
      watcher.check(state);
    }
    for (const host of agents) {
      const stray = (host.life as AgentLife).program.timers.names.find(
        (name) =>
          !/^(ping|update-retry-\d+|executor-registration|checkpoint|operation:.*)$/.test(name),
      );
      if (stray !== undefined) {
        this.fail(`${host.name} still has a timer ${stray}`);
      }
    }
    for (const framework of frameworks) {
      for (const task of framework.tasks.values()) {
        this.#checkHonest(framework, task);
      }
    }
  }

  #checkHonest(framework: Framework, task: KnownTask): void {
    const outcome = this.#simulation.outcomes.get(`${framework.id} ${task.id}`);
    if (task.state === TaskState.TASK_FINISHED && outcome !== 0) {
      this.fail(`${task.id} is said to be finished, and ended with ${outcome}`);
    }
    // A framework that stays away too long loses its tasks, and may come back to a new master.
    const mayBeRemoved = framework.phase === 'over' || framework.plan.failoverSeconds < FOR_EVER;
    // An executor that master and agent disagree about is shut down, and operators have their reasons.
    const { operator, unregister, maintenance } = this.#simulation.settings.faults;
    const isOperated = operator + unregister + maintenance > 0;
    const mayBeEnded = mayBeRemoved || task.hasOwnExecutor || isOperated;
    if (task.state === TaskState.TASK_KILLED && !task.isKilled && !mayBeEnded) {
      this.fail(`${task.id} is said to be killed, and nobody asked for it`);
    }
  }
}

function describeLeft(state: AgentLife['state']): string {
  const executors = [...state.frameworks.values()].flatMap((framework) =>
    [...framework.executors.values()].map(
      (it) =>
        `${framework.id} ${framework.state} ${it.executorId} ${it.state} queued ${it.queued.size}` +
        ` launched ${it.launched.size} terminated ${it.terminated.size}`,
    ),
  );
  const updates = [...state.updates.values()].flatMap((streams) =>
    [...streams.values()].map((it) => `update of ${it.taskId} (${it.pending.length} pending)`),
  );
  return [...executors, ...updates].join('; ');
}

/** Whether there is enough for a single role to be offered, by the rule of minimal amounts. */
function isWorthAnOffer(resources: readonly Resource[]): boolean {
  const byRole = Map.groupBy(resources, reservationRole);
  return [...byRole.values()].some((own) => {
    const amountOf = (name: string) =>
      own.reduce((sum, it) => sum + (it.name === name ? (it.scalar?.value ?? 0) : 0), 0);
    return amountOf('cpus') >= 0.01 || amountOf('mem') >= 32;
  });
}

const text = (resources: readonly Resource[]) => resourcesText(resources) || 'nothing';
