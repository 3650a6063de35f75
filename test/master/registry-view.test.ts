// /registrar(1)/registry: what a master would know after a crash, as far as the reader may see it.
import { expect, test } from 'vitest';
import { MasterCall_Type } from '../../src/model/generated/messages.ts';
import { cluster, viewer, type World } from './harness.ts';

/** Turns iterables into arrays. */
function whole(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Symbol.iterator in value
    ? [...(value as Iterable<unknown>)].map(whole)
    : Object.fromEntries(Object.entries(value).map(([key, field]) => [key, whole(field)]));
}

const registry = (world: World, who = viewer) => whole(world.views.registry(who));

test('the registry is shown whole, with the names of the old schema', () => {
  const { world, agent } = cluster();
  const lost = world.agent({ pid: 'slave(1)@10.0.0.3:5051' });
  const agentId = { value: agent.id };
  world.operate({
    type: MasterCall_Type.MARK_AGENT_GONE,
    mark_agent_gone: { agent_id: { value: lost.id } },
  });
  world.operate({ type: MasterCall_Type.DRAIN_AGENT, drain_agent: { agent_id: agentId } });
  world.operate({
    type: MasterCall_Type.UPDATE_WEIGHTS,
    update_weights: { weight_infos: [{ role: 'dev', weight: 2 }] },
  });
  world.operate({
    type: MasterCall_Type.UPDATE_QUOTA,
    update_quota: { quota_configs: [{ role: 'dev', limits: { cpus: { value: 2 } } }] },
  });
  expect(registry(world)).toMatchObject({
    master: { info: { hostname: 'master.example', port: 5050 } },
    slaves: {
      slaves: [{ info: { id: agentId, hostname: 'node2' }, drain_info: {}, deactivated: true }],
    },
    unreachable: { slaves: [] },
    gone: { slaves: [{ id: { value: lost.id }, timestamp: expect.anything() }] },
    machines: { machines: [] },
    schedules: [],
    quota_configs: [{ role: 'dev', limits: { cpus: { value: 2 } } }],
    weights: [{ info: { role: 'dev', weight: 2 } }],
    minimum_capabilities: [{ capability: 'AGENT_DRAINING' }, { capability: 'QUOTA_V2' }],
  });
  // The next master knows the agent before it comes back.
  expect(registry(world.restart())).toMatchObject({
    slaves: { slaves: [{ info: { id: agentId } }] },
  });
});

test('a reader sees of the registry what it may see elsewhere', () => {
  const { world } = cluster();
  world.agent({ pid: 'slave(1)@10.0.0.3:5051', resources: 'cpus:1;mem:64;cpus(secret):2' });
  world.operate({
    type: MasterCall_Type.UPDATE_QUOTA,
    update_quota: { quota_configs: [{ role: 'secret', limits: { cpus: { value: 2 } } }] },
  });
  const shown = registry(world, {
    authorizer: { authorize: (_principal, _action, object) => object?.value !== 'secret' },
  });
  expect(
    JSON.stringify(shown, (_, value) => (typeof value === 'bigint' ? 0 : value)),
  ).not.toContain('secret');
});
