// Agents that are not there, as lists and `agent show` have them.
import { expect, test } from 'vitest';
import { agentListing } from '../../../src/cli/operate/agent/list.ts';
import { quantitiesOf } from '../../../src/cli/operate/amounts.ts';
import { missingAgents } from '../../../src/cli/operate/connection/missing-agents.ts';
import {
  agentNamed,
  anyAgentNamed,
  awaitedText,
} from '../../../src/cli/operate/connection/things.ts';
import { listed } from '../../../src/cli/operate/output/shown.ts';

const pipe = { isTerminal: false, columns: Number.POSITIVE_INFINITY, isPainted: false };
const at = (seconds: number) => ({ nanoseconds: BigInt(seconds + 3600) * 1_000_000_000n });

const there = {
  ...{ agent_info: { hostname: 'one', id: { value: 'M-S4' } }, active: true, version: '1.11.0' },
  registered_time: at(0),
};
const all = [
  there,
  ...missingAgents({
    lost_agents: [
      { agent_id: { value: 'M-S1' }, gone: false, since_time: at(60), hostname: 'one' },
      { agent_id: { value: 'M-S2' }, gone: true, since_time: at(0) },
    ],
    refused_agents: [
      {
        ...{ pid: 'slave(1)@10.0.0.3:5051', hostname: 'three', message: 'it may not' },
        ...{ first_time: at(0), last_time: at(90), times: 3 },
      },
    ],
  }),
];

const said = async (output: 'wide' | 'json' | 'name') =>
  (
    await listed(
      agentListing(all, await quantitiesOf(), 3_720_000),
      { output, filter: undefined, headers: true, sort_by: undefined },
      pipe,
    )
  ).text;

test('they are listed with what is known of them, since when and why', async () => {
  const lines = (await said('wide')).trimEnd().split('\n');
  expect(lines.map((line) => line.trim().split(/\s+/).join(' '))).toEqual([
    expect.stringMatching(/^ID HOST STATE .* WHY$/),
    'M-S4 one active 2m 1.11.0',
    'M-S1 one unreachable 1m',
    'M-S2 gone 2m',
    'three refused 30s it may not',
  ]);
  expect(await said('name')).toBe('M-S4\nM-S1\nM-S2\nslave(1)@10.0.0.3:5051\n');
});

test('scripts find host and id where agents that are there have them', async () => {
  const [, unreachable, gone, refused] = JSON.parse(await said('json')) as object[];
  expect(unreachable).toMatchObject({
    agent_info: { hostname: 'one', id: { value: 'M-S1' } },
    active: false,
    lost: { gone: false, since_time: { nanoseconds: 3_660_000_000_000 } },
  });
  expect(gone).toMatchObject({ lost: { gone: true } });
  expect(refused).toMatchObject({ agent_info: { hostname: 'three' }, refused: { times: 3 } });
});

test('a host means the agent that is there, unless that matters', () => {
  expect(anyAgentNamed(all, 'one')).toBe(there);
  expect(anyAgentNamed(all, 'S1')).toBe(all[1]);
  expect(anyAgentNamed(all, 'three')).toBe(all[3]);
  expect(() => agentNamed(all, 'one')).toThrow("'one' means more than one agent: M-S4, M-S1;");
  expect(awaitedText(all)).toBeUndefined();
});
