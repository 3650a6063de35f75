// What streams of the operator API are told that have asked for updates, and no other stream.
import { expect, test } from 'vitest';
import { refuseAgent } from '../../src/master/agents/refused.ts';
import { beginTelling } from '../../src/master/operators/telling.ts';
import type { MasterOptions } from '../../src/master/options.ts';
import {
  DrainState,
  FrameworkInfo_Capability_Type,
  type MasterResponse_GetAgents as GetAgents,
  MasterCall_Type,
  type MasterEvent,
  MasterEvent_Type,
  Offer_Operation_Type,
  Resource_ReservationInfo_Type,
  TaskState,
} from '../../src/model/generated/messages.ts';
import { permissive } from '../../src/security/authorizer.ts';
import { cluster, resources, World } from './harness.ts';

const subscribe = (world: World, updates: boolean) =>
  world.operate({ type: MasterCall_Type.SUBSCRIBE, ...(updates && { subscribe: { updates } }) });

/** What the newest event of a type has been about. */
function watched(updates = true) {
  const { MULTI_ROLE, RESERVATION_REFINEMENT } = FrameworkInfo_Capability_Type;
  const capabilities = [MULTI_ROLE, RESERVATION_REFINEMENT].map((type) => ({ type }));
  const made = cluster({}, { failover_timeout: 60, capabilities });
  subscribe(made.world, updates);
  made.world.operatorEvents.length = 0;
  const taken = () =>
    made.world.operatorEvents
      .splice(0)
      .filter(({ type }) => type !== MasterEvent_Type.HEARTBEAT) as MasterEvent[];
  return { ...made, taken };
}

test('an agent is told of when it is drained, deactivated, reactivated, away and back', () => {
  const { world, agent, taken } = watched();
  const agent_id = { value: agent.id };
  const seen = () =>
    taken().map(({ agent_updated }) => {
      const { active, deactivated, drain_info, ...rest } = agent_updated?.agent ?? {};
      expect(rest).not.toHaveProperty('offered_resources');
      return [active, deactivated, drain_info?.state];
    });
  world.operate({ type: MasterCall_Type.DEACTIVATE_AGENT, deactivate_agent: { agent_id } });
  expect(seen()).toEqual([[false, true, undefined]]);
  world.operate({ type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent: { agent_id } });
  expect(seen()).toEqual([[true, false, undefined]]);
  world.dispatch({ type: 'linkLost', address: '10.0.0.2:5051' });
  expect(seen()).toEqual([[false, false, undefined]]);
  agent.reregister();
  expect(seen().at(-1)).toEqual([true, false, undefined]);
  world.operate({ type: MasterCall_Type.DRAIN_AGENT, drain_agent: { agent_id } });
  expect(seen()).toEqual([
    [false, true, DrainState.DRAINING],
    [false, true, DrainState.DRAINED],
  ]);
});

test('an agent is told of when it has other resources, by whomever', () => {
  const { world, agent, framework, taken } = watched();
  const reserved = (text: string, role: string) =>
    resources(text).map((it) => ({
      ...it,
      reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role }],
    }));
  const reservations = () =>
    taken().map(({ agent_updated }) =>
      (agent_updated?.agent.total_resources ?? []).flatMap(({ name, reservations: made }) =>
        made === undefined ? [] : name,
      ),
    );
  const made = reserved('mem:32', 'dev').map((it) => ({ ...it, allocation_info: { role: 'dev' } }));
  const reserve = { type: Offer_Operation_Type.RESERVE, reserve: { resources: made } };
  framework.accept([framework.offer()], [reserve]);
  expect(reservations()).toEqual([['mem']]);
  const reserve_resources = { agent_id: { value: agent.id }, resources: reserved('cpus:1', 'eng') };
  const answer = world.operate({ type: MasterCall_Type.RESERVE_RESOURCES, reserve_resources });
  expect(answer).toMatchObject({ status: 202 });
  expect(reservations()).toEqual([['mem', 'cpus']]);
});

const isRemoval = ({ type }: MasterEvent) => type === MasterEvent_Type.AGENT_REMOVED;

/** What a stream that begins now is told of agents that are not there. */
function toldFirst(world: World, principal?: { readonly value: string }) {
  world.operatorEvents.length = 0;
  world.operate({ type: MasterCall_Type.SUBSCRIBE, subscribe: { updates: true } }, principal);
  const told = world.operatorEvents[0]?.subscribed?.get_state?.get_agents ?? {};
  // Who asks for them once is told the same; who does not, nothing, as by Mesos.
  const call = { type: MasterCall_Type.GET_AGENTS };
  const viewer = { principal, authorizer: world.options.authorizer };
  const asked = world.views.read({ ...call, get_agents: { missing: true } }, viewer);
  expect(missingOf(asked?.get_agents)).toEqual(missingOf(told));
  expect(missingOf(world.views.read(call, viewer)?.get_agents)).toEqual({});
  return told;
}

const missingOf = ({ agents: _, recovered_agents: __, ...missing }: GetAgents = {}) => missing;

test('an agent that is unreachable is told of with its host and why, until it is back', () => {
  const { world, agent, taken } = watched();
  world.answersPings = false;
  world.advance(120_000);
  const lost = {
    agent_id: { value: agent.id },
    gone: false,
    hostname: agent.info().hostname,
    message: 'health check timed out',
  };
  expect(taken().find(isRemoval)?.agent_removed?.lost_agent).toMatchObject(lost);
  expect(toldFirst(world).lost_agents).toMatchObject([lost]);
  world.answersPings = true;
  agent.reregister();
  expect(toldFirst(world).lost_agents).toBeUndefined();
  expect(world.master.agents.lost.size).toBe(0);
});

test('an agent that is gone is told of with its host, and of its id alone after a restart', () => {
  const { world, agent, taken } = watched();
  const agent_id = { value: agent.id };
  world.operate({ type: MasterCall_Type.MARK_AGENT_GONE, mark_agent_gone: { agent_id } });
  const since_time = { nanoseconds: BigInt(world.nowMs) * 1_000_000n };
  const lost = { agent_id, gone: true, since_time };
  const { hostname, port } = agent.info();
  const known = { ...lost, hostname, port };
  expect(taken().find(isRemoval)?.agent_removed).toEqual({ agent_id, lost_agent: known });
  expect(toldFirst(world).lost_agents).toEqual([known]);
  expect(toldFirst(world.restart()).lost_agents).toEqual([lost]);
});

test('one that has not come back since a restart of the master is told of as unreachable', () => {
  const { world, agent } = watched();
  const next = world.restart();
  subscribe(next, true);
  next.operatorEvents.length = 0;
  next.advance(next.options.agentReregisterTimeoutMs);
  const removed = next.operatorEvents.find(isRemoval)?.agent_removed;
  expect(removed?.agent_id.value).toBe(agent.id);
  expect(removed?.lost_agent).toMatchObject({ gone: false, hostname: agent.info().hostname });
});

test('a lost agent that the registry forgets is told of once more', () => {
  const { world, agent, taken } = watched();
  const agent_id = { value: agent.id };
  world.operate({ type: MasterCall_Type.MARK_AGENT_GONE, mark_agent_gone: { agent_id } });
  taken();
  world.advance(world.options.registryMaxAgentAgeMs + world.options.registryGcIntervalMs + 1);
  expect(taken().filter(isRemoval)).toEqual([
    { type: MasterEvent_Type.AGENT_REMOVED, agent_removed: { agent_id } },
  ]);
  expect(world.master.agents.lost.size).toBe(0);
});

/** A master that lets no agent register, of whose log `blind` may see nothing. */
const closed = () =>
  new World({
    authorizer: {
      ...permissive,
      authorize: (principal, action) =>
        action !== 'REGISTER_AGENT' &&
        (action !== 'ACCESS_MESOS_LOG' || principal?.value !== 'blind'),
    },
  });

test('agents that are refused are told of all at once, at a pace, to who may see the log', () => {
  const world = closed();
  subscribe(world, true);
  world.operatorEvents.length = 0;
  const agent = world.agent();
  agent.register();
  expect(world.operatorEvents).toEqual([]);
  world.advance(5_000);
  const refused = {
    pid: agent.pid,
    hostname: agent.info().hostname,
    message: expect.stringMatching(/^Not authorized for action REGISTER_AGENT/),
    times: 2,
  };
  const told = world.operatorEvents.flatMap(({ agents_refused }) => agents_refused ?? []);
  expect(told).toMatchObject([{ agents: [refused] }]);
  expect(toldFirst(world).refused_agents).toMatchObject([refused]);
  expect(toldFirst(world, { value: 'blind' })).not.toHaveProperty('refused_agents');
  world.advance(3_600_000);
  expect(toldFirst(world).refused_agents).toEqual([]);
});

test('of agents that are refused few are kept, and of one address fewer', () => {
  const world = closed();
  const { agents } = world.master;
  const register = (from: number, count: number, origin: string) => {
    for (let port = from; port < from + count; port++) {
      const pid = `slave(1)@10.0.0.9:${port}`;
      refuseAgent(Object.assign(world.master, { asking: { call: '', origin } }), {
        pid,
        info: { hostname: 'h'.repeat(1000) },
        message: 'no',
        says: 'Refusing it',
      });
    }
  };
  register(1, 1, '10.0.0.1');
  register(100, 1000, '10.0.0.9');
  expect([...agents.refused.values()].filter(({ origin }) => origin === '10.0.0.9')).toHaveLength(
    20,
  );
  expect(agents.refused.has('slave(1)@10.0.0.9:1')).toBe(true);
  expect([...agents.refused.values()].every(({ hostname }) => hostname.length === 500)).toBe(true);
  for (let host = 0; host < 20; host++) {
    register(2000 + 20 * host, 20, `10.0.1.${host}`);
  }
  expect(agents.refused.size).toBe(100);
});

test('a framework is told of when it suppresses or revives roles, or its scheduler goes', () => {
  const { framework, taken } = watched();
  const seen = () =>
    taken().map(({ framework_updated }) => {
      const { active, suppressed_roles } = framework_updated?.framework ?? {};
      return [active, suppressed_roles];
    });
  framework.call('SUPPRESS');
  const roles = framework.info.roles;
  expect(seen()).toEqual([[true, roles]]);
  framework.call('SUPPRESS');
  expect(seen()).toEqual([]);
  framework.call('REVIVE');
  expect(seen()).toEqual([[true, undefined]]);
  framework.disconnect();
  expect(seen()).toEqual([[false, undefined]]);
});

test('who subscribes with updates is told first which roles are suppressed, but for hidden ones', () => {
  const { world, framework } = cluster({
    authorizer: {
      ...permissive,
      authorize: (principal, action, object) =>
        principal?.value !== 'blind' || action !== 'VIEW_ROLE' || object === undefined,
    },
  });
  framework.call('SUPPRESS');
  const shown = (updates: boolean, value: string) => {
    world.operatorEvents.length = 0;
    const call = { type: MasterCall_Type.SUBSCRIBE, subscribe: { updates } };
    world.operate(call, { value });
    return world.operatorEvents[0]?.subscribed?.get_state?.get_frameworks?.frameworks?.[0]
      ?.suppressed_roles;
  };
  expect(shown(true, 'sees')).toEqual(framework.info.roles);
  expect(shown(false, 'sees')).toBeUndefined();
  expect(shown(true, 'blind')).toBeUndefined();
});

test('who subscribes with updates is told first of agents and frameworks as events do', () => {
  const { world, framework } = cluster();
  framework.launch(framework.offer(), 't1');
  world.allocate();
  const shown = (updates: boolean) => {
    world.operatorEvents.length = 0;
    subscribe(world, updates);
    const { get_agents, get_frameworks } = world.operatorEvents[0]?.subscribed?.get_state ?? {};
    const [agent] = get_agents?.agents ?? [];
    const [known] = get_frameworks?.frameworks ?? [];
    expect(agent?.total_resources).toBeDefined();
    return [
      ...[agent?.allocated_resources, agent?.offered_resources],
      ...[known?.allocated_resources, known?.offers],
    ].map((held) => held !== undefined);
  };
  expect(shown(false)).toEqual([true, true, true, true]);
  expect(shown(true)).toEqual([false, false, false, false]);
});

/** Tasks that a stream is told of after its first record; none are in it. */
function toldTasks(world: World, principal?: { readonly value: string }) {
  world.operatorEvents.length = 0;
  world.operate({ type: MasterCall_Type.SUBSCRIBE, subscribe: { updates: true } }, principal);
  expect(world.operatorEvents[0]?.subscribed?.get_state).not.toHaveProperty('get_tasks');
  return () =>
    world.operatorEvents.flatMap(({ tasks_told }) =>
      tasks_told === undefined ? [] : [tasks_told],
    );
}

/** The first portion comes after the next event, which the world would not wait for else. */
function tellAgain(world: World) {
  const { streams } = beginTelling(world.master);
  for (const stream of world.master.subscribers.keys()) {
    streams.add(stream);
  }
  world.operatorEvents.length = 0;
  return () => world.operatorEvents.flatMap(({ tasks_told }) => tasks_told ?? []);
}

/** A framework with 700 tasks. */
function withTasks(options: Partial<MasterOptions> = {}) {
  const world = new World(options);
  const agent = world.agent();
  const framework = world.framework();
  world.allocate();
  const ids = Array.from({ length: 700 }, (_, id) => `t${id}`);
  const small = resources('cpus:0.001');
  const tasks = ids.map((id) => ({ name: id, task_id: { value: id }, resources: small }));
  framework.launch(framework.offer(), ...tasks);
  return { world, agent, framework, ids };
}

test('who subscribes with updates is told of tasks in portions, as they are then', () => {
  const { world, agent, framework, ids } = withTasks();
  toldTasks(world);
  const told = tellAgain(world);
  agent.update(framework, 't650', TaskState.TASK_FINISHED);
  expect(told().map(({ tasks, last }) => [tasks?.length, last])).toEqual([
    [500, false],
    [200, true],
  ]);
  const tasks = told().flatMap((portion) => portion.tasks ?? []);
  expect(tasks.map(({ task_id }) => task_id.value)).toEqual(ids);
  expect(tasks[650]?.state).toBe(TaskState.TASK_FINISHED);
});

test('portions of tasks have what one may see, and end with the stream', () => {
  const { world } = withTasks({
    authorizer: {
      ...permissive,
      authorize: (principal, action) => principal?.value !== 'blind' || action !== 'VIEW_TASK',
    },
  });
  const blind = toldTasks(world, { value: 'blind' });
  expect(blind().map(({ tasks, last }) => [tasks?.length, last])).toEqual([
    [0, false],
    [0, true],
  ]);
  const gone = tellAgain(world);
  for (const stream of world.master.subscribers.keys()) {
    world.dispatch({ type: 'streamClosed', stream });
  }
  expect(gone()).toEqual([]);
  expect(world.master.tellings).toEqual([]);
});

test('a stream without updates is told what Mesos tells', () => {
  const { world, agent, framework, taken } = watched(false);
  const agent_id = { value: agent.id };
  world.operate({ type: MasterCall_Type.DEACTIVATE_AGENT, deactivate_agent: { agent_id } });
  framework.call('SUPPRESS');
  framework.disconnect();
  world.operate({ type: MasterCall_Type.MARK_AGENT_GONE, mark_agent_gone: { agent_id } });
  expect(taken()).toEqual([]);
});
