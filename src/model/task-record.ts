// The record of a task: what master and agent keep of the TaskInfo.
import type { FrameworkID, Task, TaskInfo, TaskState } from './generated/messages.ts';

export function taskOf(info: TaskInfo, frameworkId: FrameworkID, state: TaskState): Task {
  const task: Task = {
    name: info.name,
    task_id: info.task_id,
    framework_id: frameworkId,
    agent_id: info.agent_id,
    state,
  };
  // Absent fields are left out: most tasks have few of these, and every one would be sent and
  // shown.
  if (info.executor !== undefined) {
    task.executor_id = info.executor.executor_id;
  }
  if (info.resources !== undefined) {
    task.resources = info.resources;
  }
  if (info.labels !== undefined) {
    task.labels = info.labels;
  }
  if (info.discovery !== undefined) {
    task.discovery = info.discovery;
  }
  if (info.container !== undefined) {
    task.container = info.container;
  }
  if (info.health_check !== undefined) {
    task.health_check = info.health_check;
  }
  if (info.kill_policy !== undefined) {
    task.kill_policy = info.kill_policy;
  }
  if (info.limits !== undefined) {
    task.limits = info.limits;
  }
  const user = info.command === undefined ? info.executor?.command?.user : info.command.user;
  if (user !== undefined) {
    task.user = user;
  }
  return task;
}
