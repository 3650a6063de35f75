// A custom executor: a process in a container that uses the executor API of its agent, over
// connections that may break, with agents that may be killed. It runs many tasks, each for as long
// as its plan says, and ends when it has been idle for a while.
import {
  type ExecutorCall,
  ExecutorCall_Type,
  type ExecutorEvent,
  ExecutorEvent_Type,
  type TaskInfo,
  TaskState,
  type TaskStatus,
  TaskStatus_Source,
} from '../../src/model/generated/messages.ts';
import type { ContainerId, ExecutorId, FrameworkId } from '../../src/model/ids.ts';
import { formatUuid } from '../../src/model/random.ts';
import { isTerminal } from '../../src/model/task-state.ts';
import { decodeMessage, encodeMessage } from '../../src/wire/protobuf.ts';
import { types } from '../../src/wire/types.ts';
import type { Planned } from './agenda.ts';
import type { AgentHost } from './agent-host.ts';
import type { CommandPlan, Supervisor } from './machine.ts';
import type { Channel, Process } from './network.ts';
import type { Simulation } from './simulation.ts';

interface RunningTask {
  readonly info: TaskInfo;
  readonly plan: CommandPlan;
  state: TaskState;
  end: Planned | undefined;
}

/** The agent's side of an executor's connections. */
export interface ExecutorConnection {
  readonly process: Process;
  onAnswer(status: number): void;
  onEvent(bytes: Uint8Array): void;
  onStreamEnd(): void;
}

interface Connection extends ExecutorConnection {
  readonly calls: Channel;
  readonly answers: Channel;
  isSubscribed: boolean;
  /** Updates that were sent with the subscription. */
  readonly told: ReadonlySet<string>;
}

/**
 * How long an executor of a checkpointing framework waits for its agent, as MESOS_RECOVERY_TIMEOUT.
 */
const RECOVERY_TIMEOUT_MS = 15 * 60_000;

export class ExecutorProcess {
  readonly containerId: ContainerId;
  readonly #simulation: Simulation;
  readonly #host: AgentHost;
  readonly #frameworkId: FrameworkId;
  readonly #executorId: ExecutorId;
  readonly #checkpoint: boolean;
  readonly #supervisor: Supervisor;
  readonly #tasks = new Map<string, RunningTask>();
  readonly #unacknowledgedTasks = new Map<string, TaskInfo>();
  readonly #unacknowledgedUpdates = new Map<string, TaskStatus>();
  #connection: Connection | undefined;
  #idle: Planned | undefined;
  #away: Planned | undefined;
  #isOver = false;

  constructor(
    simulation: Simulation,
    options: {
      readonly host: AgentHost;
      readonly frameworkId: FrameworkId;
      readonly executorId: ExecutorId;
      readonly containerId: ContainerId;
      readonly checkpoint: boolean;
      readonly supervisor: Supervisor;
    },
  ) {
    this.#simulation = simulation;
    this.#host = options.host;
    this.#frameworkId = options.frameworkId;
    this.#executorId = options.executorId;
    this.containerId = options.containerId;
    this.#checkpoint = options.checkpoint;
    this.#supervisor = options.supervisor;
    this.#supervisor.onVanish = () => this.#stop();
    this.#retry();
    this.#idleSoon();
  }

  // --- Connections ---

  #retry(): void {
    const { agenda, chance } = this.#simulation;
    this.#away ??= agenda.after(RECOVERY_TIMEOUT_MS, () => this.#exit(1));
    agenda.after(chance.int(1, 1_000), () => {
      if (this.#isOver || this.#connection !== undefined) {
        return;
      }
      const { life } = this.#host;
      if (life === undefined) {
        this.#retry();
      } else {
        this.#subscribe(life.process);
      }
    });
  }

  #subscribe(to: Process): void {
    const { network } = this.#simulation;
    const process: Process = { host: this.#host.name, alive: true };
    const lost = () => this.#lost(connection);
    const connection: Connection = {
      process,
      calls: network.channel({ from: process, to, onSenderLost: lost }),
      answers: network.channel({ from: to, to: process, onReceiverLost: lost }),
      isSubscribed: false,
      told: new Set(this.#unacknowledgedUpdates.keys()),
      onAnswer: (status) => {
        if (status >= 400) {
          lost();
        }
      },
      onEvent: (bytes) => this.#received(connection, decodeMessage(types.ExecutorEvent, bytes)),
      onStreamEnd: lost,
    };
    this.#connection = connection;
    this.#send({
      type: ExecutorCall_Type.SUBSCRIBE,
      subscribe: {
        unacknowledged_tasks: [...this.#unacknowledgedTasks.values()],
        unacknowledged_updates: [...this.#unacknowledgedUpdates.values()].map((status) => ({
          status,
        })),
      },
    });
  }

  #lost(connection: Connection): void {
    if (connection.process.alive) {
      connection.process.alive = false;
      this.#simulation.network.ended(connection.process, { inOrder: true });
    }
    if (this.#connection === connection && !this.#isOver) {
      this.#connection = undefined;
      if (this.#checkpoint || !connection.isSubscribed) {
        this.#retry();
      } else {
        // No agent would find it again.
        this.#exit(1);
      }
    }
  }

  #send(call: Pick<ExecutorCall, 'type' | 'subscribe' | 'update'>): void {
    const connection = this.#connection;
    if (connection === undefined) {
      return;
    }
    const bytes = encodeMessage(types.ExecutorCall, {
      ...call,
      framework_id: { value: this.#frameworkId },
      executor_id: { value: this.#executorId },
    });
    const { calls, answers } = connection;
    const { to } = calls.ends;
    calls.send(() => this.#host.called(to, { connection, answers, bytes: bytes.slice() }));
  }

  // --- Events ---

  #received(connection: Connection, event: ExecutorEvent): void {
    if (this.#connection !== connection || this.#isOver) {
      return;
    }
    switch (event.type) {
      case ExecutorEvent_Type.SUBSCRIBED:
        connection.isSubscribed = true;
        this.#simulation.agenda.cancel(this.#away);
        this.#away = undefined;
        for (const [uuid, status] of this.#unacknowledgedUpdates) {
          if (!connection.told.has(uuid)) {
            this.#send({ type: ExecutorCall_Type.UPDATE, update: { status } });
          }
        }
        return;
      case ExecutorEvent_Type.LAUNCH:
        if (event.launch !== undefined) {
          this.#launch(event.launch.task);
        }
        return;
      case ExecutorEvent_Type.LAUNCH_GROUP:
        for (const task of event.launch_group?.task_group.tasks ?? []) {
          this.#launch(task);
        }
        return;
      case ExecutorEvent_Type.KILL:
        this.#kill(event.kill?.task_id.value ?? '');
        return;
      case ExecutorEvent_Type.ACKNOWLEDGED:
        this.#unacknowledgedTasks.delete(event.acknowledged?.task_id.value ?? '');
        this.#unacknowledgedUpdates.delete(
          formatUuid(event.acknowledged?.uuid ?? new Uint8Array()),
        );
        return;
      case ExecutorEvent_Type.SHUTDOWN:
        this.#shutDown();
        return;
      default:
        return;
    }
  }

  #launch(info: TaskInfo): void {
    const id = info.task_id.value;
    this.#simulation.checks.commandReleased(this.#host, this.#frameworkId, info);
    this.#simulation.agenda.cancel(this.#idle);
    const plan = this.#simulation.planOf(this.#frameworkId, id);
    const task: RunningTask = { info, plan, state: TaskState.TASK_STAGING, end: undefined };
    this.#tasks.set(id, task);
    this.#unacknowledgedTasks.set(id, info);
    this.#update(task, TaskState.TASK_RUNNING);
    task.end = this.#simulation.agenda.after(plan.runsMs, () => {
      const { waitStatus } = plan;
      this.#simulation.outcomes.set(`${this.#frameworkId} ${id}`, waitStatus);
      this.#update(task, waitStatus === 0 ? TaskState.TASK_FINISHED : TaskState.TASK_FAILED);
    });
  }

  #kill(id: string): void {
    const task = this.#tasks.get(id);
    if (task === undefined || isTerminal(task.state)) {
      return;
    }
    const { agenda } = this.#simulation;
    agenda.cancel(task.end);
    task.end = agenda.after(task.plan.terminatesMs ?? 3_000, () =>
      this.#update(task, TaskState.TASK_KILLED),
    );
  }

  #update(task: RunningTask, state: TaskState): void {
    if (this.#isOver || isTerminal(task.state)) {
      return;
    }
    task.state = state;
    const { chance, agenda } = this.#simulation;
    const uuid = chance.random.uuid();
    const status: TaskStatus = {
      task_id: task.info.task_id,
      state,
      source: TaskStatus_Source.SOURCE_EXECUTOR,
      executor_id: { value: this.#executorId },
      timestamp: agenda.nowMs / 1000,
      uuid,
    };
    this.#unacknowledgedUpdates.set(formatUuid(uuid), status);
    if (this.#connection?.isSubscribed === true) {
      this.#send({ type: ExecutorCall_Type.UPDATE, update: { status } });
    }
    if (isTerminal(state)) {
      this.#tasks.delete(task.info.task_id.value);
      this.#idleSoon();
    }
  }

  #shutDown(): void {
    const { agenda, chance } = this.#simulation;
    for (const id of [...this.#tasks.keys()]) {
      this.#kill(id);
    }
    // Some executors do not react: their container is destroyed.
    if (chance.of(0.8)) {
      agenda.after(chance.int(0, 4_000), () => this.#exit(0));
    }
  }

  #idleSoon(): void {
    const { agenda, chance } = this.#simulation;
    agenda.cancel(this.#idle);
    this.#idle = agenda.after(chance.int(500, 20_000), () => {
      if (this.#tasks.size > 0 || this.#isOver) {
        return;
      }
      if (this.#unacknowledgedUpdates.size > 0) {
        this.#idleSoon();
      } else {
        this.#exit(0);
      }
    });
  }

  #exit(waitStatus: number): void {
    if (!this.#isOver) {
      this.#stop();
      this.#supervisor.exit(waitStatus);
    }
  }

  /** Its process is gone. */
  #stop(): void {
    const { agenda, network } = this.#simulation;
    this.#isOver = true;
    agenda.cancel(this.#idle);
    agenda.cancel(this.#away);
    for (const { end } of this.#tasks.values()) {
      agenda.cancel(end);
    }
    const connection = this.#connection;
    if (connection !== undefined) {
      this.#connection = undefined;
      connection.process.alive = false;
      network.ended(connection.process, { inOrder: true });
    }
  }
}
