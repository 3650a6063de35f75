// What ends with a framework or an agent is given back at once, and not task by task: with so many
// tasks the core would be asked for seconds.
import { expect, test } from 'vitest';
import { createCore } from '../../src/core/core.ts';
import { MasterCall_Type } from '../../src/model/generated/messages.ts';
import { agentId } from '../../src/model/ids.ts';
import { Traps } from '../support/traps.ts';
import { coreModule } from './core.ts';
import { resources, World } from './harness.ts';

function withTasks(count: number) {
  const counted = new Traps(coreModule);
  const world = new World({}, { core: createCore(coreModule, counted.instantiate) });
  const agent = world.agent();
  const framework = world.framework({ checkpoint: true });
  const tasks = Array.from({ length: count }, (_, index) => ({
    task_id: { value: `t${index}` },
    resources: resources('cpus:0.001;mem:1'),
  }));
  world.allocate();
  framework.launch(framework.offer(), ...tasks);
  expect(world.master.agents.registered.get(agentId(agent.id))?.taskSizes.size).toBe(count);
  const calls = (work: () => void) => {
    const before = counted.calls;
    work();
    return counted.calls - before;
  };
  return { world, agent, framework, calls };
}

test('a framework', () => {
  const end = (count: number) => {
    const { world, agent, framework, calls } = withTasks(count);
    const made = calls(() => framework.call('TEARDOWN'));
    const { allocator, agents } = world.master;
    const total = agents.registered.get(agentId(agent.id))?.total ?? [];
    expect(world.master.algebra.equal(allocator.free(agentId(agent.id)), total)).toBe(true);
    return made;
  };
  expect(end(50)).toBe(end(1));
});

test('an agent that is gone', () => {
  const end = (count: number) => {
    const { world, agent, framework, calls } = withTasks(count);
    const made = calls(() =>
      world.operate({
        type: MasterCall_Type.MARK_AGENT_GONE,
        mark_agent_gone: { agent_id: { value: agent.id } },
      }),
    );
    expect(framework.statuses()).toHaveLength(count);
    return made;
  };
  expect(end(50)).toBe(end(1));
});

test('an agent that unregisters', () => {
  const end = (count: number) => {
    const { agent, framework, calls } = withTasks(count);
    const made = calls(() =>
      agent.send('UnregisterAgentMessage', { agent_id: { value: agent.id } }),
    );
    expect(framework.statuses()).toHaveLength(count);
    return made;
  };
  expect(end(50)).toBe(end(1));
});
