// Master and agent against the tables of what messages and calls of executors need: what the right
// sender's messages ask for, and that those of others do nothing.
import { describe, expect, test } from 'vitest';
import type { AgentEffect } from '../../src/agent/effects.ts';
import type { MasterEffect } from '../../src/master/effects.ts';
import type { MessageToAgent, MessageToMaster } from '../../src/model/agent-messages.ts';
import { type ExecutorCall, ExecutorCall_Type } from '../../src/model/generated/messages.ts';
import { requestId, streamId } from '../../src/model/ids.ts';
import {
  type Access,
  AGENT_MESSAGES,
  EXECUTOR_CALLS,
  MASTER_MESSAGES,
} from '../../src/security/access-tables.ts';
import type { Action, Authorizer } from '../../src/security/authorizer.ts';
import { types } from '../../src/wire/types.ts';
import * as agents from '../agent/harness.ts';
import { resources, World } from '../master/harness.ts';
import { type AnyType, filledMessage } from '../support/filled-message.ts';

function recorder(): { readonly asked: Set<Action>; readonly authorizer: Authorizer } {
  const asked = new Set<Action>();
  return { asked, authorizer: { authorize: (_, action) => asked.add(action).size > 0 } };
}

const actionsOf = (access: Access) => (access.kind === 'open' ? [] : access.actions);

/** A message with all its fields, of the agent with this id. */
const bodyOf = (name: string, agent: string) =>
  filledMessage(types[name as 'PingAgentMessage'] as AnyType, {
    message: (type) => (type === (types.AgentID as AnyType) ? { value: agent } : undefined),
  });

/** What is said of a message that is not taken. */
const ONLY_TOLD = new Set(['log', 'auditDisbelief']);

describe('messages of agents to a master', () => {
  function registered() {
    const { asked, authorizer } = recorder();
    const effects: MasterEffect[] = [];
    const onEffect = (effect: MasterEffect) => void effects.push(effect);
    const world = new World({ authorizer, isAudited: true }, { onEffect });
    const agent = world.agent();
    const say = (from: string, message: MessageToMaster) => {
      asked.clear();
      effects.length = 0;
      world.dispatch({ type: 'agentMessage', from, message });
    };
    return { agent, asked, effects, say };
  }

  const reserved = () =>
    resources('cpus:1').map((it) => ({ ...it, reservations: [{ type: 1, role: 'dev' }] }));

  test.each(Object.entries(AGENT_MESSAGES))('%s asks for what the table says', (name, access) => {
    const { agent, asked, say } = registered();
    const joins = name === 'RegisterAgentMessage' || name === 'ReregisterAgentMessage';
    const info = { ...agent.info(), id: { value: agent.id }, resources: reserved() };
    const body = joins ? { agent: info, version: '1.11.0' } : bodyOf(name, agent.id);
    say(joins ? 'slave(1)@10.0.0.77:5051' : agent.pid, { name, body } as MessageToMaster);
    expect([...asked].toSorted()).toEqual([...actionsOf(access)].toSorted());
  });

  const ofItsAgent = Object.entries(AGENT_MESSAGES).filter(
    ([, access]) => access.kind === 'open' && access.why.includes('the pid that the agent'),
  );

  test.each(ofItsAgent)('%s of another pid does nothing', (name) => {
    const { agent, effects, say } = registered();
    say('slave(1)@10.9.9.9:1', { name, body: bodyOf(name, agent.id) } as MessageToMaster);
    expect(effects.filter(({ type }) => !ONLY_TOLD.has(type))).toEqual([]);
  });
});

describe('messages of a master to agents', () => {
  function registered() {
    const { asked, authorizer } = recorder();
    const world = new agents.World({ authorizer, isAudited: true });
    world.register();
    const say = (message: MessageToAgent, from?: string): AgentEffect[] => {
      asked.clear();
      world.effects = [];
      world.fromMaster(message, from);
      return world.effects;
    };
    return { world, asked, say };
  }

  const tasks = {
    RunTaskMessage: { task: agents.commandTask('t') },
    RunTaskGroupMessage: {
      executor: agents.executorInfo('e'),
      task_group: { tasks: [agents.executorTask('t', agents.executorInfo('e'))] },
    },
  };

  test.each(Object.entries(MASTER_MESSAGES))('%s asks for what the table says', (name, access) => {
    const { world, asked, say } = registered();
    const launch = tasks[name as keyof typeof tasks];
    const body = launch && {
      framework: agents.frameworkInfo(),
      resource_version_uuids: [{ uuid: world.agent.resourceVersion }],
      launch_executor: true,
      ...launch,
    };
    say({ name, body: body ?? bodyOf(name, agents.AGENT_ID) } as MessageToAgent);
    expect([...asked]).toEqual(actionsOf(access));
  });

  test.each(Object.keys(MASTER_MESSAGES))('%s of another process does nothing', (name) => {
    const { say } = registered();
    const message = { name, body: bodyOf(name, agents.AGENT_ID) } as MessageToAgent;
    const effects = say(message, 'master@10.9.9.9:5050');
    expect(effects.filter(({ type }) => !ONLY_TOLD.has(type))).toEqual([]);
    expect(effects.map(({ type }) => type)).toContain('auditDisbelief');
  });
});

describe('calls of executors', () => {
  test.each(Object.entries(EXECUTOR_CALLS))('%s', (name, access) => {
    const { asked, authorizer } = recorder();
    const world = new agents.World({ authorizer, authenticateExecutors: true });
    world.register();
    world.runTask(agents.executorTask('t', agents.executorInfo('e')), agents.frameworkInfo());
    asked.clear();
    const call = (executor: string): number | undefined => {
      world.effects = [];
      const body: ExecutorCall = {
        type: ExecutorCall_Type[name as keyof typeof ExecutorCall_Type],
        framework_id: { value: agents.FRAMEWORK },
        executor_id: { value: executor },
        subscribe: {},
        update: { status: agents.status('t', 1) },
        message: { data: new Uint8Array() },
      };
      const asking = { request: requestId('r'), call: body };
      world.send(
        name === 'SUBSCRIBE'
          ? { type: 'executorSubscribe', stream: streamId('s'), ...asking }
          : { type: 'executorCall', ...asking },
      );
      return world.take('reply')[0]?.status;
    };
    const isForAll = access.kind === 'open' && access.why.includes('whoever');
    expect(call('other')).toBe(isForAll ? 202 : 400);
    expect(call('e')).toBe(isForAll ? 202 : 403);
    expect([...asked]).toEqual([]);
  });
});
