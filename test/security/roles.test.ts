// A principal that may not view a role finds its name nowhere: neither in lists of roles, nor in
// what runs for it.
import { describe, expect, test } from 'vitest';
import { createViews } from '../../src/agent/views/views.ts';
import {
  AttributeConstraint_Selector_PseudoattributeType,
  MasterCall_Type,
  Offer_Operation_Type,
  Resource_ReservationInfo_Type,
} from '../../src/model/generated/messages.ts';
import { type Authorizer, permissive } from '../../src/security/authorizer.ts';
import {
  World as AgentWorld,
  commandTask,
  executorInfo,
  executorTask,
  frameworkInfo,
  runToEnd,
  scalar,
} from '../agent/harness.ts';
import { launchOf, resources, World } from '../master/harness.ts';
import { agentReadings, having, masterReadings, textOf } from './readings.ts';

const hidden = 'hidden-role';
const blind: Authorizer = {
  authorize: (_, action, object) => action !== 'VIEW_ROLE' || object?.value !== hidden,
};

const anyHost = {
  attribute_constraints: [
    {
      selector: { pseudoattribute_type: AttributeConstraint_Selector_PseudoattributeType.HOSTNAME },
      predicate: { exists: {} },
    },
  ],
};

/**
 * A master with everything that can name a role: reservations, offers, a task, an executor,
 * settings.
 */
function busyMaster(authorizer: Authorizer): World {
  const world = new World({ authorizer, weights: { [hidden]: 2 } });
  world.operate({ type: MasterCall_Type.SUBSCRIBE });
  world.agent({ resources: `cpus:4;mem:4096;disk:64;cpus(${hidden}):2;mem(${hidden}):64` });
  const framework = world.framework(
    {
      roles: [hidden, 'open'],
      principal: 'p',
      offer_filters: { [hidden]: {} },
    },
    { offer_constraints: { role_constraints: { [hidden]: { groups: [anyHost] } } } },
  );
  world.allocate();
  const offer = framework.offers().find(({ allocation_info }) => allocation_info?.role === hidden);
  if (offer === undefined) {
    throw new Error('no offer for the role');
  }
  const reserved = {
    ...resources('disk:32')[0],
    name: 'disk',
    type: 0,
    allocation_info: { role: hidden },
    reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: hidden, principal: 'p' }],
  } as const;
  framework.accept(
    [offer],
    [
      {
        type: Offer_Operation_Type.RESERVE,
        reserve: { resources: [structuredClone(reserved) as never] },
      },
      launchOf(offer, {
        task_id: { value: 't' },
        resources: resources('cpus:0.5;mem:32'),
        executor: {
          executor_id: { value: 'e' },
          framework_id: { value: framework.id },
          command: { value: 'x' },
          resources: resources('cpus:0.1;mem:32'),
        },
      }),
    ],
  );
  world.allocate();
  framework.subscribe({ name: 'again' });
  world.allocate();
  world.framework({ roles: [hidden] });
  return world;
}

describe('a master', () => {
  const world = busyMaster(permissive);

  test.each(masterReadings(world.views, blind))('does not tell of the role by %s', (_, text) => {
    expect(text).not.toContain(hidden);
  });

  test('tells of it by most of these to those who may view it', () => {
    expect(having(masterReadings(world.views, permissive), hidden)).toEqual([
      '/state',
      '/state-summary',
      '/slaves',
      '/frameworks',
      '/tasks',
      '/roles',
      '/weights',
      'GET_STATE',
      'GET_AGENTS',
      'GET_FRAMEWORKS',
      'GET_EXECUTORS',
      'GET_OPERATIONS',
      'GET_TASKS',
      'GET_ROLES',
      'GET_WEIGHTS',
      'GET_OFFERS',
    ]);
  });

  test('does not tell of it by events, nor by the state that comes before them', () => {
    const blinded = busyMaster(blind);
    blinded.operate({ type: MasterCall_Type.SUBSCRIBE });
    expect(textOf(blinded.operatorEvents)).not.toContain(hidden);
    world.operate({ type: MasterCall_Type.SUBSCRIBE });
    const types = (of: World) => of.operatorEvents.map(({ type }) => type);
    expect(types(blinded)).toEqual(types(world));
    for (const event of world.operatorEvents.filter(({ task_added, agent_added }) => {
      return task_added !== undefined || agent_added !== undefined;
    })) {
      expect(textOf(event)).toContain(hidden);
    }
  });
});

describe('sums', () => {
  const world = busyMaster(permissive);
  const states = (authorizer: Authorizer) => {
    const viewer = { authorizer };
    return JSON.parse(textOf([world.views.state(viewer), world.views.stateSummary(viewer)]));
  };

  test('of an agent’s resources are of what the viewer may see', () => {
    for (const state of states(permissive)) {
      expect(state.slaves[0].resources).toMatchObject({ cpus: 6, mem: 4160 });
    }
    for (const state of states(blind)) {
      expect(state.slaves[0].resources).toMatchObject({ cpus: 4, mem: 4096, disk: 32 });
      expect(state.slaves[0].used_resources).toMatchObject({ cpus: 0, mem: 0 });
    }
  });

  test('of what frameworks hold are of the roles that the viewer may see', () => {
    for (const state of states(permissive)) {
      expect(state.frameworks[0].used_resources).toMatchObject({ cpus: 0.6, mem: 64 });
    }
    for (const state of states(blind)) {
      expect(state.frameworks[0].used_resources).toMatchObject({ cpus: 0, mem: 0 });
      const tasks = [state.frameworks[0].tasks ?? [], state.frameworks[0].executors ?? []].flat();
      expect(tasks.map(({ resources: { cpus } }: { resources: { cpus: number } }) => cpus)).toEqual(
        tasks.map(() => 0),
      );
    }
  });
});

describe('an agent', () => {
  const world = new AgentWorld({
    resources: [
      scalar('cpus', 4),
      scalar('mem', 4096),
      { ...scalar('cpus', 2), reservations: [{ type: 1, role: hidden }] },
    ],
  });
  world.register();
  const framework = frameworkInfo({ roles: [hidden, 'open'] });
  const forRole = { allocation_info: { role: hidden } };
  const held = [
    { ...scalar('cpus', 0.1), ...forRole },
    { ...scalar('mem', 32), ...forRole },
  ];
  world.runTask(commandTask('t1', { resources: held }), framework);
  world.runTask(
    { ...executorTask('t2', executorInfo('ex', { resources: held })), resources: held },
    framework,
  );
  runToEnd(world, 't3');
  const views = createViews(world.agent, (_, message) => message);

  // A container shows neither its resources nor its framework's roles.
  const readings = (authorizer: Authorizer) =>
    agentReadings(views, authorizer).filter(([name]) => name !== '/containers');

  test.each(readings(blind))('does not tell of the role by %s', (_, text) => {
    expect(text).not.toContain(hidden);
  });

  test('sums up only what the viewer may see', () => {
    const state = JSON.parse(textOf(views.state({ authorizer: blind })));
    expect(state.resources).toMatchObject({ cpus: 4, mem: 4096 });
    const executors = state.frameworks[0].executors as { id: string; resources: object }[];
    expect(executors.find(({ id }) => id === 'ex')?.resources).toMatchObject({ cpus: 0, mem: 0 });
  });

  test('tells of it by most of these to those who may view it', () => {
    expect(having(readings(permissive), hidden)).toEqual([
      '/state',
      'GET_STATE',
      'GET_FRAMEWORKS',
      'GET_EXECUTORS',
      'GET_TASKS',
      'GET_AGENT',
    ]);
  });
});
