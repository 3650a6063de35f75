// RESERVE_RESOURCES with a source: only reservations change.
import { expect, test } from 'vitest';
import { stepsOf } from '../../src/master/operations/authorization.ts';
import {
  MasterCall_Type,
  Offer_Operation_Type,
  type Resource,
  Resource_DiskInfo_Source_Type,
  Resource_ReservationInfo_Type,
  Volume_Mode,
} from '../../src/model/generated/messages.ts';
import { resources, World } from './harness.ts';

const reserved = (text: string, ...roles: string[]): Resource[] =>
  resources(text).map((resource) => ({
    ...resource,
    reservations: roles.map((role) => ({ type: Resource_ReservationInfo_Type.DYNAMIC, role })),
  }));
const one = (text: string, ...roles: string[]) => reserved(text, ...roles)[0] as Resource;
const volume = (disk: Resource): Resource => ({
  ...disk,
  disk: {
    persistence: { id: 'v' },
    volume: { mode: Volume_Mode.RW, container_path: 'data' },
  },
});
const mount = (disk: Resource): Resource => ({
  ...disk,
  disk: { source: { type: Resource_DiskInfo_Source_Type.MOUNT, mount: { root: '/etc' } } },
});

function cluster() {
  const world = new World();
  const agent = world.agent({ resources: 'cpus:4;mem:64;disk:64' });
  const reserve = (list: Resource[], source: Resource[] = []) =>
    world.operate({
      type: MasterCall_Type.RESERVE_RESOURCES,
      reserve_resources: { agent_id: { value: agent.id }, resources: list, source },
    });
  return { agent, reserve };
}

test('the reservation is another one afterwards', () => {
  const { agent, reserve } = cluster();
  expect(reserve(reserved('cpus:2;mem:8', 'victim'))).toMatchObject({ status: 202 });
  const moved = reserve(reserved('mem:8;cpus:2', 'low'), reserved('cpus:2;mem:8', 'victim'));
  expect(moved).toMatchObject({ status: 202 });
  expect(agent.sent('ApplyOperationMessage')).toHaveLength(2);
});

test.each<[string, Resource[], Resource[], string]>([
  [
    'sources of several roles',
    [...reserved('cpus:1', 'low'), ...reserved('cpus:2', 'victim')],
    reserved('cpus:3', 'low'),
    'Invalid source: Mixed reservations are not supported',
  ],
  [
    'targets of several roles',
    reserved('cpus:2', 'low'),
    [...reserved('cpus:1', 'low'), ...reserved('cpus:1', 'victim')],
    'Invalid resources: Mixed reservations are not supported',
  ],
  [
    'more than the source has',
    reserved('disk:5', 'low'),
    reserved('disk:100000', 'x'),
    'identical',
  ],
  ['something else', reserved('cpus:4', 'low'), reserved('disk:4', 'low'), 'identical'],
  ['a disk on any folder', resources('disk:5'), [mount(one('disk:5', 'low'))], 'identical'],
  ['a volume made', [one('disk:5', 'low')], [volume(one('disk:5', 'low'))], 'persistent volume'],
  ['a volume taken', [volume(one('disk:5', 'v'))], [volume(one('disk:5', 'low'))], 'volume'],
  ['a volume destroyed', [volume(one('disk:5', 'low'))], [one('disk:5', 'low')], 'volume'],
  [
    'what may be taken away',
    [{ ...one('cpus:1'), revocable: {} }],
    [one('cpus:1', 'low')],
    'is revocable or shared',
  ],
  [
    'what is allocated',
    [{ ...one('cpus:1', 'low'), allocation_info: { role: 'low' } }],
    [one('cpus:1', 'x')],
    'is allocated',
  ],
])('a call that makes of its source %s is refused', (_, source, target, why) => {
  const { agent, reserve } = cluster();
  reserve(reserved('cpus:1;disk:5', 'low'));
  reserve(reserved('cpus:2', 'victim'));
  const before = agent.sent('ApplyOperationMessage').length;
  const answer = reserve(target, source);
  expect(answer).toMatchObject({ status: 400, text: expect.stringContaining(why) });
  expect(agent.sent('ApplyOperationMessage')).toHaveLength(before);
});

test('the authorizer is asked of every entry, not of those that the first one is like', () => {
  const steps = stepsOf({
    type: Offer_Operation_Type.RESERVE,
    reserve: {
      source: [one('cpus:1', 'low'), one('cpus:2', 'victim')],
      resources: [one('cpus:1', 'low'), one('cpus:2', 'low')],
    },
  });
  const asked = steps.map(
    ({ action, resource }) => `${action} ${resource.reservations?.[0]?.role}`,
  );
  expect(asked).toEqual([
    'UNRESERVE_RESOURCES low',
    'UNRESERVE_RESOURCES victim',
    'RESERVE_RESOURCES low',
    'RESERVE_RESOURCES low',
  ]);
});
