// A disk in memory: what an agent finds at its start after these changes were stored.
import type {
  AgentCheckpoint,
  CheckpointChange,
  CheckpointedExecutor,
} from '../../src/agent/checkpoint.ts';
import type { FrameworkInfo } from '../../src/model/generated/messages.ts';
import { sameBytes } from '../../src/model/identifier.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Run = Mutable<CheckpointedExecutor> & { tasks: CheckpointedExecutor['tasks'][number][] };

/** The checkpoint after these changes; `alive` says whether processes are still running. */
export function onDisk(changes: readonly CheckpointChange[], alive = true): AgentCheckpoint {
  const frameworks = new Map<string, { info: FrameworkInfo; runs: Map<string, Run> }>();
  const disk: Mutable<AgentCheckpoint> = { resources: [], frameworks: [] };
  const runOf = (of: { frameworkId: string; containerId: string }) =>
    frameworks.get(of.frameworkId)?.runs.get(of.containerId);
  const taskOf = (of: { frameworkId: string; containerId: string }, id: string) =>
    runOf(of)?.tasks.find(({ info }) => info.task_id.value === id) as
      | Mutable<Run['tasks'][number]>
      | undefined;
  for (const change of changes) {
    switch (change.type) {
      case 'agent':
        disk.agent = change.agent;
        break;
      case 'forgetAgent':
        disk.agent = undefined;
        frameworks.clear();
        break;
      case 'resources':
        disk.resources = change.resources;
        break;
      case 'operation':
        disk.operations = [...(disk.operations ?? []), change.operation];
        break;
      case 'operationCompleted':
        disk.operations = disk.operations?.filter(
          ({ uuid }) => !sameBytes(uuid.value, change.uuid),
        );
        break;
      case 'drain':
        disk.drain = change.drain;
        break;
      case 'framework': {
        const id = change.framework.id?.value ?? '';
        const runs = frameworks.get(id)?.runs ?? new Map<string, Run>();
        frameworks.set(id, { info: change.framework, runs });
        break;
      }
      case 'executor': {
        const { info, builtin, containerId } = change;
        const run = { info, builtin, containerId, alive, tasks: [] };
        frameworks.get(change.frameworkId)?.runs.set(containerId, run);
        break;
      }
      case 'task':
        runOf(change)?.tasks.push({ info: change.info, updates: [], acknowledged: [] });
        break;
      case 'update': {
        const task = taskOf(change, change.update.status.task_id.value);
        if (task !== undefined) {
          task.updates = [...task.updates, change.update];
        }
        break;
      }
      case 'acknowledgement': {
        const { uuid, slim } = change;
        const task = taskOf(change, change.taskId);
        if (task !== undefined) {
          task.acknowledged = [...task.acknowledged, uuid];
          task.updates = task.updates.map((update) =>
            sameBytes(update.uuid ?? new Uint8Array(), uuid) ? (slim ?? update) : update,
          );
        }
        break;
      }
      case 'updateDropped': {
        const task = taskOf(change, change.taskId);
        if (task !== undefined) {
          task.updates = task.updates.filter(
            ({ uuid }) => !sameBytes(uuid ?? new Uint8Array(), change.uuid),
          );
        }
        break;
      }
      case 'taskCompleted': {
        const run = runOf(change);
        if (run !== undefined) {
          run.tasks = run.tasks.filter(({ info }) => info.task_id.value !== change.taskId);
        }
        break;
      }
      case 'executorCompleted':
        frameworks.get(change.frameworkId)?.runs.delete(change.containerId);
        break;
      case 'frameworkCompleted':
        frameworks.delete(change.frameworkId);
        break;
    }
  }
  disk.frameworks = [...frameworks.values()].map(({ info, runs }) => ({
    info,
    executors: [...runs.values()],
  }));
  return disk;
}
