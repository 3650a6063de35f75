// Numbers of the overview, which are those of the lists they lead to.
import { expect, test } from 'vitest';
import { DrainState } from '../../src/model/generated/messages.ts';
import { Cluster } from '../../src/webui/store/cluster.ts';
import { agentCounts, frameworkCounts } from '../../src/webui/store/condition-counts.ts';
import { AgentRow, FrameworkRow } from '../../src/webui/store/rows.ts';
import { greatestOf } from '../../src/webui/store/sums.ts';

test('agents and frameworks are counted by the conditions that their lists show', () => {
  const cluster = new Cluster();
  const agent = (id: string, fields: Partial<AgentRow>) =>
    cluster.agents.set(id, Object.assign(new AgentRow(), { id, active: true, ...fields }));
  agent('a', {});
  agent('b', { drainState: DrainState.DRAINED });
  agent('c', { isRecovered: true });
  const framework = (id: string, fields: Partial<FrameworkRow>) =>
    cluster.frameworks.set(
      id,
      Object.assign(new FrameworkRow(), { id, active: true, connected: true, ...fields }),
    );
  framework('f', { roles: ['web'], suppressedRoles: [] });
  framework('g', { roles: ['web'], suppressedRoles: ['web'] });
  expect(Object.fromEntries(agentCounts(cluster))).toEqual({ active: 1, drained: 1, recovered: 1 });
  expect(Object.fromEntries(frameworkCounts(cluster))).toEqual({ active: 1, suppressed: 1 });
});

test('the greatest agent is told by each of its resources', () => {
  expect(greatestOf([])).toEqual([0, 0, 0, 0]);
  expect(
    greatestOf([
      [4000, 1, 0, 0],
      [2000, 8, 0, 1],
    ]),
  ).toEqual([4000, 8, 0, 1]);
});
