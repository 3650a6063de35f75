// Agents that are thought of, from what a form says.
import { expect, test } from 'vitest';
import { addedAgents, addedAgentsProblem, agentFlags } from '../../src/webui/calls/added-agents.ts';

test('agents are added with resources and attributes, or as flags', () => {
  const chosen = { count: '3', cpus: '8', mem: '0', attributes: "rack:7; zone: it's ;;" };
  expect(addedAgents(chosen)).toEqual({
    count: 3,
    resources: [{ name: 'cpus', type: 'SCALAR', scalar: { value: 8 } }],
    attributes: [
      { name: 'rack', type: 'SCALAR', scalar: { value: 7 } },
      { name: 'zone', type: 'TEXT', text: { value: "it's" } },
    ],
  });
  expect(addedAgentsProblem(chosen)).toBeUndefined();
  expect(agentFlags(chosen)).toBe(`--resources='cpus:8;mem:0' --attributes='rack:7;zone:it'\\''s'`);
  expect(agentFlags({ cpus: '1' })).toBe(`--resources='cpus:1'`);
});

test('nothing is added before enough is said', () => {
  expect(addedAgents({})).toBeUndefined();
  expect(addedAgents({ count: '2' })).toBeUndefined();
  expect(addedAgents({ count: '0', cpus: '1' })).toBeUndefined();
  expect(addedAgents({ count: '2', cpus: '0' })).toBeUndefined();
  expect(addedAgentsProblem({})).toBeUndefined();
  expect(addedAgentsProblem({ count: '1.5' })).toMatch('no number');
  expect(addedAgentsProblem({ cpus: 'x' })).toMatch('no amount');
  expect(addedAgentsProblem({ attributes: 'rack' })).toMatch('rack:7');
  expect(addedAgentsProblem({ cpus: '1' })).toMatch('how many');
  expect(addedAgentsProblem({ count: '2' })).toMatch('what each of them has');
});
