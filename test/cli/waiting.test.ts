import { describe, expect, test } from 'vitest';
import { shortage, type Wish, whyWaiting } from '../../src/cli/execute/waiting.ts';
import { createCore } from '../../src/core/core.ts';
import type { MasterResponse_GetAgents_Agent as Agent } from '../../src/model/generated/messages.ts';
import { allocatedTo } from '../../src/model/resource-format.ts';
import { parseResources } from '../../src/model/resource-text.ts';
import { loadCore } from '../../src/runtime/load-core.ts';

const core = createCore(await loadCore());

const wish = (text: string, more: Partial<Wish> = {}): Wish => ({
  tasks: [
    {
      name: 't',
      task_id: { value: 't' },
      agent_id: { value: '' },
      resources: parseResources(text),
    },
  ],
  isGroup: false,
  role: 'eng/web',
  takesGpus: false,
  ...more,
});

function agent(hostname: string, total: string, more: Partial<Agent> = {}): Agent {
  const resources = parseResources(total);
  return {
    agent_info: { hostname, resources },
    active: true,
    version: '1.11.0',
    total_resources: resources,
    ...more,
  };
}

const used = (text: string) => parseResources(text).map((one) => allocatedTo(one, 'other'));

describe('why a command waits', () => {
  test.each<[what: string, agents: Agent[], wish: Wish, text: RegExp]>([
    ['there are no agents', [], wish('cpus:1'), /^no agent is registered at the master$/],
    [
      'no agent is connected',
      [agent('a', 'cpus:4', { active: false }), agent('b', 'cpus:4', { deactivated: true })],
      wish('cpus:1'),
      /^none of the 2 agents is connected and active$/,
    ],
    [
      'no agent is large enough',
      [agent('a', 'cpus:4;mem:512'), agent('b', 'cpus:6;mem:512'), agent('c', 'cpus:6;mem:8')],
      wish('cpus:8;mem:64'),
      /^no agent is large enough; closest is b \(cpus: 8 needed, 6 there\)$/,
    ],
    [
      'nothing is of a kind',
      [agent('a', 'cpus:4')],
      wish('cpus:1;fpgas:1'),
      /closest is a \(fpgas: 1 needed, 0 there\)/,
    ],
    [
      'a name is misspelt, and the host has several agents',
      [agent('a', 'cpus:4', { agent_info: { hostname: 'a', port: 5052 } })],
      wish('cpu:1;mem:64'),
      /closest is a:5052 \(.*cpu: 1 needed, 0 there \(did you mean cpus\?\)/,
    ],
    [
      'a port is not there',
      [agent('a', 'cpus:4;ports:[31000-32000]')],
      wish('cpus:1;ports:[80-80]'),
      /closest is a \(its ranges, sets, disks or reservations are not those/,
    ],
    [
      'what would be enough is reserved for others',
      [agent('a', 'cpus(sales):4;cpus:1;cpus(eng):1')],
      wish('cpus:3'),
      /closest is a \(cpus: 3 needed, 2 there\)/,
    ],
    [
      'others use it',
      [agent('a', 'cpus:4', { allocated_resources: used('cpus:3') }), agent('b', 'cpus:1')],
      wish('cpus:2'),
      /^1 of 2 agents would be large enough, but .* closest is a \(cpus: 2 needed, 1 there\)$/,
    ],
    [
      'it is offered to others',
      [agent('a', 'cpus:4', { offered_resources: used('cpus:4') })],
      wish('cpus:2'),
      /offered to others; closest is a \(cpus: 2 needed, 0 there\)$/,
    ],
    [
      'something holds it back',
      [agent('a', 'cpus:4')],
      wish('cpus:2'),
      /^1 of 1 agents have room that is not offered to role 'eng\/web': quotas/,
    ],
    [
      'agents with GPUs are not offered',
      [agent('a', 'cpus:4;gpus:1')],
      wish('cpus:2'),
      /GPU_RESOURCES/,
    ],
    [
      'the executor of a task group needs some, too',
      [agent('a', 'cpus:2;mem:64;disk:64')],
      wish('cpus:2;mem:32', { isGroup: true }),
      /closest is a \(cpus: 2\.1 needed, 2 there\)/,
    ],
  ])('%s', (_, agents, wanted, text) => {
    expect(whyWaiting({ agents, quotas: [] }, wanted, core)).toMatch(text);
  });

  test.each([
    ['eng/web', /quota of role 'eng\/web' limits cpus to 1, and 2 are needed$/],
    ['eng', /quota of role 'eng' limits cpus to 1/],
    ['sales', /have room/],
    ['eng/web/front', /have room/],
  ])('the limits of role %s', (role, text) => {
    const cluster = {
      agents: [agent('a', 'cpus:4;mem:64')],
      quotas: [{ role, limits: { cpus: { value: 1 }, mem: { value: 64 } } }],
    };
    expect(whyWaiting(cluster, wish('cpus:2;mem:64'), core)).toMatch(text);
  });

  test('agents with GPUs are offered to those who take them', () => {
    const agents = [agent('a', 'cpus:4;gpus:1')];
    const wanted = wish('cpus:2', { takesGpus: true });
    expect(whyWaiting({ agents, quotas: [] }, wanted, core)).toMatch(/have room/);
  });
});

test('an offer that is too small: all that is missing is named', () => {
  const offered = parseResources('cpus:1;mem:32');
  expect(shortage(wish('cpus:2;mem:64;disk:1'), offered, core)).toBe(
    'cpus: 2 needed, 1 there; mem: 64 needed, 32 there; disk: 1 needed, 0 there',
  );
});
