// An agent's checkpoint, kept as bytes: changes mean the same as in src/checkpoint/store.ts,
// without SQLite.

import type {
  AgentCheckpoint,
  BuiltinExecutor,
  CheckpointChange,
  CheckpointedDrain,
} from '../../src/agent/checkpoint.ts';
import type {
  AgentInfo,
  ExecutorInfo,
  FrameworkInfo,
  Operation,
  Resource,
  StatusUpdate,
  TaskInfo,
} from '../../src/model/generated/messages.ts';
import { sameBytes } from '../../src/model/identifier.ts';
import type { ContainerId, FrameworkId } from '../../src/model/ids.ts';
import { frameworkId } from '../../src/model/ids.ts';
import { formatUuid } from '../../src/model/random.ts';
import { copied } from '../support/copied.ts';

interface StoredTask {
  readonly info: TaskInfo;
  updates: { update: StatusUpdate; acknowledged: boolean }[];
}

interface StoredExecutor {
  readonly framework: FrameworkId;
  readonly info: ExecutorInfo;
  readonly builtin: BuiltinExecutor | undefined;
  readonly tasks: Map<string, StoredTask>;
}

export interface RunState {
  readonly alive: boolean;
  readonly processId?: number | undefined;
  readonly waitStatus?: number | undefined;
}

export class CheckpointDisk {
  agent: AgentInfo | undefined;
  readonly #frameworks = new Map<FrameworkId, FrameworkInfo>();
  readonly #executors = new Map<ContainerId, StoredExecutor>();
  /** Uuids of every update that was ever durable here. */
  readonly updatesEver = new Set<string>();
  /** Every task that was ever durable here, by container and id. */
  readonly tasksEver = new Set<string>();
  readonly executorsEver = new Set<ContainerId>();
  #resources: readonly Resource[] = [];
  #operations: readonly Operation[] = [];
  #drain: CheckpointedDrain | undefined;

  /** How many runs and frameworks are stored. */
  get size(): number {
    return this.#frameworks.size + this.#executors.size;
  }

  apply(change: CheckpointChange): void {
    switch (change.type) {
      case 'agent':
        this.agent = change.agent;
        return;
      case 'forgetAgent':
        this.agent = undefined;
        this.#operations = [];
        this.#drain = undefined;
        this.#frameworks.clear();
        this.#executors.clear();
        return;
      case 'resources':
        this.#resources = change.resources;
        return;
      case 'operation':
        this.#operations = [...this.#operations, change.operation];
        return;
      case 'operationCompleted':
        this.#operations = this.#operations.filter(
          ({ uuid }) => !sameBytes(uuid.value, change.uuid),
        );
        return;
      case 'drain':
        this.#drain = change.drain;
        return;
      case 'framework':
        this.#frameworks.set(frameworkId(change.framework.id?.value ?? ''), change.framework);
        return;
      case 'executor': {
        const { frameworkId: framework, info, builtin } = change;
        this.executorsEver.add(change.containerId);
        this.#executors.set(change.containerId, { framework, info, builtin, tasks: new Map() });
        return;
      }
      case 'task':
        this.tasksEver.add(`${change.containerId} ${change.info.task_id.value}`);
        this.#executors
          .get(change.containerId)
          ?.tasks.set(change.info.task_id.value, { info: change.info, updates: [] });
        return;
      case 'update': {
        const { update } = change;
        this.updatesEver.add(formatUuid(update.uuid ?? new Uint8Array()));
        this.#executors
          .get(change.containerId)
          ?.tasks.get(update.status.task_id.value)
          ?.updates.push({ update, acknowledged: false });
        return;
      }
      case 'acknowledgement': {
        const updates = this.#executors.get(change.containerId)?.tasks.get(change.taskId)?.updates;
        for (const known of updates ?? []) {
          const uuid = known.update.uuid ?? new Uint8Array();
          if (formatUuid(uuid) === formatUuid(change.uuid)) {
            known.acknowledged = true;
            known.update = change.slim ?? known.update;
          }
        }
        return;
      }
      case 'updateDropped': {
        const task = this.#executors.get(change.containerId)?.tasks.get(change.taskId);
        if (task !== undefined) {
          task.updates = task.updates.filter(
            ({ update }) => formatUuid(update.uuid ?? new Uint8Array()) !== formatUuid(change.uuid),
          );
        }
        return;
      }
      case 'taskCompleted':
        this.#executors.get(change.containerId)?.tasks.delete(change.taskId);
        return;
      case 'executorCompleted':
        this.#executors.delete(change.containerId);
        return;
      case 'frameworkCompleted':
        for (const [container, { framework }] of [...this.#executors]) {
          if (framework === change.frameworkId) {
            this.#executors.delete(container);
          }
        }
        this.#frameworks.delete(change.frameworkId);
        return;
      default:
        change satisfies never;
    }
  }

  read(
    stateOf: (container: ContainerId, builtin: BuiltinExecutor | undefined) => RunState,
    rebooted: boolean,
  ): AgentCheckpoint {
    const frameworks = [...this.#frameworks].map(([id, info]) => ({
      info,
      executors: [...this.#executors]
        .filter(([, { framework }]) => framework === id)
        .map(([containerId, executor]) => ({
          info: executor.info,
          builtin: executor.builtin,
          containerId,
          ...stateOf(containerId, executor.builtin),
          tasks: [...executor.tasks.values()].map(({ info, updates }) => ({
            info,
            updates: updates.map(({ update }) => update),
            acknowledged: updates
              .filter(({ acknowledged }) => acknowledged)
              .map(({ update }) => update.uuid ?? new Uint8Array()),
          })),
        })),
    }));
    return copied({
      agent: this.agent,
      rebooted,
      resources: this.#resources,
      operations: this.#operations,
      drain: this.#drain,
      frameworks,
    });
  }
}
