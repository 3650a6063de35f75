// Frameworks: who may subscribe, fail-over, disconnection, changes of FrameworkInfo.
import { expect, test } from 'vitest';
import {
  FrameworkInfo_Capability_Type,
  MasterCall_Type,
  SchedulerCall_Type,
  TaskState,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { permissive } from '../../src/security/authorizer.ts';
import { cluster, FakeFramework, World } from './harness.ts';

const frameworksOf = (world: World) =>
  world.read({ type: MasterCall_Type.GET_FRAMEWORKS }).get_frameworks;

test('a subscription is answered with SUBSCRIBED and a heartbeat, and heartbeats go on', () => {
  const world = new World();
  const framework = world.framework();
  expect(framework.first('SUBSCRIBED')?.subscribed).toMatchObject({
    framework_id: { value: framework.id },
    heartbeat_interval_seconds: 15,
    master_info: { id: world.options.id, pid: 'master@10.0.0.1:5050', port: 5050 },
  });
  expect(framework.events('HEARTBEAT')).toHaveLength(1);
  world.advance(45_000);
  expect(framework.events('HEARTBEAT')).toHaveLength(4);
});

test.each([
  [{ roles: ['a//b'] }, /Role 'a\/\/b' cannot contain two adjacent slashes/],
  [{ roles: ['a', 'a'] }, /contains duplicate items/],
  [{ role: 'x' }, /'FrameworkInfo.role' must not be set/],
  [{ failover_timeout: 1e18 }, 'The framework failover_timeout (1e+18) is invalid'],
  [{ id: { value: '..' } }, "'..' is disallowed"],
])('a description like %j is refused on the stream', (info, message) => {
  const world = new World();
  const framework = new FakeFramework(world, info, {});
  framework.subscribe();
  const events = framework.events();
  expect(events).toHaveLength(1);
  expect(events[0]?.error?.message).toMatch(message);
  expect(world.closed.has(framework.stream)).toBe(true);
  expect(frameworksOf(world)?.frameworks).toEqual([]);
});

test('a whitelist of roles keeps others out', () => {
  const world = new World({ roles: ['dev'] });
  const framework = new FakeFramework(world, { roles: ['ops'] }, {});
  framework.subscribe();
  expect(framework.first('ERROR')?.error?.message).toContain("not present in the master's --roles");
});

test('a framework that may not register with a role is told so, and is not entered', () => {
  const authorizer = {
    authorize: (_principal: unknown, action: string) => action !== 'REGISTER_FRAMEWORK',
  };
  const world = new World({ authorizer: { ...permissive, ...authorizer } });
  const framework = new FakeFramework(world, {}, {});
  framework.subscribe();
  expect(framework.first('ERROR')?.error?.message).toContain('Not authorized to register');
  expect(frameworksOf(world)?.frameworks).toEqual([]);
});

test('calls need the stream that the framework got, and a framework that exists', () => {
  const { framework } = cluster({}, { failover_timeout: 60 });
  expect(framework.call('SUPPRESS')).toMatchObject({ status: 202 });
  const other = framework.call('SUPPRESS', {}, 'wrong' as typeof framework.stream);
  expect(other.status).toBe(400);
  framework.disconnect();
  expect(framework.call('SUPPRESS')).toMatchObject({
    status: 403,
    text: 'Framework is not subscribed',
  });
  framework.id = 'nobody';
  expect(framework.call('SUPPRESS')).toMatchObject({
    status: 400,
    text: 'Framework cannot be found',
  });
});

test('a second instance takes over: offers are made anew, the first hears an error', () => {
  const { world, agent, framework } = cluster({}, { failover_timeout: 60 });
  framework.launch(framework.offer(), 't1');
  world.allocate();
  const old = framework.stream;
  framework.subscribe();
  expect(world.closed.has(old)).toBe(true);
  expect(world.streams.get(old)?.at(-1)?.error?.message).toBe('Framework failed over');
  world.allocate();
  expect(framework.offers()).toHaveLength(1);
  // The first connection ends now; that must not affect the second.
  world.dispatch({ type: 'streamClosed', stream: old });
  const uuid = agent.update(framework, 't1', TaskState.TASK_RUNNING);
  expect(framework.statuses('t1')).toHaveLength(1);
  expect(framework.acknowledge(agent, 't1', uuid).status).toBe(202);
});

test('without a failover timeout a framework ends with its connection', () => {
  const { world, agent, framework } = cluster();
  framework.launch(framework.offer(), 't1');
  framework.disconnect();
  expect(frameworksOf(world)?.frameworks).toEqual([]);
  expect(agent.sent('ShutdownFrameworkMessage')).toHaveLength(1);
  const tasks = world.read({ type: MasterCall_Type.GET_TASKS }).get_tasks?.completed_tasks;
  expect(tasks?.map(({ state }) => state)).toEqual([TaskState.TASK_KILLED]);
});

test('within its failover timeout a framework is only inactive, and gets what it missed', () => {
  const { world, agent, framework } = cluster({}, { failover_timeout: 60, checkpoint: true });
  framework.launch(framework.offer(), 't1');
  framework.disconnect();
  expect(frameworksOf(world)?.frameworks).toMatchObject([{ active: false, connected: false }]);
  agent.update(framework, 't1', TaskState.TASK_RUNNING);
  world.advance(59_000);
  framework.subscribe();
  world.advance(60_000);
  expect(frameworksOf(world)?.frameworks).toMatchObject([{ active: true, connected: true }]);
  // The agent repeats updates that were not acknowledged.
  agent.update(framework, 't1', TaskState.TASK_RUNNING);
  expect(framework.statuses('t1')).toHaveLength(1);
});

test('user and checkpoint stay what they were, another principal is refused', () => {
  const { framework, world } = cluster({}, { failover_timeout: 60, principal: 'one' });
  framework.subscribe({ user: 'other', checkpoint: true, name: 'renamed' });
  expect(frameworksOf(world)?.frameworks?.[0]?.framework_info).toMatchObject({
    user: 'root',
    name: 'renamed',
  });
  framework.subscribe({ principal: 'two' });
  expect(framework.first('ERROR')?.error?.message).toBe(
    "Changing framework's principal is not allowed.",
  );
});

test('UPDATE_FRAMEWORK takes roles away with their offers, and refuses what cannot change', () => {
  const { world, framework } = cluster({}, { roles: ['dev', 'ops'] });
  world.allocate();
  const before = framework.offers();
  const change = (info: object, more: object = {}) =>
    framework.call('UPDATE_FRAMEWORK', {
      update_framework: {
        framework_info: { ...framework.info, id: { value: framework.id }, ...info },
        ...more,
      },
    });
  expect(change({ user: 'other' }).status).toBe(400);
  expect(change({}, { suppressed_roles: ['foreign'] }).status).toBe(400);
  expect(change({ roles: ['ops'] }).status).toBe(200);
  const rescinded = framework.events('RESCIND').map(({ rescind }) => rescind?.offer_id.value);
  const lost = before.filter(({ allocation_info }) => allocation_info?.role === 'dev');
  expect(rescinded).toEqual(lost.map(({ id }) => id.value));
  world.allocate();
  expect(framework.offer().allocation_info?.role).toBe('ops');
});

test('suppressed roles get no offers until they are revived', () => {
  const world = new World();
  world.agent();
  const framework = world.framework({}, { suppressed_roles: ['dev'] });
  world.allocate();
  expect(framework.offers()).toEqual([]);
  framework.call('REVIVE');
  expect(framework.offers()).toHaveLength(1);
});

test('declined offers come back after the filter, or with REVIVE', () => {
  const { world, framework } = cluster();
  const decline = (refuse_seconds: number) =>
    framework.call('DECLINE', {
      decline: { offer_ids: [framework.offer().id], filters: { refuse_seconds } },
    });
  decline(3600);
  world.advance(1_800_000 - 1);
  expect(framework.offers()).toHaveLength(1);
  framework.call('REVIVE');
  expect(framework.offers()).toHaveLength(2);
  decline(0);
  world.allocate();
  expect(framework.offers()).toHaveLength(3);
  framework.call('DECLINE', { decline: { offer_ids: [framework.offer().id] } });
  world.advance(4000);
  expect(framework.offers()).toHaveLength(3);
  world.advance(3000);
  expect(framework.offers()).toHaveLength(4);
});

test('an offer without an answer is taken back after the offer timeout', () => {
  const { world, framework } = cluster({ offerTimeoutMs: 30_000 });
  const offer = framework.offer();
  world.advance(30_000);
  expect(framework.events('RESCIND')).toMatchObject([{ rescind: { offer_id: offer.id } }]);
  world.allocate();
  expect(framework.offers()).toHaveLength(2);
  framework.launch(framework.offer(), 't1');
  world.advance(20_000);
  expect(framework.events('RESCIND')).toHaveLength(1);
});

test('offers have the form that the framework understands', () => {
  const world = new World();
  world.agent({ resources: 'cpus(old):1;cpus:3;mem:1024' });
  const old = world.framework({ capabilities: [], roles: [], role: 'old' });
  world.allocate();
  const offer = old.offer();
  expect(offer.allocation_info).toBeUndefined();
  expect(offer.resources).toContainEqual({
    name: 'cpus',
    type: 0,
    scalar: { value: 1 },
    role: 'old',
  });
  expect(offer.resources).toContainEqual({
    name: 'cpus',
    type: 0,
    scalar: { value: 3 },
    role: '*',
  });
  old.call('TEARDOWN');
  const refined = world.framework({
    roles: ['old'],
    capabilities: [
      { type: FrameworkInfo_Capability_Type.MULTI_ROLE },
      { type: FrameworkInfo_Capability_Type.RESERVATION_REFINEMENT },
    ],
  });
  world.allocate();
  expect(refined.offer().resources).toContainEqual({
    name: 'cpus',
    type: 0,
    scalar: { value: 1 },
    reservations: [{ type: 1, role: 'old' }],
    allocation_info: { role: 'old' },
  });
});

test('completed frameworks and tasks are remembered up to their bounds', () => {
  const world = new World({ maxCompletedFrameworks: 2, maxCompletedTasksPerFramework: 2 });
  const agent = world.agent();
  const framework = world.framework();
  for (const task of ['a', 'b', 'c']) {
    world.allocate();
    framework.launch(framework.offer(), task);
    framework.acknowledge(agent, task, agent.update(framework, task, TaskState.TASK_FINISHED));
  }
  const completed = world.read({ type: MasterCall_Type.GET_TASKS }).get_tasks?.completed_tasks;
  expect(completed?.map(({ task_id }) => task_id.value)).toEqual(['b', 'c']);
  for (let i = 0; i < 3; i++) {
    world.framework().call('TEARDOWN');
  }
  expect(frameworksOf(world)?.completed_frameworks).toHaveLength(2);
});

test('a call that the schema lets through is checked again', () => {
  const { framework } = cluster();
  const call = (body: object) => framework.call('ACKNOWLEDGE', body);
  const uuid = new Uint8Array(3);
  const acknowledge = { agent_id: { value: 'a' }, task_id: { value: 't' }, uuid };
  expect(call({ acknowledge })).toMatchObject({
    status: 400,
    text: 'Failed to validate scheduler::Call: Not a valid UUID',
  });
  expect(call({})).toMatchObject({ status: 400 });
  expect(call({ type: SchedulerCall_Type.UNKNOWN })).toMatchObject({ status: 501 });
});

test('constraints that cannot be compiled are refused', () => {
  const world = new World();
  world.agent();
  const framework = world.framework(
    {},
    {
      offer_constraints: {
        role_constraints: {
          dev: {
            groups: [
              {
                attribute_constraints: [
                  {
                    selector: { attribute_name: 'rack' },
                    predicate: { text_matches: { regex: '(' } },
                  },
                ],
              },
            ],
          },
        },
      },
    },
  );
  expect(framework.last('ERROR')?.error?.message).toMatch(
    /^Offer constraints are not valid: A role dev/,
  );
});

test('a framework that says a megabyte of itself is refused', () => {
  const { world } = cluster();
  const labels = { labels: [{ key: 'k', value: 'x'.repeat(1024 * 1024) }] };
  expect(world.framework({ labels }).last('ERROR')?.error?.message).toBe(
    "'FrameworkInfo' has more than 1048576 bytes",
  );
});

test('clients may make up any number of resource names', () => {
  const { world, agent, framework } = cluster();
  const made = (i: number) => [
    { name: `made-up-${i}`, type: Value_Type.SCALAR, scalar: { value: 1 } },
  ];
  for (let i = 0; i < 300; i++) {
    const offer = framework.offer();
    const tasks = Array.from({ length: 5 }, (_, n) => ({
      task_id: { value: `${i}-${n}` },
      resources: made(5 * i + n),
    }));
    framework.launch(offer, ...tasks);
    world.allocate();
  }
  const minimum = {
    quantities: Array.from({ length: 500 }, (_, i) => ({
      quantities: { [`r${i}`]: { value: 1 } },
    })),
  };
  const greedy = world.framework({
    offer_filters: { dev: { min_allocatable_resources: minimum } },
  });
  expect(greedy.last('ERROR')?.error?.message).toBe('Too many resource names');
  framework.launch(framework.offer(), 'usual');
  agent.update(framework, 'usual', TaskState.TASK_RUNNING);
  expect(framework.statuses('usual').at(-1)?.state).toBe(TaskState.TASK_RUNNING);
});
