// Filters of the events view, and how agents that are filtered by are called.
import { expect, test } from 'vitest';
import { agentsNamed } from '../../src/webui/store/agent-filter.ts';
import { Cluster } from '../../src/webui/store/cluster.ts';
import { type EventQuery, eventPasses } from '../../src/webui/store/event-filter.ts';
import type { ClusterEvent } from '../../src/webui/store/event-tail.ts';
import { AgentRow } from '../../src/webui/store/rows.ts';

const nothing = { frameworkId: '', state: undefined };
const EVENTS: readonly ClusterEvent[] = [
  { ...nothing, subject: 'framework', change: 'added', id: 'F-1', name: 'marathon' },
  { ...nothing, subject: 'task', change: 'gone', id: 'a', name: 'web', frameworkId: 'F-1' },
  { ...nothing, subject: 'task', change: 'added', id: 'b', name: 'web', frameworkId: 'F-2' },
  { ...nothing, subject: 'agent', change: 'changed', id: 'S-1', name: 'db-1' },
];

const ids = (query: EventQuery) =>
  EVENTS.filter(eventPasses(query, ({ change }) => `It is ${change}`)).map(({ id }) => id);

test('events are found by what they are of, what has happened, whose they are, and words', () => {
  expect(ids({})).toEqual(['F-1', 'a', 'b', 'S-1']);
  expect(ids({ subject: 'task' })).toEqual(['a', 'b']);
  expect(ids({ change: 'added' })).toEqual(['F-1', 'b']);
  expect(ids({ framework: 'F-1' })).toEqual(['F-1', 'a']);
  expect(ids({ q: 'WEB gone' })).toEqual(['a']);
  expect(ids({ change: 'gone', subject: 'agent' })).toEqual([]);
});

test('agents of a link are called by their names, a few of them', () => {
  const names = Array.from({ length: 6 }, (_, at) => `db-${at}`);
  const cluster = new Cluster();
  for (const [at, hostname] of names.entries()) {
    const id = `S-${at}`;
    cluster.agents.set(id, Object.assign(new AgentRow(), { id, hostname }));
  }
  expect(agentsNamed(cluster, 'S-1,S-9')).toBe('db-1, S-9');
  expect(agentsNamed(cluster, [...cluster.agents.keys()].join(','))).toBe(
    'db-0, db-1, db-2, db-3 and 2 more',
  );
});
