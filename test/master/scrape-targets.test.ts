// Where agents are, as Prometheus is told.
import { expect, test } from 'vitest';
import { Value_Type } from '../../src/model/generated/messages.ts';
import { agentId } from '../../src/model/ids.ts';
import { World } from './harness.ts';

test('connected agents are listed with what can become their labels', () => {
  const world = new World();
  const attributes = [
    { name: 'rack', type: Value_Type.TEXT, text: { value: 'r"1' } },
    { name: 'gpu-model', type: Value_Type.SCALAR, scalar: { value: 2 } },
    { name: 'ports', type: Value_Type.RANGES, ranges: { range: [{ begin: 1n, end: 2n }] } },
  ];
  const domain = { fault_domain: { region: { name: 'eu' }, zone: { name: 'a' } } };
  const { id } = world.agent({ pid: 'slave(1)@10.0.0.3:5051', hostname: 'node3' });
  const agent = world.master.agents.registered.get(agentId(id));
  Object.assign(agent?.info ?? {}, { attributes, domain });
  expect([...world.views.scrapeTargets()]).toEqual([
    {
      targets: ['10.0.0.3:5051'],
      labels: {
        __meta_mesos_agent_id: id,
        __meta_mesos_agent_hostname: 'node3',
        __meta_mesos_agent_region: 'eu',
        __meta_mesos_agent_zone: 'a',
        __meta_mesos_agent_attribute_rack: 'r"1',
        __meta_mesos_agent_attribute_gpu_model: '2',
      },
    },
  ]);
});
