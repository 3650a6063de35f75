// What ACLs keep out of a master: agents, the reservations they bring, and changes of reservations.
import { expect, test } from 'vitest';
import { stepsOf } from '../../src/master/operations/authorization.ts';
import {
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  Resource_ReservationInfo_Type,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import { World } from './harness.ts';

const under = (acls: object) => new World({ authorizer: aclAuthorizer(parseAcls(acls)) });
const noAgents = { register_agents: [{ principals: { type: 'ANY' }, agents: { type: 'NONE' } }] };
const notSecret = {
  reserve_resources: [{ principals: { type: 'NONE' }, roles: { values: ['secret'] } }],
};

test('an agent that may not register is told why, and the log says so', () => {
  const world = under(noAgents);
  const agent = world.agent();
  const why =
    'Not authorized for action REGISTER_AGENT without a principal, by the list register_agents of --acls';
  expect(agent.id).toBe('');
  expect(agent.sent('AuthenticationErrorMessage')).toEqual([{ error: why }]);
  expect(world.logs.at(-1)).toBe(`Refusing agent at ${agent.pid} (node2): ${why}`);
  agent.id = 'S1';
  agent.reregister();
  expect(agent.sent('AuthenticationErrorMessage')).toHaveLength(2);
  expect(world.master.agents.registered.size).toBe(0);
});

test('an agent may not bring reservations to a role that it may not reserve for', () => {
  const world = under(notSecret);
  expect(world.agent({ resources: 'cpus:1;mem:64' }).id).not.toBe('');
  const known = { pid: 'slave(1)@10.0.0.3:5051', resources: 'cpus:1;cpus(known):1;mem:64' };
  expect(world.agent(known).id).not.toBe('');
  const agent = world.agent({ pid: 'slave(1)@10.0.0.4:5051', resources: 'cpus:1;mem(secret):64' });
  expect(agent.id).toBe('');
  expect(agent.sent('AuthenticationErrorMessage')[0]?.error).toContain(
    "Not authorized for action RESERVE_RESOURCES for role 'secret' without a principal",
  );
});

const to = (...roles: string[]): Resource => ({
  name: 'cpus',
  type: Value_Type.SCALAR,
  scalar: { value: 1 },
  reservations: roles.map((role) => ({
    type: Resource_ReservationInfo_Type.DYNAMIC,
    role,
    principal: `of ${role}`,
  })),
});
const reserve = (resources: Resource[], source?: Resource[]): Offer_Operation => ({
  type: Offer_Operation_Type.RESERVE,
  reserve: { resources, ...(source !== undefined && { source }) },
});
const named = (operation: Offer_Operation) =>
  stepsOf(operation).map(
    ({ action, resource }) =>
      `${action} ${resource.reservations?.map(({ role }) => role).join('>')}`,
  );

test('to reserve anew is to unreserve what is taken off, and to reserve what is put on', () => {
  expect(named(reserve([to('a'), to('b')]))).toEqual([
    'RESERVE_RESOURCES a',
    'RESERVE_RESOURCES b',
  ]);
  expect(named(reserve([to('b')], [to('a')]))).toEqual([
    'UNRESERVE_RESOURCES a',
    'RESERVE_RESOURCES b',
  ]);
  expect(named(reserve([to('a', 'a/y', 'a/y/z')], [to('a', 'a/x')]))).toEqual([
    'UNRESERVE_RESOURCES a>a/x',
    'RESERVE_RESOURCES a>a/y',
    'RESERVE_RESOURCES a>a/y>a/y/z',
  ]);
});
