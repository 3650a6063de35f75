import { describe, expect, test } from 'vitest';
import {
  type AgentCall,
  AgentCall_AttachContainerInput_Type,
  AgentCall_Type,
  type CommandInfo,
  type ContainerID,
  type ContainerInfo,
  ContainerInfo_Type,
  Environment_Variable_Type,
  Image_Type,
  type Resource,
  Resource_ReservationInfo_Type,
  Value_Type,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import { requestId } from '../../src/model/ids.ts';
import { commandTask, scalar, World } from './harness.ts';

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

  test('of a task: its output is for the containerizer to attach', () => {
    const world = registered();
    world.runTask(commandTask('t1'));
    const [launched] = world.take('launchExecutor');
    const container_id = { value: launched?.containerId ?? '' };
    const type = AgentCall_Type.ATTACH_CONTAINER_OUTPUT;
    const call = { type, attach_container_output: { container_id } };
    expect(answerTo(world, call)).toBeUndefined();
    expect(world.take('attachContainer')).toMatchObject([
      { request: 'r', containerId: launched?.containerId, to: 'output' },
    ]);
  });

  test('removing that of an executor is an error, not the end of the agent', () => {
    const world = registered();
    world.runTask(commandTask('t1'));
    const value = world.take('launchExecutor')[0]?.containerId ?? '';
    const type = AgentCall_Type.REMOVE_CONTAINER;
    expect(answerTo(world, { type, remove_container: { container_id: { value } } })).toMatchObject({
      status: 400,
    });
  });

  test.each([
    ['too deep', 33, 'a', 'it is nested more than 32 levels deep'],
    [
      'too long with those of its parents',
      8,
      'a'.repeat(200),
      'its name and those of its parents exceed the maximum length (1500 bytes) together',
    ],
    [
      'too long in bytes',
      1,
      '€'.repeat(81),
      `'ContainerID.value' '${'€'.repeat(81)}' exceeds the maximum length (242)`,
    ],
    ['too long', 1, 'a'.repeat(10_000), 'ID must not be greater than 255 characters'],
    ['with NUL', 1, 'a\0b', "'a\0b' contains invalid characters"],
    ['that leads upwards', 1, '..', "'..' is disallowed"],
    ['no Unicode', 1, 'a\ud800', "'ContainerID.value' 'a\ud800' contains invalid characters"],
  ])('an id that is %s is refused', (_, depth, value, why) => {
    let container_id: ContainerID = { value };
    for (let level = 1; level < depth; level++) {
      container_id = { value, parent: container_id };
    }
    const type = AgentCall_Type.LAUNCH_CONTAINER;
    expect(answerTo(registered(), { type, launch_container: { container_id } })).toEqual(
      invalid(`'launch_container.container_id' is invalid: ${why}`),
    );
  });
});

describe('a container that a call asks for', () => {
  const id = (value: string): ContainerID => ({ value: 'n', parent: { value } });
  const deep: ContainerID = { value: 'd', parent: id('p') };
  const secretless: CommandInfo = {
    environment: { variables: [{ name: 'A', type: Environment_Variable_Type.SECRET }] },
  };
  const withCgroups = (share_cgroups: boolean): ContainerInfo => ({
    type: ContainerInfo_Type.MESOS,
    linux_info: { share_cgroups },
  });

  test('is left to the containerizer, as the user of its command', () => {
    const world = registered();
    const call = {
      type: AgentCall_Type.LAUNCH_CONTAINER,
      launch_container: {
        container_id: { value: 'c' },
        command: { value: 'true', user: 'nobody' },
      },
    };
    expect(answerTo(world, call)).toBeUndefined();
    expect(world.take('launchContainer')).toMatchObject([
      {
        request: 'r',
        containerId: 'c',
        command: { value: 'true' },
        user: 'nobody',
        resources: [],
        permission: {
          call: 'LAUNCH_CONTAINER',
          action: 'LAUNCH_STANDALONE_CONTAINER',
          object: { command: { user: 'nobody' } },
        },
      },
    ]);
  });

  const cpus = (value: number): Resource => ({
    name: 'cpus',
    type: Value_Type.SCALAR,
    scalar: { value },
  });
  const volume: Resource = {
    ...cpus(1),
    name: 'disk',
    reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: 'r' }],
    disk: {
      persistence: { id: 'v' },
      volume: { container_path: 'data', mode: Volume_Mode.RW },
    },
  };

  test.each([
    [{ resources: [cpus(-5)] }, 'Invalid scalar resource: value <= 0'],
    [{ resources: [{ ...cpus(0.5), name: 'gpus' }] }, 'must be an unsigned integer'],
    [{ resources: [volume] }, "'launch_container.resources' must be unreserved"],
    [{ resources: [{ ...cpus(1), role: 'r' }] }, "'launch_container.resources' must be unreserved"],
    [{ resources: [{ ...volume, reservations: [] }] }, 'may not use persistent volumes'],
    [{ resources: [{ ...cpus(1), revocable: {} }] }, 'must be non-revocable'],
    [{ container_id: id('p'), resources: [volume] }, 'only tasks are given these'],
    [{ container_id: deep, resources: [cpus(1)] }, 'level or greater cannot specify resources'],
    [{ container_id: deep, limits: { cpus: { value: 1 } } }, 'cannot specify resource limits'],
    [{ container_id: deep, container: withCgroups(false) }, "'share_cgroups' to 'false'"],
    [{ container: withCgroups(true) }, "without a parent cannot set 'share_cgroups' to 'true'"],
    [
      { command: { environment: { variables: [{ name: 'A' }] } } },
      "'launch_container.command' is invalid: Environment variable 'A' of type 'VALUE' must have",
    ],
    [
      {
        container: {
          type: ContainerInfo_Type.MESOS,
          volumes: [{ container_path: 'v', mode: Volume_Mode.RW }],
        },
      },
      "'launch_container.container' is invalid: Invalid volume: Only one of them should be set",
    ],
    [{ limits: { gold: { value: 3 } } }, "only cpus and mem can be limited, and not 'gold'"],
    [{ limits: { mem: { value: 32 } } }, 'a limit of mem needs an agent with cgroups/mem'],
    [{ limits: { cpus: { value: Number.NaN } } }, 'the limit of cpus is NaN, less than 0'],
    [
      { container_id: id('p'), limits: { cpus: { value: 1 } } },
      'the container shares the cgroups of its parent',
    ],
    [
      { resources: [cpus(2)], limits: { cpus: { value: 1 } } },
      'the limit of cpus is 1, less than 2',
    ],
  ])('is refused where it asks for %j', (asked, why) => {
    const world = new World({ isolation: ['cgroups/cpu'] });
    world.register();
    const launch_container = { container_id: { value: 'c' }, ...asked };
    const answer = answerTo(world, { type: AgentCall_Type.LAUNCH_CONTAINER, launch_container });
    expect(answer).toEqual({ status: 400, text: expect.stringContaining(why) });
    expect(world.take('launchContainer')).toEqual([]);
  });

  test.each([
    [
      'LAUNCH_NESTED_CONTAINER' as const,
      { launch_nested_container: { container_id: deep, container: withCgroups(false) } },
      "'launch_nested_container' is invalid: containers nested at the second level or greater",
    ],
    [
      'LAUNCH_NESTED_CONTAINER' as const,
      { launch_nested_container: { container_id: id('p'), command: secretless } },
      "'launch_nested_container.command' is invalid: Environment variable 'A' of type 'SECRET'",
    ],
    [
      'LAUNCH_NESTED_CONTAINER_SESSION' as const,
      { launch_nested_container_session: { container_id: id('p'), container: withCgroups(false) } },
      "'launch_nested_container_session.container.linux_info' is invalid: 'share_cgroups'",
    ],
    [
      'LAUNCH_NESTED_CONTAINER_SESSION' as const,
      { launch_nested_container_session: { container_id: id('p'), command: secretless } },
      "'launch_nested_container_session.command' is invalid: Environment variable 'A'",
    ],
  ])('of %s is refused where the call is not valid', (type, call, why) => {
    const world = registered();
    const answer = answerTo(world, { type: AgentCall_Type[type], ...call });
    const text = expect.stringContaining(`Failed to validate agent::Call: ${why}`);
    expect(answer).toEqual({ status: 400, text });
    expect(world.take('launchContainer')).toEqual([]);
  });

  test('is not started by an agent that ends', () => {
    const world = registered();
    world.runTask(commandTask('t1'));
    world.send({ type: 'stop', how: 'unregister' });
    const call = {
      type: AgentCall_Type.LAUNCH_CONTAINER,
      launch_container: { container_id: { value: 'c' } },
    };
    expect(answerTo(world, call)).toMatchObject({ status: 503 });
  });

  test('is what the call’s own body says, whatever bodies of other types it has', () => {
    const world = registered();
    const container_id = id('p');
    const own = { container_id, command: { value: 'own' } };
    const other = { container_id: id('q'), command: { value: 'other' } };
    const all = {
      launch_container: { ...other, resources: [scalar('cpus', 1)], limits: {} },
      launch_nested_container: other,
      launch_nested_container_session: other,
    };
    for (const [type, body, isSession] of [
      ['LAUNCH_NESTED_CONTAINER', { launch_nested_container: own }, false],
      ['LAUNCH_NESTED_CONTAINER_SESSION', { launch_nested_container_session: own }, true],
      ['LAUNCH_CONTAINER', { launch_container: own }, false],
    ] as const) {
      expect(answerTo(world, { ...all, ...body, type: AgentCall_Type[type] })).toBeUndefined();
      expect(world.take('launchContainer')).toMatchObject([
        { containerId: 'p.n', command: { value: 'own' }, resources: [], isSession },
      ]);
    }
    const kill_container = { container_id, signal: 15 };
    const type = AgentCall_Type.KILL_NESTED_CONTAINER;
    answerTo(world, { type, kill_nested_container: { container_id }, kill_container });
    expect(world.take('killContainer')).toMatchObject([{ signal: 9 }]);
  });

  test('gets SIGKILL where the call names no signal, and none that there is not', () => {
    const world = registered();
    const type = AgentCall_Type.KILL_NESTED_CONTAINER;
    const kill = (signal?: number) =>
      answerTo(world, {
        type,
        kill_nested_container: {
          container_id: id('p'),
          ...(signal !== undefined && { signal }),
        },
      });
    expect(kill()).toBeUndefined();
    expect(world.take('killContainer')).toMatchObject([{ containerId: 'p.n', signal: 9 }]);
    expect(kill(0)).toBeUndefined();
    expect(world.take('killContainer')).toMatchObject([{ signal: 0 }]);
    expect(kill(-1)).toMatchObject({ status: 400 });
    expect(kill(65)).toMatchObject({ status: 400 });
  });

  test('is awaited under the name of the call', () => {
    const world = registered();
    const wait_nested_container = { container_id: id('p') };
    answerTo(world, { type: AgentCall_Type.WAIT_NESTED_CONTAINER, wait_nested_container });
    answerTo(world, {
      type: AgentCall_Type.WAIT_CONTAINER,
      wait_container: wait_nested_container,
    });
    expect(world.take('waitContainer')).toMatchObject([
      { containerId: 'p.n', call: 'WAIT_NESTED_CONTAINER' },
      { containerId: 'p.n', call: 'WAIT_CONTAINER' },
    ]);
  });
});

describe('a call about resource providers', () => {
  const info = { type: 'org.kit.none', name: 'x' };

  test('of an unknown type is invalid', () => {
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

const base = { type: Image_Type.DOCKER, docker: { name: 'base' } };

test('a principal that may not prune images neither sees nor pulls any', () => {
  const world = new World({ authorizer: { authorize: (_, action) => action !== 'PRUNE_IMAGES' } });
  world.register();
  const asked = registered();
  const list = { type: AgentCall_Type.GET_IMAGES };
  const pull = { type: AgentCall_Type.PULL_IMAGE, pull_image: { image: base } };
  for (const call of [list, pull]) {
    expect(answerTo(world, call)?.status).toBe(403);
    expect(answerTo(asked, call)).toBeUndefined();
  }
  expect(asked.take('listImages')).toHaveLength(1);
  expect(asked.take('pullImage')).toMatchObject([{ image: base }]);
});

test('a principal that may not prune images is refused', () => {
  const world = new World({ authorizer: { authorize: (_, action) => action !== 'PRUNE_IMAGES' } });
  world.register();
  const type = AgentCall_Type.PRUNE_IMAGES;
  expect(answerTo(world, { type })?.status).toBe(403);
  const asked = registered();
  const excluded_images = [base];
  expect(answerTo(asked, { type, prune_images: { excluded_images } })).toBeUndefined();
  expect(asked.take('pruneImages')).toMatchObject([
    { excluded: excluded_images, isAnswered: false },
  ]);
});

describe('a call of a principal that may do nothing', () => {
  const { CONTAINER_ID, PROCESS_IO, UNKNOWN } = AgentCall_AttachContainerInput_Type;
  const command = { value: 'true' };
  const info = { type: 'org.kit.none', name: 'x' };
  const provider = { resource_provider_id: { value: 'p' } };

  interface Row {
    /** The call about the container of a running task. */
    readonly call: (container_id: ContainerID) => AgentCall;
    /** The status for a container that is no executor's; 403 unless it is another one. */
    readonly elsewhere?: number;
    /** The same call in an invalid form. */
    readonly invalid?: AgentCall;
  }

  const about = (part: keyof AgentCall, more: object = {}): Row => {
    const type = AgentCall_Type[part.toUpperCase() as keyof typeof AgentCall_Type];
    const call = (container_id: ContainerID) => ({ type, [part]: { container_id, ...more } });
    return { call, invalid: call({ value: 'a.b', parent: { value: 'p' } }) };
  };

  const nameOf = ({ call }: Row) => {
    const { type } = call({ value: '' });
    return Object.entries(AgentCall_Type).find(([, number]) => number === type)?.[0] ?? '';
  };

  const rows: Row[] = [
    about('launch_nested_container', { command }),
    about('launch_nested_container_session', { command }),
    about('wait_nested_container'),
    about('kill_nested_container'),
    about('remove_nested_container'),
    about('launch_container', { command }),
    about('wait_container'),
    about('kill_container'),
    about('remove_container'),
    { ...about('attach_container_input', { type: CONTAINER_ID }), elsewhere: 404 },
    { ...about('attach_container_output'), elsewhere: 404 },
    {
      call: () => ({
        type: AgentCall_Type.ADD_RESOURCE_PROVIDER_CONFIG,
        add_resource_provider_config: { info },
      }),
      invalid: {
        type: AgentCall_Type.ADD_RESOURCE_PROVIDER_CONFIG,
        add_resource_provider_config: { info: { ...info, id: { value: 'a' } } },
      },
    },
    {
      call: () => ({
        type: AgentCall_Type.UPDATE_RESOURCE_PROVIDER_CONFIG,
        update_resource_provider_config: { info },
      }),
    },
    {
      call: () => ({
        type: AgentCall_Type.REMOVE_RESOURCE_PROVIDER_CONFIG,
        remove_resource_provider_config: info,
      }),
    },
    {
      call: () => ({
        type: AgentCall_Type.MARK_RESOURCE_PROVIDER_GONE,
        mark_resource_provider_gone: provider,
      }),
    },
    { call: () => ({ type: AgentCall_Type.PRUNE_IMAGES }) },
    { call: () => ({ type: AgentCall_Type.PULL_IMAGE, pull_image: { image: base } }) },
  ];

  test.each(rows.map((row) => ({ name: nameOf(row), ...row })))(
    '$name: invalid before forbidden',
    ({ call, elsewhere = 403, invalid: wrong }) => {
      let isAllowed = true;
      const world = new World({ authorizer: { authorize: () => isAllowed } });
      world.register();
      world.runTask(commandTask('t1'));
      const value = world.take('launchExecutor')[0]?.containerId ?? '';
      isAllowed = false;
      expect(answerTo(world, call({ value: 'child', parent: { value } }))?.status).toBe(403);
      const missing = { value: 'child', parent: { value: 'nowhere' } };
      expect(answerTo(world, call(missing))?.status).toBe(elsewhere);
      expect(world.take('attachContainer')).toEqual([]);
      if (wrong !== undefined) {
        expect(answerTo(world, wrong)).toMatchObject({
          status: 400,
          text: expect.stringMatching(/^Failed to validate agent::Call: /),
        });
      }
    },
  );

  test('every call that changes something is among them', () => {
    // Files, the log level and attached readers are authorized elsewhere.
    const others = /^(GET_.*|UNKNOWN|LIST_FILES|READ_FILE|SET_LOGGING_LEVEL)$/;
    const walked = new Set(rows.map(nameOf));
    const names = Object.keys(AgentCall_Type);
    expect(names.filter((name) => !others.test(name)).toSorted()).toEqual([...walked].toSorted());
  });

  test.each([
    [undefined, "Expecting 'attach_container_input.type' to be present"],
    [UNKNOWN, "'attach_container_input.type' is unknown"],
    [PROCESS_IO, "Expecting 'attach_container_input.type' to be CONTAINER_ID"],
  ])('attaching input of type %s is invalid', (type, why) => {
    const attach_container_input = {
      container_id: { value: 'c' },
      ...(type === undefined ? {} : { type }),
    };
    const call = { type: AgentCall_Type.ATTACH_CONTAINER_INPUT, attach_container_input };
    expect(answerTo(registered(), call)).toEqual(invalid(why));
  });
});
