// A registry in ZooKeeper holds no value of any size: what is too large is refused before it is
// asked to, and the master goes on.
import { expect, test } from 'vitest';
import { MasterCall_Type } from '../../src/model/generated/messages.ts';
import { FakeAgent, World } from './harness.ts';

const bounds = { registryAgentBytes: 2_000, registrySettingBytes: 3_000 };

const weightOf = (world: World, role: string) => {
  const request = world.nextRequest();
  const call = {
    type: MasterCall_Type.UPDATE_WEIGHTS,
    update_weights: { weight_infos: [{ role, weight: 2 }] },
  };
  world.dispatch({ type: 'operatorCall', request, call, principal: undefined });
  const answer = world.answer(request);
  return answer?.type === 'reply' ? answer : undefined;
};

test('a setting that the registry cannot hold is refused, and the one before stays', () => {
  const world = new World(bounds);
  expect(weightOf(world, 'a'.repeat(1_000))?.status).toBe(200);
  expect(weightOf(world, 'b'.repeat(1_000))?.status).toBe(200);
  expect(weightOf(world, 'c'.repeat(1_000))?.status).toBe(400);
  expect(weightOf(world, 'd')?.status).toBe(200);
  const roles = world.disk.snapshot().weights?.map(({ role }) => role?.[0]);
  expect(roles).toEqual(['a', 'b', 'd']);
  expect(world.aborted).toBeUndefined();
});

test('an agent that the registry cannot hold is not admitted, and not taken again', () => {
  const world = new World(bounds);
  const hostname = 'h'.repeat(2_000);
  const large = new FakeAgent(world, { pid: 'slave(1)@10.0.0.3:5051', hostname });
  large.register();
  expect(large.id).toBe('');
  expect(world.logs.at(-1)).toMatch(
    /Dropping the registration .*: the registry can hold 2000 bytes of an agent/,
  );
  const agent = new FakeAgent(world, {});
  agent.register();
  const grown = new FakeAgent(world, {
    id: agent.id,
    hostname: 'node2',
    resources: `cpus:4;mem:4096;disk:8192;ports:[${Array.from({ length: 200 }, (_, i) => `${2 * i}-${2 * i}`).join(',')}]`,
  });
  const stored = world.disk.snapshot().agents;
  grown.reregister();
  expect(world.disk.snapshot().agents).toEqual(stored);
  expect(world.logs.at(-1)).toMatch(/Dropping the re-registration .*: the registry can hold/);
  expect(world.aborted).toBeUndefined();
});

test('an agent for which the registry has no room beside others ends no master, and may ask again', () => {
  const world = new World();
  const agent = world.agent();
  world.commitsAtOnce = false;
  const newcomer = new FakeAgent(world, { pid: 'slave(1)@10.0.0.3:5051', hostname: 'node3' });
  newcomer.register();
  const grown = new FakeAgent(world, { id: agent.id, hostname: 'node2', resources: 'cpus:9' });
  grown.reregister();
  const stored = world.disk.snapshot().agents;
  world.refuse('it is larger than a page');
  expect(world.logs.slice(-2)).toEqual([
    expect.stringMatching(
      /Dropping the registration of agent \S+-S1 at slave\(1\)@10\.0\.0\.3:5051: it is larger than a page$/,
    ),
    expect.stringContaining(`Dropping the registration of agent ${agent.id} at`),
  ]);
  expect(world.aborted).toBeUndefined();
  expect(world.disk.snapshot().agents).toEqual(stored);
  expect(newcomer.id).toBe('');

  world.commitsAtOnce = true;
  newcomer.register();
  grown.reregister();
  expect(newcomer.id).toMatch(/-S2$/);
  expect(world.disk.snapshot().agents).toHaveLength(2);
});

test('anything else that the registry refuses ends the master, as what it cannot write', () => {
  const world = new World();
  world.commitsAtOnce = false;
  weightOf(world, 'a');
  world.refuse('it is too large');
  expect(world.aborted).toBe('Cannot write the registry: it is too large');
});
