import { describe, expect, test } from 'vitest';
import { type AgentCall, AgentCall_Type } from '../../src/model/generated/messages.ts';
import { requestId } from '../../src/model/ids.ts';
import { commandTask, World } from './harness.ts';

function answerTo(world: World, call: AgentCall) {
  world.send({ type: 'operatorCall', request: requestId('r'), call });
  const [reply] = world.take('reply');
  return reply && { status: reply.status, text: reply.text };
}

function registered(): World {
  const world = new World();
  world.register();
  return world;
}

const invalid = (why: string) => ({ status: 400, text: `Failed to validate agent::Call: ${why}` });

describe('a call about a container', () => {
  test.each([
    [
      'nested in nothing',
      { value: 'lonely' },
      "Expecting 'wait_nested_container.container_id.parent' to be present",
    ],
    [
      'without a name',
      { value: '', parent: { value: 'p' } },
      "'wait_nested_container.container_id' is invalid: ID must not be empty",
    ],
    [
      'with a dot in its name',
      { value: 'a.b', parent: { value: 'p' } },
      "'wait_nested_container.container_id' is invalid: 'ContainerID.value' 'a.b' contains invalid characters",
    ],
    [
      'in one that is named badly',
      { value: 'a', parent: { value: 'p q' } },
      "'wait_nested_container.container_id' is invalid: 'ContainerID.parent' is invalid: 'ContainerID.value' 'p q' contains invalid characters",
    ],
  ])('%s is invalid', (_, container_id, why) => {
    const type = AgentCall_Type.WAIT_NESTED_CONTAINER;
    const call = { type, wait_nested_container: { container_id } };
    expect(answerTo(registered(), call)).toEqual(invalid(why));
  });

  test('that is not here says so', () => {
    const container_id = { value: 'child', parent: { value: 'parent' } };
    const type = AgentCall_Type.KILL_CONTAINER;
    expect(answerTo(registered(), { type, kill_container: { container_id } })).toEqual({
      status: 404,
      text: 'Container parent.child cannot be found',
    });
  });

  test('of a task: its output goes into files, and cannot be attached to', () => {
    const world = registered();
    world.runTask(commandTask('t1'));
    const [launched] = world.take('launchExecutor');
    const container_id = { value: launched?.containerId ?? '' };
    const type = AgentCall_Type.ATTACH_CONTAINER_OUTPUT;
    expect(answerTo(world, { type, attach_container_output: { container_id } })).toEqual({
      status: 500,
      text: 'I/O switchboard server was disabled for this container',
    });
  });

  test('removing one without a parent is an error, not the end of the agent', () => {
    const type = AgentCall_Type.REMOVE_CONTAINER;
    const call = { type, remove_container: { container_id: { value: 'c' } } };
    expect(answerTo(registered(), call)).toEqual(
      invalid("Expecting 'remove_container.container_id.parent' to be present"),
    );
  });
});

describe('a call about resource providers', () => {
  const info = { type: 'org.kit.none', name: 'x' };

  test('of a type that nobody knows is invalid', () => {
    const type = AgentCall_Type.ADD_RESOURCE_PROVIDER_CONFIG;
    expect(answerTo(registered(), { type, add_resource_provider_config: { info } })).toEqual({
      status: 400,
      text: "Failed to validate resource provider config with type 'org.kit.none' and name 'x': Unknown local resource provider type 'org.kit.none'",
    });
  });

  test('must not choose its id', () => {
    const type = AgentCall_Type.ADD_RESOURCE_PROVIDER_CONFIG;
    const add_resource_provider_config = { info: { ...info, id: { value: 'a' } } };
    expect(answerTo(registered(), { type, add_resource_provider_config })).toEqual(
      invalid("Expecting 'add_resource_provider_config.info.id' to be unset"),
    );
  });
});

test('who may not prune images is refused', () => {
  const world = new World({ authorizer: { authorize: (_, action) => action !== 'PRUNE_IMAGES' } });
  world.register();
  const type = AgentCall_Type.PRUNE_IMAGES;
  expect(answerTo(world, { type })?.status).toBe(403);
  expect(answerTo(registered(), { type })?.status).toBe(200);
});
