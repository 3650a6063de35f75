// Rest: what must hold once the faults are over and all programs have had time to reconnect.
// Nothing is left behind, and all reports were true.
import { type Resource, TaskState } from '../../src/model/generated/messages.ts';
import { agentId, type FrameworkId } from '../../src/model/ids.ts';
import { reservationRole, withoutAllocation } from '../../src/model/resource-format.ts';
import { isTerminal, taskStateName } from '../../src/model/task-state.ts';
import type { AgentHost, AgentLife } from './agent-host.ts';
import { AT_THE_END, checkMasterBooks, checkMetrics, text } from './books.ts';
import { fail } from './breach.ts';
import type { Framework } from './framework.ts';
import { FOR_EVER } from './framework-plan.ts';
import { checkHolders } from './holders.ts';
import type { MasterLife } from './master-life.ts';
import type { Simulation } from './simulation.ts';
import type { KnownTask } from './task-news.ts';

export class Rest {
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  /** After that time, no task runs that the master does not count. */
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
            fail(`${name} runs ${uncounted}, which the master does not count`);
          }
        }
      }
    }
  }

  /** What is wrong when everything is quiet; undefined where nothing is. */
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
    return this.#unsettledMaster(life) ?? master.unsettled();
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

  /**
   * Whether the task is on an agent that never learned its id, and so never comes back under it.
   */
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

  /**
   * Updates of a framework that is over, without anything left anywhere, are given up within a day.
   */
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
    checkMasterBooks(state, AT_THE_END);
    checkMetrics(state, AT_THE_END);
    checkHolders(state, AT_THE_END);
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
    const changing = state.waiting.writes.size;
    return changing > 0 ? `the master has ${changing} changes on their way` : undefined;
  }

  /** Whether some framework may be offered it: reserved resources wait for their role. */
  #hasTakers(resource: Resource): boolean {
    const owner = reservationRole(resource);
    const roles = this.#simulation.frameworks
      .filter(({ phase }) => phase === 'running')
      .flatMap(({ roles }) => roles);
    return owner === '*' || roles.some((role) => role === owner || role.startsWith(`${owner}/`));
  }

  /** When everything is settled: nothing is left behind, and all reports were true. */
  finish(): void {
    const { master, agents, frameworks, settings } = this.#simulation;
    const life = master.life as MasterLife;
    const { state, program } = life;
    const { timers } = program;
    const known =
      /^(allocate|allocation-batch|history|registry-gc|recovery|ping\/.*|heartbeat\/.*|failover\/.*|offer\/.*|operator-heartbeat\/.*)$/;
    // An agent that never came back after the master's start may still wait for its removal.
    const removal = (name: string) =>
      state.agents.recovered.has(agentId(/^unreachable\/(.*)$/.exec(name)?.[1] ?? ''));
    const stray = timers.names.find((name) => !known.test(name) && !removal(name));
    if (stray !== undefined) {
      fail(`the master still has a timer ${stray}`);
    }
    const pings = timers.names.filter((name) => name.startsWith('ping/')).length;
    const beats = timers.names.filter((name) => name.startsWith('heartbeat/')).length;
    const connected = [...state.frameworks.registered.values()].filter(
      (it) => it.state === 'connected',
    );
    if (pings !== agents.length || beats !== connected.length) {
      fail(`the master has ${pings} pings and ${beats} heartbeats planned`);
    }
    for (const framework of state.frameworks.registered.values()) {
      if (framework.completedTasks.size > settings.master.maxCompletedTasksPerFramework) {
        fail(`the master remembers ${framework.completedTasks.size} completed tasks`);
      }
    }
    if (life.watchers.size !== (settings.isWatched ? 1 : 0)) {
      fail(`the master has ${life.watchers.size} watchers`);
    }
    for (const watcher of life.watchers.values()) {
      watcher.check(state);
    }
    for (const host of agents) {
      const stray = (host.life as AgentLife).program.timers.names.find(
        (name) =>
          !/^(ping|correction|update-retry\/\d+|update-turn|executor-registration|checkpoint|operation\/.*)$/.test(
            name,
          ),
      );
      if (stray !== undefined) {
        fail(`${host.name} still has a timer ${stray}`);
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
      fail(`${task.id} is said to be finished, and ended with ${outcome}`);
    }
    // A framework that stays away too long loses its tasks, and may come back to a new master.
    const mayBeRemoved = framework.phase === 'over' || framework.plan.failoverSeconds < FOR_EVER;
    // An executor that master and agent disagree about is shut down, and operators may do anything.
    const { operator, unregister, maintenance } = this.#simulation.settings.faults;
    const isOperated = operator + unregister + maintenance > 0;
    const mayBeEnded = mayBeRemoved || task.hasOwnExecutor || task.isGivenUp || isOperated;
    if (task.state === TaskState.TASK_KILLED && !task.isKilled && !mayBeEnded) {
      fail(`${task.id} is said to be killed, and nobody asked for it`);
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

/** Whether it is enough to be offered to a single role, by the rule of minimum amounts. */
function isWorthAnOffer(resources: readonly Resource[]): boolean {
  const byRole = Map.groupBy(resources, reservationRole);
  return [...byRole.values()].some((own) => {
    const amountOf = (name: string) =>
      own.reduce((sum, it) => sum + (it.name === name ? (it.scalar?.value ?? 0) : 0), 0);
    return amountOf('cpus') >= 0.01 || amountOf('mem') >= 32;
  });
}
