// Every action that ACLs can name is authorized somewhere: otherwise an ACL would only seem to
// protect.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createViews } from '../../src/agent/views/views.ts';
import {
  AgentCall_AttachContainerInput_Type,
  AgentCall_Type,
  MasterCall_Type,
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  Resource_DiskInfo_Source_Type,
  Resource_ReservationInfo_Type,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import { requestId } from '../../src/model/ids.ts';
import { aclFields } from '../../src/security/acl-kinds.ts';
import { parseAcls } from '../../src/security/acls.ts';
import type { Authorizer } from '../../src/security/authorizer.ts';
import { World as AgentWorld, commandTask, runToEnd } from '../agent/harness.ts';
import { cluster, resources } from '../master/harness.ts';
import { startMaster, stopMasters } from './mini-master.ts';

afterEach(stopMasters);

/** The fields of Apache Mesos's ACLs, and one under the different name of its documentation. */
const fields = [
  'register_frameworks',
  'run_tasks',
  'teardown_frameworks',
  'reserve_resources',
  'unreserve_resources',
  'create_volumes',
  'destroy_volumes',
  'resize_volumes',
  'create_block_disks',
  'destroy_block_disks',
  'create_mount_disks',
  'destroy_mount_disks',
  'destroy_raw_disks',
  'get_endpoints',
  'view_roles',
  'update_weights',
  'get_quotas',
  'update_quotas',
  'update_quota_configs',
  'view_frameworks',
  'view_tasks',
  'view_executors',
  'access_sandboxes',
  'access_mesos_logs',
  'view_flags',
  'set_log_level',
  'view_containers',
  'register_agents',
  'mark_agents_gone',
  'drain_agents',
  'deactivate_agents',
  'reactivate_agents',
  'update_maintenance_schedules',
  'get_maintenance_schedules',
  'start_maintenances',
  'stop_maintenances',
  'get_maintenance_statuses',
  'launch_nested_containers_as_user',
  'launch_nested_containers_under_parent_with_user',
  'launch_nested_container_sessions_as_user',
  'launch_nested_container_sessions_under_parent_with_user',
  'kill_nested_containers',
  'wait_nested_containers',
  'remove_nested_containers',
  'attach_containers_input',
  'attach_containers_output',
  'launch_standalone_containers',
  'kill_standalone_containers',
  'wait_standalone_containers',
  'remove_standalone_containers',
  'view_standalone_containers',
  'prune_images',
  'view_resource_providers',
  'modify_resource_provider_configs',
  'mark_resource_providers_gone',
];

/**
 * ACLs about objects that no test machine has: standalone containers, and resource providers of
 * Mesos's agents.
 */
const withoutObject = ['VIEW_STANDALONE_CONTAINER', 'VIEW_RESOURCE_PROVIDER'];

test('every list of Mesos’s is known, and belongs to one action', () => {
  expect(Object.values(aclFields).flat().toSorted()).toEqual(fields.toSorted());
  for (const field of fields) {
    expect(parseAcls({ [field]: [] }).rules.get(field)).toEqual([]);
  }
});

test('every action is asked for where what it is about is done or shown', async () => {
  const asked = new Set<string>();
  const authorizer: Authorizer = {
    authorize: (_, action) => {
      asked.add(action);
      return true;
    },
  };
  askMaster(authorizer);
  askAgent(authorizer);
  await askProcess(authorizer);
  expect([...asked].toSorted()).toEqual(
    Object.keys(aclFields)
      .filter((action) => !withoutObject.includes(action))
      .toSorted(),
  );
});

function askMaster(authorizer: Authorizer): void {
  const { world, agent, framework } = cluster({ authorizer, seed: 3 }, { principal: 'p' });
  const offer = framework.offer();
  framework.accept([offer], operations());
  world.allocate();
  framework.launch(framework.offer(), {
    executor: { executor_id: { value: 'e' }, framework_id: { value: framework.id }, command: {} },
  });
  const id = { agent_id: { value: agent.id } };
  const machine = { hostname: 'node2', ip: '10.0.0.2' };
  const of = MasterCall_Type;
  for (const call of [
    { type: of.UPDATE_WEIGHTS, update_weights: { weight_infos: [{ role: 'dev', weight: 2 }] } },
    { type: of.UPDATE_QUOTA, update_quota: { quota_configs: [{ role: 'q', limits: {} }] } },
    { type: of.DEACTIVATE_AGENT, deactivate_agent: id },
    { type: of.REACTIVATE_AGENT, reactivate_agent: id },
    { type: of.DRAIN_AGENT, drain_agent: id },
    {
      type: of.UPDATE_MAINTENANCE_SCHEDULE,
      update_maintenance_schedule: {
        schedule: {
          windows: [
            { machine_ids: [machine], unavailability: { start: { nanoseconds: 10n ** 18n } } },
          ],
        },
      },
    },
    { type: of.START_MAINTENANCE, start_maintenance: { machines: [machine] } },
    { type: of.STOP_MAINTENANCE, stop_maintenance: { machines: [machine] } },
    { type: of.MARK_AGENT_GONE, mark_agent_gone: id },
    { type: of.SUBSCRIBE },
  ] as const) {
    world.operate(structuredClone(call) as Parameters<typeof world.operate>[0]);
    for (const type of Object.values(MasterCall_Type)) {
      world.views.read({ type }, { authorizer });
    }
  }
  world.operate({ type: of.TEARDOWN, teardown: { framework_id: { value: framework.id } } });
  world.operate({
    type: of.UPDATE_QUOTA,
    update_quota: { quota_configs: [{ role: 'q', limits: { cpus: { value: 1 } } }] },
  });
  world.views.quota({ authorizer });
}

function operations(): Offer_Operation[] {
  const [plain] = resources('disk:64') as [Resource];
  const mine = (more: Partial<Resource> = {}): Resource => ({
    ...plain,
    allocation_info: { role: 'dev' },
    reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: 'dev', principal: 'p' }],
    ...more,
  });
  const volume = mine({
    disk: {
      persistence: { id: 'v', principal: 'p' },
      volume: { mode: Volume_Mode.RW, container_path: 'data' },
    },
  });
  const { MOUNT, BLOCK, RAW } = Resource_DiskInfo_Source_Type;
  const disk = (type: Resource_DiskInfo_Source_Type) => mine({ disk: { source: { type } } });
  const of = Offer_Operation_Type;
  return [
    { type: of.RESERVE, reserve: { resources: [mine()] } },
    { type: of.CREATE, create: { volumes: [volume] } },
    { type: of.DESTROY, destroy: { volumes: [volume] } },
    { type: of.UNRESERVE, unreserve: { resources: [mine()] } },
    { type: of.RESERVE, reserve: { resources: [mine()] } },
    { type: of.CREATE, create: { volumes: [volume] } },
    {
      type: of.SHRINK_VOLUME,
      shrink_volume: { volume, subtract: { value: 32 } },
    },
    { type: of.CREATE_DISK, create_disk: { source: disk(RAW), target_type: MOUNT } },
    { type: of.CREATE_DISK, create_disk: { source: disk(RAW), target_type: BLOCK } },
    ...[MOUNT, BLOCK, RAW].map((type) => ({
      type: of.DESTROY_DISK,
      destroy_disk: { source: disk(type) },
    })),
  ];
}

function askAgent(authorizer: Authorizer): void {
  const world = new AgentWorld({ authorizer });
  world.register();
  const views = createViews(world.agent, (_, message) => message);
  world.runTask(commandTask('t0'));
  const [launched] = world.take('launchExecutor');
  const running = { container_id: { value: launched?.containerId ?? '' } };
  views.state({ authorizer });
  views.containers({ authorizer });
  const { containerId } = runToEnd(world, 't1');
  expect(views.files({ authorizer }).size).toBeGreaterThan(0);
  const root = { value: containerId };
  const nested = { container_id: { value: 'c', parent: root } };
  const of = AgentCall_Type;
  const { CONTAINER_ID } = AgentCall_AttachContainerInput_Type;
  for (const call of [
    { type: of.LAUNCH_NESTED_CONTAINER, launch_nested_container: nested },
    { type: of.LAUNCH_NESTED_CONTAINER_SESSION, launch_nested_container_session: nested },
    { type: of.WAIT_NESTED_CONTAINER, wait_nested_container: nested },
    { type: of.KILL_NESTED_CONTAINER, kill_nested_container: nested },
    { type: of.REMOVE_NESTED_CONTAINER, remove_nested_container: nested },
    { type: of.ATTACH_CONTAINER_INPUT, attach_container_input: { type: CONTAINER_ID, ...running } },
    { type: of.ATTACH_CONTAINER_OUTPUT, attach_container_output: running },
    { type: of.LAUNCH_CONTAINER, launch_container: { container_id: root } },
    { type: of.WAIT_CONTAINER, wait_container: { container_id: root } },
    { type: of.KILL_CONTAINER, kill_container: { container_id: root } },
    { type: of.REMOVE_CONTAINER, remove_container: { container_id: root } },
    { type: of.PRUNE_IMAGES },
    { type: of.REMOVE_RESOURCE_PROVIDER_CONFIG },
    { type: of.MARK_RESOURCE_PROVIDER_GONE },
  ]) {
    world.send({ type: 'operatorCall', request: requestId(`o${call.type}`), call });
  }
}

async function askProcess(authorizer: Authorizer): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-asked-'));
  try {
    const log = join(folder, 'log');
    writeFileSync(log, 'a line\n');
    const master = await startMaster({ authorizer, logFiles: new Map([['/master/log', log]]) });
    for (const path of [
      '/flags',
      '/metrics/snapshot',
      '/logging/toggle?level=1&duration=1secs',
      '/files/read?path=/master/log',
    ]) {
      expect((await fetch(`${master.url}${path}`)).status).toBe(200);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}
