// Calls of operators without permission: they change nothing, and the responses tell nothing.
import { expect, test } from 'vitest';
import {
  type MasterCall,
  MasterCall_Type,
  type Resource,
  Resource_ReservationInfo_Type,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import type { Principal } from '../../src/security/principal.ts';
import { resources, World } from './harness.ts';

const boss: Principal = { value: 'boss' };
const machine = (hostname: string) => ({ hostname, ip: '10.0.0.9' });
const cpus = (value: number) => ({ cpus: { value } });

const schedule = (...machines: string[]): MasterCall => ({
  type: MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
  update_maintenance_schedule: {
    schedule: {
      windows: machines.map((it) => ({
        machine_ids: [machine(it)],
        unavailability: { start: { nanoseconds: 1n } },
      })),
    },
  },
});

test('no machine leaves the maintenance schedule without permission for it', () => {
  const world = new World({
    authorizer: {
      authorize: (principal, _action, object) =>
        principal?.value === boss.value || object?.value?.includes('theirs') === true,
    },
  });
  expect(world.operate(schedule('ours', 'theirs'), boss)).toMatchObject({ status: 200 });
  expect(world.operate(schedule())).toMatchObject({ status: 403 });
  expect(world.operate(schedule('theirs'))).toMatchObject({ status: 403 });
  expect(world.operate(schedule('theirs', 'ours'))).toMatchObject({ status: 403 });
  expect([...world.master.machines.keys()]).toHaveLength(2);
  expect(world.operate(schedule('ours'), boss)).toMatchObject({ status: 200 });
  expect(world.operate(schedule(), boss)).toMatchObject({ status: 200 });
  expect(world.operate(schedule('theirs'))).toMatchObject({ status: 200 });
  expect(world.operate(schedule())).toMatchObject({ status: 200 });
  // There is nothing left to delete.
  expect(world.operate(schedule())).toMatchObject({ status: 403 });
});

const change = (type: MasterCall_Type, ...machines: string[]): MasterCall => ({
  type,
  start_maintenance: { machines: machines.map(machine) },
  stop_maintenance: { machines: machines.map(machine) },
});
const updateQuota = (role: string, guarantees: number, limits: number): MasterCall => ({
  type: MasterCall_Type.UPDATE_QUOTA,
  update_quota: {
    quota_configs: [{ role, guarantees: cpus(guarantees), limits: cpus(limits) }],
  },
});

const volume: Resource = {
  ...(resources('disk:64')[0] as Resource),
  reservations: [{ type: Resource_ReservationInfo_Type.DYNAMIC, role: 'dev', principal: 'boss' }],
  disk: {
    persistence: { id: 'v', principal: 'boss' },
    volume: { mode: Volume_Mode.RW, container_path: 'data' },
  },
};

const destroy: MasterCall = {
  type: MasterCall_Type.DESTROY_VOLUMES,
  destroy_volumes: { agent_id: { value: '' }, volumes: [volume] },
};

test.each<[string, MasterCall, number]>([
  ['which volumes there are', destroy, 400],
  ['what a role consumes', updateQuota('dev', 0, 0), 400],
  ['what the cluster has', updateQuota('x', 99, 99), 400],
  ['which roles there are', updateQuota('barred', 1, 1), 400],
  [
    'which roles there are (weights)',
    {
      type: MasterCall_Type.UPDATE_WEIGHTS,
      update_weights: { weight_infos: [{ role: 'barred', weight: 2 }] },
    },
    400,
  ],
  [
    'whether a role has a quota',
    { type: MasterCall_Type.REMOVE_QUOTA, remove_quota: { role: 'x' } },
    400,
  ],
  [
    'whether a role has a quota (the old way)',
    {
      type: MasterCall_Type.SET_QUOTA,
      set_quota: { quota_request: { role: 'dev', guarantee: resources('cpus:1') } },
    },
    400,
  ],
  ['which machines are scheduled', change(MasterCall_Type.START_MAINTENANCE, 'x'), 400],
  ['which machines are down', change(MasterCall_Type.STOP_MAINTENANCE, 'x'), 400],
  [
    'which agents there are',
    { type: MasterCall_Type.DRAIN_AGENT, drain_agent: { agent_id: { value: 'x' } } },
    400,
  ],
  [
    'which agents are deactivated',
    { type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent: { agent_id: { value: 'x' } } },
    400,
  ],
  [
    'which agents are known',
    { type: MasterCall_Type.MARK_AGENT_GONE, mark_agent_gone: { agent_id: { value: 'x' } } },
    404,
  ],
])('a stranger does not learn %s', (_, call, status) => {
  const world = new World({
    roles: ['dev', 'x'],
    authorizer: { authorize: (principal, action) => isOpen(action) || principal?.value === 'boss' },
  });
  const { id } = world.agent();
  Object.assign(destroy.destroy_volumes ?? {}, { agent_id: { value: id } });
  const framework = world.framework();
  world.operate(updateQuota('dev', 1, 4), boss);
  world.allocate();
  framework.launch(framework.offer(), 't1');
  expect(world.operate(call)).toMatchObject({ status: 403 });
  expect(world.operate(call, boss)).toMatchObject({ status });
});

const isOpen = (action: string) =>
  ['REGISTER_AGENT', 'REGISTER_FRAMEWORK', 'RUN_TASK'].includes(action);
