// Messages about an agent from another process.
import { describe, expect, test } from 'vitest';
import type { MessageToMaster } from '../../src/model/agent-messages.ts';
import {
  OperationState,
  TaskState,
  TaskStatus_Source,
} from '../../src/model/generated/messages.ts';
import { agentId } from '../../src/model/ids.ts';
import { World } from './harness.ts';

const STRANGER = 'slave(1)@10.0.0.2:6666';

function cluster() {
  const world = new World();
  const agent = world.agent();
  const framework = world.framework({ checkpoint: true });
  framework.launch(framework.offer(), 't1');
  const from = (pid: string, message: MessageToMaster) =>
    world.dispatch({ type: 'agentMessage', from: pid, message });
  return { world, agent, framework, from };
}

const uuid = new Uint8Array(16).fill(0x44);

describe('nothing of an agent is believed that another process says', () => {
  test('an update of its task', () => {
    const { agent, framework, from } = cluster();
    const ids = { task_id: { value: 't1' }, agent_id: { value: agent.id } };
    const status = {
      ...ids,
      state: TaskState.TASK_FINISHED,
      source: TaskStatus_Source.SOURCE_EXECUTOR,
      uuid,
    };
    const { agent_id } = ids;
    const update = { framework_id: { value: framework.id }, agent_id, status, timestamp: 1, uuid };
    for (const pid of [STRANGER, agent.pid]) {
      from(STRANGER, { name: 'StatusUpdateMessage', body: { update, pid } });
    }
    expect(framework.statuses('t1')).toEqual([]);
    from(agent.pid, { name: 'StatusUpdateMessage', body: { update, pid: agent.pid } });
    expect(framework.statuses('t1')).toHaveLength(1);
  });

  test('the end of its executor, and messages of that', () => {
    const { agent, framework, from } = cluster();
    const ids = {
      agent_id: { value: agent.id },
      framework_id: { value: framework.id },
      executor_id: { value: 'e' },
    };
    from(STRANGER, { name: 'ExitedExecutorMessage', body: { ...ids, status: 0 } });
    from(STRANGER, { name: 'ExecutorToFrameworkMessage', body: { ...ids, data: uuid } });
    expect(framework.events('FAILURE')).toEqual([]);
    expect(framework.events('MESSAGE')).toEqual([]);
    from(agent.pid, { name: 'ExecutorToFrameworkMessage', body: { ...ids, data: uuid } });
    expect(framework.events('MESSAGE')).toHaveLength(1);
  });

  test.each([
    ['its own', (id: string) => ({ agent_id: { value: id } })],
    ['none', () => ({})],
    ['an unknown one', () => ({ agent_id: { value: 'nobody' } })],
  ])('the state of an operation, with the id of %s', (_, ids) => {
    const { agent, framework, from } = cluster();
    const body = {
      framework_id: { value: framework.id },
      status: { state: OperationState.OPERATION_FINISHED, operation_id: { value: 'o' } },
      ...ids(agent.id),
    };
    from(STRANGER, { name: 'UpdateOperationStatusMessage', body });
    expect(framework.events('UPDATE_OPERATION_STATUS')).toEqual([]);
  });

  test('its resources, and its farewell', () => {
    const { world, agent, from } = cluster();
    const agent_id = { value: agent.id };
    const before = world.master.agents.registered.get(agentId(agent.id))?.resourceVersion;
    const body = { agent_id, resource_version_uuid: { value: uuid } };
    from(STRANGER, { name: 'UpdateAgentMessage', body });
    from(STRANGER, { name: 'UnregisterAgentMessage', body: { agent_id } });
    expect(world.master.agents.registered.get(agentId(agent.id))?.resourceVersion).toBe(before);
  });

  test('that it has moved to another port, while it is connected where it was', () => {
    const { world, agent } = cluster();
    agent.reregister({}, { pid: STRANGER });
    expect(world.sentTo(STRANGER, 'AgentReregisteredMessage')).toEqual([]);
    expect(world.master.agents.byPid.has(agent.pid)).toBe(true);
  });
});
