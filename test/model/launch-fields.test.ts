// The table of fields is compared with the schema and the documentation, and tried with messages
// that ask for what Mesoscale does not do.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ISOLATOR_NAMES } from '../../src/containerizer/isolators/names.ts';
import {
  type ContainerInfo,
  ContainerInfo_Type,
  Environment_Variable_Type,
  HealthCheck_Type,
  Image_Type,
  LinuxInfo_IpcMode,
  NetworkInfo_Protocol,
  RLimitInfo_RLimit_Type,
  Secret_Type,
  type TaskInfo,
  Value_Type,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import {
  executorFields,
  refusalOf,
  taskFields,
  treatmentsOf,
} from '../../src/model/launch-fields.ts';
import type { MessageType } from '../../src/wire/message-type.ts';
import { types } from '../../src/wire/types.ts';

const treatments = [
  ...treatmentsOf(taskFields),
  ...treatmentsOf(executorFields).map((it) => ({ ...it, path: `executor.${it.path}` })),
];

describe('the table', () => {
  /** Every field of the schema, down to those whose treatment includes all fields below them. */
  function pathsOf(type: MessageType<object>, fields: object, prefix: string): string[] {
    return type.fields.flatMap(({ name, value }) => {
      const treatment = (fields as Record<string, unknown>)[name];
      const path = prefix + name;
      const isLeaf =
        typeof treatment !== 'object' ||
        treatment === null ||
        ('harmless' in treatment && typeof treatment.harmless === 'string') ||
        'isolator' in treatment ||
        ('refuse' in treatment && typeof treatment.refuse === 'function');
      return isLeaf || !('message' in value)
        ? [path]
        : pathsOf(value.message(), treatment, `${path}.`);
    });
  }

  test.each([
    ['TaskInfo', types.TaskInfo, taskFields],
    ['ExecutorInfo', types.ExecutorInfo, executorFields],
  ])('says what becomes of every field of %s', (_, type, fields) => {
    const listed = treatmentsOf<object>(fields).map(({ path }) => path);
    expect(listed.toSorted()).toEqual(pathsOf(type, fields, '').toSorted());
  });

  test('an isolator that a field needs is one that there is', () => {
    const needed = (fields: object): string[] =>
      Object.values(fields).flatMap((treatment) =>
        typeof treatment !== 'object'
          ? []
          : typeof treatment.isolator === 'string'
            ? [treatment.isolator]
            : needed(treatment),
      );
    expect(needed(taskFields)).toContain('posix/rlimits');
    expect(ISOLATOR_NAMES).toEqual(expect.arrayContaining(needed(taskFields)));
  });

  test('docs/compatibility.md lists what has no effect and what is refused', () => {
    const text = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8');
    // Executors' fields, and those of commands of checks, are documented with the tasks' own.
    const plain = (path: string) =>
      path.replace(/^executor\./, '').replace(/^(health_check|check\.command)\.(?=.*secret)/, '');
    const missing = treatments
      .filter(
        ({ treatment, path }) => treatment !== 'works' && !text.includes(`\`${plain(path)}\``),
      )
      .map(({ path }) => path);
    expect(missing).toEqual([]);
  });
});

const task = (more: Partial<TaskInfo>): TaskInfo => ({
  name: 'task',
  task_id: { value: 't' },
  agent_id: { value: 'a' },
  ...more,
});
const inContainer = (more: Partial<ContainerInfo>) =>
  task({ container: { type: ContainerInfo_Type.MESOS, ...more } });
const linux = (linux_info: NonNullable<ContainerInfo['linux_info']>) => inContainer({ linux_info });

describe('a task that asks for what is not there', () => {
  test.each<[what: string, task: TaskInfo, refusal: string]>([
    [
      'a network',
      inContainer({ network_infos: [{}, { name: 'n' }] }),
      "Unknown CNI network 'n': this agent has none (it is without the isolator network/cni)",
    ],
    [
      'a port mapping',
      inContainer({ network_infos: [{ port_mappings: [{ host_port: 1, container_port: 2 }] }] }),
      "'container.network_infos.port_mappings'",
    ],
    [
      'an address',
      inContainer({ network_infos: [{ ip_addresses: [{ ip_address: '10.0.0.1' }] }] }),
      "'container.network_infos.ip_addresses'",
    ],
    [
      'a group of a network',
      inContainer({ network_infos: [{ groups: ['g'] }] }),
      "'container.network_infos.groups'",
    ],
    ['a host name', inContainer({ hostname: 'h' }), "'container.hostname'"],
    [
      'resource limits',
      inContainer({ rlimit_info: { rlimits: [{ type: RLimitInfo_RLimit_Type.RLMT_NOFILE }] } }),
      "'container.rlimit_info.rlimits'",
    ],
    [
      'no capabilities',
      linux({ effective_capabilities: {} }),
      "'container.linux_info.effective_capabilities'",
    ],
    [
      'bounded capabilities',
      linux({ bounding_capabilities: { capabilities: [1000] } }),
      "'container.linux_info.bounding_capabilities'",
    ],
    [
      'capabilities in the old form',
      linux({ capability_info: {} }),
      "'container.linux_info.capability_info'",
    ],
    [
      'a seccomp profile',
      linux({ seccomp: { profile_name: 'p' } }),
      "'container.linux_info.seccomp.profile_name'",
    ],
    [
      'process ids of its own',
      linux({ share_pid_namespace: false }),
      "'container.linux_info.share_pid_namespace'",
    ],
    [
      'IPC of its own',
      linux({ ipc_mode: LinuxInfo_IpcMode.PRIVATE }),
      "'container.linux_info.ipc_mode'",
    ],
    [
      'an unknown kind of IPC',
      linux({ ipc_mode: LinuxInfo_IpcMode.UNKNOWN }),
      "'container.linux_info.ipc_mode'",
    ],
    ['shared memory of its own', linux({ shm_size: 1 }), "'container.linux_info.shm_size'"],
    [
      'an image',
      inContainer({ mesos: { image: { type: Image_Type.DOCKER } } }),
      "'container.mesos.image' is not supported: it needs an agent with filesystem/linux",
    ],
    ['a docker image', inContainer({ docker: { image: 'i' } }), "'container.docker'"],
    [
      'a folder of the host',
      inContainer({ volumes: [{ mode: Volume_Mode.RW, container_path: 'x', host_path: '/etc' }] }),
      "'container.volumes.host_path' is not supported: it needs an agent with volume/host_path",
    ],
    [
      'a folder of the sandbox',
      inContainer({ volumes: [{ mode: Volume_Mode.RW, container_path: 'x', host_path: 'in' }] }),
      "'container.volumes.host_path' is not supported: it needs an agent with volume/sandbox_path",
    ],
    [
      'a persistent volume that it cannot write to',
      task({
        resources: [
          {
            name: 'disk',
            type: Value_Type.SCALAR,
            disk: { volume: { mode: Volume_Mode.RO, container_path: 'x' } },
          },
        ],
      }),
      "'resources.disk.volume.mode'",
    ],
    [
      'a terminal that is too large',
      inContainer({ tty_info: { window_size: { rows: 65_536, columns: 1 } } }),
      "'container.tty_info.window_size.rows' is not supported: no terminal has so many",
    ],
    [
      'a secret by reference',
      task({
        command: {
          environment: {
            variables: [
              {
                name: 'A',
                type: Environment_Variable_Type.SECRET,
                secret: { type: Secret_Type.REFERENCE, reference: { name: 'n' } },
              },
            ],
          },
        },
      }),
      'cannot resolve references',
    ],
  ])('%s', (_, asking, refusal) => {
    expect(refusalOf(taskFields, asking)).toContain(refusal);
  });

  test('an executor is refused with the path of its own field', () => {
    const { container } = inContainer({ hostname: 'h' });
    const executor = { executor_id: { value: 'e' }, ...(container && { container }) };
    expect(refusalOf(executorFields, executor, { prefix: 'executor.' })).toContain(
      "'executor.container.hostname'",
    );
  });
});

test.each<[what: string, task: TaskInfo]>([
  ['nothing', task({})],
  ['a container without wishes', inContainer({ mesos: {}, linux_info: {}, rlimit_info: {} })],
  ['lists that are empty', inContainer({ volumes: [], network_infos: [] })],
  [
    "the agent's network",
    inContainer({ network_infos: [{ ip_addresses: [{ protocol: NetworkInfo_Protocol.IPv4 }] }] }),
  ],
  [
    'what all containers have',
    linux({
      share_pid_namespace: true,
      ipc_mode: LinuxInfo_IpcMode.SHARE_PARENT,
      seccomp: { unconfined: true },
      share_cgroups: true,
    }),
  ],
  [
    'what does no harm',
    task({
      data: new Uint8Array(1),
      command: { value: 'true', uris: [{ value: '/x', cache: true }] },
      health_check: {
        type: HealthCheck_Type.HTTP,
        http: { port: 80, statuses: [200] },
        command: { user: 'nobody' },
      },
    }),
  ],
])('a task that asks for %s is not refused', (_, asking) => {
  expect(refusalOf(taskFields, asking)).toBeUndefined();
});
