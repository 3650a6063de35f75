// What must hold at any moment: accounts agree, nothing is announced that a crash could undo,
// nothing is done twice.
import type { LaunchExecutor, SendToExecutor, SendToMaster } from '../../src/agent/effects.ts';
import type { SendToAgent } from '../../src/master/effects.ts';
import {
  ExecutorEvent_Type,
  type SchedulerEvent,
  SchedulerEvent_Type,
  type TaskInfo,
  TaskState,
  type TaskStatus,
  TaskStatus_Source,
} from '../../src/model/generated/messages.ts';
import { frameworkId, taskId } from '../../src/model/ids.ts';
import { formatUuid } from '../../src/model/random.ts';
import { isTerminal, taskStateName } from '../../src/model/task-state.ts';
import type { AgentHost, AgentLife } from './agent-host.ts';
import { checkAgentBooks, checkMasterBooks, checkMetrics } from './books.ts';
import { fail } from './breach.ts';
import type { Framework } from './framework.ts';
import { checkHolders } from './holders.ts';
import type { Supervisor } from './machine.ts';
import type { MasterLife } from './master-life.ts';
import type { Simulation } from './simulation.ts';
import type { KnownTask } from './task-news.ts';

/** To count all metrics costs more than to add up the books; a wrong count stays wrong. */
const BOOKS_PER_METRICS = 4;

export class Checks {
  readonly #simulation: Simulation;
  /** Tasks whose RunTask a master has sent. */
  readonly #launched = new Set<string>();
  /** Tasks whose command was released. */
  readonly #released = new Set<string>();
  #masterSteps = 0;
  #agentSteps = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  // --- The master ---

  masterStepped({ state }: MasterLife, event: { readonly type: string }): void {
    const { interval } = this.#simulation.options;
    if (++this.#masterSteps % interval === 0) {
      checkMasterBooks(state, event.type);
    }
    if (this.#masterSteps % (interval * BOOKS_PER_METRICS) === 0) {
      checkMetrics(state, event.type);
      checkHolders(state, event.type);
    }
  }

  masterSends({ message, to }: SendToAgent): void {
    const { agents: durableAgents } = this.#simulation.master.records;
    if (message.name === 'AgentRegisteredMessage' || message.name === 'AgentReregisteredMessage') {
      const id = message.body.agent_id.value;
      if (!durableAgents.has(id)) {
        fail(`${message.name} of ${id} leaves before its admission is durable`);
      }
    }
    if (message.name === 'RunTaskMessage') {
      const key = `${message.body.framework.id?.value} ${message.body.task.task_id.value}`;
      if (this.#launched.has(key)) {
        fail(`RunTask of ${key} is sent a second time, to ${to}`);
      }
      this.#launched.add(key);
    }
  }

  masterTells(event: SchedulerEvent): void {
    const { agents: durableAgents } = this.#simulation.master.records;
    const failed = event.failure;
    if (
      event.type === SchedulerEvent_Type.FAILURE &&
      failed?.agent_id !== undefined &&
      failed.executor_id === undefined &&
      durableAgents.has(failed.agent_id.value)
    ) {
      fail(`the loss of ${failed.agent_id.value} is announced before it is durable`);
    }
  }

  // --- Agents ---

  agentStepped(host: AgentHost, { state }: AgentLife): void {
    const { interval } = this.#simulation.options;
    if (++this.#agentSteps % interval !== 0) {
      return;
    }
    checkAgentBooks(host.name, state);
  }

  agentSends(host: AgentHost, { state }: AgentLife, { message }: SendToMaster): void {
    if (message.name === 'StatusUpdateMessage') {
      const { update } = message.body;
      const stream = state.updates
        .get(frameworkId(update.framework_id.value))
        ?.get(taskId(update.status.task_id.value));
      const uuid = formatUuid(update.uuid ?? new Uint8Array());
      if (stream?.run !== undefined && !host.checkpoint.updatesEver.has(uuid)) {
        fail(`${host.name} sends update ${uuid} before it is durable`);
      }
    }
    // An agent that is about to end for good has already deleted its checkpoint.
    const isForgotten = host.checkpoint.agent?.id === undefined && state.phase !== 'terminating';
    if (message.name === 'UpdateAgentMessage' && isForgotten) {
      fail(`${host.name} counts itself as registered before its id is durable`);
    }
  }

  executorLaunched(host: AgentHost, { framework, containerId, executor }: LaunchExecutor): void {
    if (framework.checkpoint === true && !host.checkpoint.executorsEver.has(containerId)) {
      fail(`${host.name} starts executor ${executor.executor_id.value} before it is durable`);
    }
  }

  executorTold(host: AgentHost, { state }: AgentLife, { event, stream }: SendToExecutor): void {
    const executor = state.streams.get(stream);
    if (event.type === ExecutorEvent_Type.LAUNCH && executor?.checkpoint === true) {
      const id = event.launch?.task.task_id.value;
      if (!host.checkpoint.tasksEver.has(`${executor.containerId} ${id}`)) {
        fail(`${host.name} launches ${id} before it is durable`);
      }
    }
  }

  commandReleased(host: AgentHost, framework: string, task: TaskInfo | undefined): void {
    const key = `${framework} ${task?.task_id.value}`;
    this.#simulation.note(host.name, () => `runs ${key}`);
    if (this.#released.has(key)) {
      fail(`${key} runs a second time, on ${host.name}`);
    }
    this.#released.add(key);
  }

  containerForgotten(supervisor: Supervisor): void {
    if (supervisor.isRunning && supervisor.onEnd !== undefined) {
      fail(`container ${supervisor.containerId} is forgotten while it runs`);
    }
  }

  // --- Frameworks ---

  /**
   * An agent that has forgotten an acknowledged end may be asked, and report again that the task is
   * lost.
   */
  afterEnd(framework: Framework, task: KnownTask, status: TaskStatus): void {
    if (status.source === TaskStatus_Source.SOURCE_AGENT && isTerminal(status.state)) {
      return;
    }
    fail(
      `${framework.plan.name} hears ${taskStateName(status.state)} (${status.message}) of ${task.id} after its end ${taskStateName(task.reported ?? TaskState.TASK_UNKNOWN)}`,
    );
  }
}
