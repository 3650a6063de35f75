// The rules and the dashboard of docs/monitoring know the metrics that there are, and so does the
// page about them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withMetricReference } from '../../../scripts/metric-reference.ts';
import { AGENT_FAMILIES } from '../../../src/http/metrics/agent-families.ts';
import { labelNames } from '../../../src/http/metrics/family.ts';
import { MASTER_FAMILIES } from '../../../src/http/metrics/master-families.ts';
import { root } from '../../support/sources.ts';

const docs = (name: string) => readFileSync(join(root, 'docs', name), 'utf8');

const families = new Map(
  [...MASTER_FAMILIES.families, ...AGENT_FAMILIES.families].map((family) => [family.name, family]),
);

/** What Prometheus adds to each. */
const ADDED = ['instance', 'job', 'le'];

/** `name{label="…",…}`; what is no metric of ours is not looked at. */
const SELECTOR = /\b((?:mesos|process)_\w+)(?:\{([^}]*)\})?/g;

function unknownIn(text: string): string[] {
  return [...text.matchAll(SELECTOR)].flatMap(([, name = '', matchers = '']) => {
    const base = name.replace(/_(?:bucket|sum|count)$/, '');
    const family = families.get(name) ?? families.get(base);
    const isHistogram = family?.type === 'histogram';
    if (family === undefined || isHistogram !== (name !== family.name)) {
      return [name];
    }
    const labels = [...matchers.matchAll(/(\w+)=?[=!~]/g)].map(([, label = '']) => label);
    const known = [...labelNames(family), ...ADDED];
    return labels.filter((label) => !known.includes(label)).map((label) => `${name}{${label}}`);
  });
}

test('metrics and labels that do not exist are found', () => {
  expect(unknownIn('mesos_master_tasks{state="running"} / mesos_master_jobs')).toEqual([
    'mesos_master_jobs',
  ]);
  expect(unknownIn('mesos_master_tasks{kind=~"x"}')).toEqual(['mesos_master_tasks{kind}']);
  expect(unknownIn('mesos_loop_delay_seconds')).toEqual(['mesos_loop_delay_seconds']);
  expect(unknownIn('rate(mesos_loop_delay_seconds_bucket{instance="a"}[5m])')).toEqual([]);
});

test.each(['monitoring/alerts.yml', 'monitoring/dashboard.json'])('%s names no others', (name) => {
  const text = docs(name).replaceAll('\\"', '"');
  expect(text.match(SELECTOR)?.length).toBeGreaterThan(20);
  expect(unknownIn(text)).toEqual([]);
});

test('docs/monitor.md is current', () => {
  const page = docs('monitor.md');
  const message = 'The tables of docs/monitor.md are made by `npm run docs:pages`';
  expect(withMetricReference(page), message).toBe(page);
});
