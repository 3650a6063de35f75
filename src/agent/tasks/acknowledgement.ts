// StatusUpdateAcknowledgementMessage: the task's next update is sent, or after the last one the
// task is completed.
import type { StatusUpdateAcknowledgementMessage } from '../../model/generated/messages.ts';
import { frameworkId, taskId } from '../../model/ids.ts';
import { completeTask } from '../executors/termination.ts';
import { correctSoon } from '../registration/correction.ts';
import type { AgentState } from '../state.ts';
import { findStream } from './status-update-stream.ts';
import { acknowledge } from './status-update-streams.ts';

export function acknowledged(agent: AgentState, body: StatusUpdateAcknowledgementMessage): void {
  if (agent.phase !== 'running') {
    return;
  }
  const framework = frameworkId(body.framework_id.value);
  const task = taskId(body.task_id.value);
  const isFromEarlier = findStream(agent, framework, task)?.isCarriedOver === true;
  if (acknowledge(agent, framework, task, body.uuid) === 'completed') {
    const executor = agent.frameworks.get(framework)?.tasks.get(task);
    if (executor !== undefined) {
      completeTask(agent, executor, task);
      if (isFromEarlier) {
        correctSoon(agent);
      }
    }
  }
}
