// Many reservations and volumes in one ACCEPT after another: how many of them an agent may have,
// and what the log says of the others.
import { expect, test } from 'vitest';
import {
  AgentInfo_Capability_Type,
  MasterCall_Type,
  type Offer_Operation,
  Offer_Operation_Type,
  type Resource,
  Resource_ReservationInfo_Type,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { agentId } from '../../src/model/ids.ts';
import { cluster, type FakeFramework, launchOf } from './harness.ts';

/** A thousandth of a cpu, reserved with labels that nothing else has. */
const reserved = (label: string): Resource => ({
  name: 'cpus',
  type: Value_Type.SCALAR,
  scalar: { value: 0.001 },
  allocation_info: { role: 'dev' },
  reservations: [
    {
      role: 'dev',
      type: Resource_ReservationInfo_Type.DYNAMIC,
      labels: { labels: [{ key: label }] },
    },
  ],
});

const reserve = (...resources: Resource[]): Offer_Operation => ({
  type: Offer_Operation_Type.RESERVE,
  reserve: { resources },
});

const reserveMany = (prefix: string, count: number) =>
  reserve(...Array.from({ length: count }, (_, index) => reserved(`${prefix}${index}`)));

function accept(framework: FakeFramework, operations: Offer_Operation[]): void {
  framework.accept([framework.offer()], operations);
}

test('an agent has two thousand resources that differ, and no more, whoever reserves them', () => {
  const { world, agent, framework } = cluster();
  const total = () => world.master.agents.registered.get(agentId(agent.id))?.total ?? [];
  const start = total().length;
  accept(framework, [reserveMany('a', 990)]);
  world.allocate();
  accept(framework, [reserveMany('b', 990)]);
  expect(total()).toHaveLength(start + 1_980);
  world.allocate();
  accept(framework, [reserveMany('c', 30), reserveMany('d', 10)]);
  expect(total()).toHaveLength(start + 1_990);
  expect(world.logs).toContain(
    `Dropping an operation of framework ${framework.id}: The agent would have more than 2000` +
      ' reservations, volumes and other resources',
  );
  const [answer, ...others] = [30, 5].map((count) => {
    const resources = Array.from({ length: count }, (_, index) => {
      const { allocation_info: __, ...resource } = reserved(`e${count}-${index}`);
      return resource;
    });
    return world.operate({
      type: MasterCall_Type.RESERVE_RESOURCES,
      reserve_resources: { agent_id: { value: agent.id }, resources },
    });
  });
  expect(answer?.status).toBe(409);
  expect(others.map(({ status }) => status)).toEqual([202]);
});

test('operations that are dropped are one line of the log, with their number and a reason that is no book', () => {
  const { world, framework } = cluster();
  const before = world.logs.length;
  const large = { ...reserved('x'.repeat(100_000)), scalar: { value: 1_000 } };
  accept(
    framework,
    Array.from({ length: 150 }, () => reserve(large)),
  );
  const lines = world.logs.slice(before).filter((line) => line.startsWith('Dropping'));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^Dropping 150 operations of framework .*, the first because: /);
  expect(lines[0]?.length).toBeLessThan(2_000);
});

test('operations on offers that are gone are one line of the log, too', () => {
  const { world, framework } = cluster();
  const gone = { ...framework.offer(), id: { value: 'gone' } };
  framework.accept([gone], [reserve(reserved('a')), reserve(reserved('b'))]);
  expect(world.logs.filter((line) => line.startsWith('Dropping'))).toEqual([
    expect.stringContaining('Dropping 2 operations of framework'),
  ]);
});

test('an agent that takes its reservations as a whole has them before the task that uses them', () => {
  const capabilities = [
    { type: AgentInfo_Capability_Type.MULTI_ROLE },
    { type: AgentInfo_Capability_Type.RESERVATION_REFINEMENT },
  ];
  const { world, framework } = cluster();
  const agent = world.agent({ pid: 'slave(1)@10.0.0.9:5051', hostname: 'old', capabilities });
  world.allocate();
  const offer = framework.offer();
  expect(offer.agent_id.value).toBe(agent.id);
  framework.accept(
    [offer],
    [
      reserve(reserved('a')),
      reserve(reserved('b')),
      launchOf(offer, { resources: [reserved('a')] }),
      reserve(reserved('c')),
    ],
  );
  const sent = world.toAgents
    .filter(({ to }) => to === agent.pid)
    .map(({ message }) =>
      message.name === 'CheckpointResourcesMessage' ? message.body.resources?.length : message.name,
    )
    .filter((it) => it === 'RunTaskMessage' || typeof it === 'number');
  expect(sent).toEqual([2, 'RunTaskMessage', 3]);
});
