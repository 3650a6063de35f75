// KILL_TASK: what Mesos leaves to a task's framework alone. Whoever may tear the framework down may
// end all of its tasks, so may end one of them; Mesos's lists have no lesser permission for that.
import type { MasterCall_KillTask } from '../../model/generated/messages.ts';
import { agentId, frameworkId, type RequestId, taskId } from '../../model/ids.ts';
import { isTerminal } from '../../model/task-state.ts';
import type { Principal } from '../../security/principal.ts';
import { mayDo, reply } from '../outbox.ts';
import type { MasterState } from '../state.ts';
import { killTask } from '../tasks/kill.ts';

/** What is remembered of a kill is not in the registry. */
const AWAY =
  'The agent is not connected. It is told when it is back, unless another master leads by then.';

/** Of the name of an operator, which goes to the framework. */
const MAX_NAME_LENGTH = 256;

export function killTaskCall(
  state: MasterState,
  { framework_id, task_id, kill_policy }: MasterCall_KillTask,
  principal: Principal | undefined,
  request: RequestId,
): void {
  const framework = state.frameworks.registered.get(frameworkId(framework_id.value));
  if (framework === undefined) {
    reply(state, request, 400, 'No framework found with specified ID');
    return;
  }
  if (!mayDo(state, principal, 'TEARDOWN_FRAMEWORK', { framework: framework.info })) {
    reply(state, request, 403);
    return;
  }
  const task = framework.tasks.get(taskId(task_id.value));
  if (task === undefined) {
    reply(state, request, 400, 'No task of the framework found with specified ID');
    return;
  }
  const agent = state.agents.registered.get(agentId(task.agent_id.value));
  if (isTerminal(task.state) || agent === undefined) {
    reply(state, request, 400, 'The task has ended already, or its agent is not registered');
    return;
  }
  const { value: name } = principal ?? {};
  const by = name === undefined ? 'an operator' : `operator '${name.slice(0, MAX_NAME_LENGTH)}'`;
  killTask(state, framework, agent, { task_id, kill_policy, by });
  if (agent.connected) {
    reply(state, request, 202);
  } else {
    reply(state, request, 202, AWAY);
  }
}
