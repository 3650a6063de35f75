// Figures as Prometheus reads them: names, labels, units, and what is left out.
import { expect, test } from 'vitest';
import { AGENT_FAMILIES } from '../../../src/http/metrics/agent-families.ts';
import { Exposition } from '../../../src/http/metrics/exposition.ts';
import { type FamilyTable, Places } from '../../../src/http/metrics/family.ts';
import { MASTER_FAMILIES } from '../../../src/http/metrics/master-families.ts';
import { type Figure, snapshotSink } from '../../../src/model/figures.ts';
import { Durations } from '../../../src/model/timer-statistics.ts';
import { agentMetricNames, masterMetricNames } from '../../support/metric-names.ts';

type Said = readonly [name: string, figure: Figure, ...given: string[]];

function shown(said: readonly Said[], table: FamilyTable = MASTER_FAMILIES): string[] {
  const exposition = new Exposition(new Places(table));
  for (const [name, figure, ...given] of said) {
    exposition.sink(name, figure, ...given);
  }
  return [...exposition.texts()].flatMap((text) =>
    text.split('\n').filter((line) => line !== '' && !line.startsWith('#')),
  );
}

test('a family has its samples together, whatever comes between', () => {
  const exposition = new Exposition(new Places(MASTER_FAMILIES));
  exposition.sink('master/tasks_running', 3);
  exposition.sink('master/elected', 1);
  exposition.sink('master/tasks_staging', 2);
  expect([...exposition.texts()].join('')).toBe(
    '# HELP mesos_master_tasks Tasks that have not ended, by state.\n' +
      '# TYPE mesos_master_tasks gauge\n' +
      'mesos_master_tasks{state="running"} 3\n' +
      'mesos_master_tasks{state="staging"} 2\n' +
      '# HELP mesos_master_elected 1 on the master that leads, 0 on others.\n' +
      '# TYPE mesos_master_elected gauge\n' +
      'mesos_master_elected 1\n',
  );
});

test('names of others are labels, whatever is in them', () => {
  const quota = 'allocator/mesos/quota/roles/{role}/resources/{resource}';
  const framework = 'master/frameworks/{framework_name}/{framework_id}';
  expect(
    shown([
      [`${quota}/limit`, 2, 'eng/resources/cpus', 'cpus'],
      [`${framework}/roles/{role}/suppressed`, 1, 'say "hi"\\\n{x}', 'f-1', 'a/b'],
      [`${framework}/calls/accept`, 7, '', 'f-2'],
      ['frameworks/{principal}/messages_received', 4, '__proto__'],
    ]),
  ).toEqual([
    'mesos_allocator_role_quota_limit{role="eng/resources/cpus",resource="cpus"} 2',
    'mesos_master_framework_role_suppressed{framework_name="say \\"hi\\"\\\\\\n{x}",framework_id="f-1",role="a/b"} 1',
    'mesos_master_framework_calls_total{framework_name="",framework_id="f-2",type="accept"} 7',
    'mesos_master_principal_messages_received_total{principal="__proto__"} 4',
  ]);
});

test('units are base units, and the old word for agents is not in labels', () => {
  expect(
    shown([
      ['master/mem_total', 1024],
      ['master/cpus_used', 0.5],
      ['allocator/mesos/resources/{resource}/total', 3, 'disk'],
      ['allocator/mesos/resources/{resource}/total', 3, 'bandwidth'],
      ['registrar/state_fetch_ms', 250],
      ['master/messages_reregister_slave', 5],
      ['master/task_lost/source_master/reason_slave_removed', 1],
    ]),
  ).toEqual([
    'mesos_master_resources{resource="mem"} 1073741824',
    'mesos_master_resources_used{resource="cpus"} 0.5',
    'mesos_allocator_resources{resource="disk"} 3145728',
    'mesos_allocator_resources{resource="bandwidth"} 3',
    'mesos_registry_fetch_seconds 0.25',
    'mesos_master_messages_total{type="reregister_agent"} 5',
    'mesos_master_task_updates_total{state="lost",source="master",reason="agent_removed"} 1',
  ]);
});

test('how long something took is a histogram of all samples, and the last of them at the snapshot', () => {
  const durations = new Durations();
  for (const ms of [0.2, 0.5, 3, 2_000_000]) {
    durations.add(ms);
  }
  const lines = shown([['registrar/state_store_ms', durations]]);
  const name = 'mesos_registry_store_duration_seconds';
  expect(lines.slice(0, 4)).toEqual([
    `${name}_bucket{le="0.0005"} 2`,
    `${name}_bucket{le="0.001"} 2`,
    `${name}_bucket{le="0.0025"} 2`,
    `${name}_bucket{le="0.005"} 3`,
  ]);
  expect(lines.slice(-4)).toEqual([
    `${name}_bucket{le="1200"} 3`,
    `${name}_bucket{le="+Inf"} 4`,
    `${name}_sum 2000.0037`,
    `${name}_count 4`,
  ]);
  const metrics: Record<string, number> = {};
  const sink = snapshotSink((each, value) => {
    metrics[each] = value;
  });
  sink('registrar/state_store_ms', durations);
  expect(metrics).toMatchObject({
    'registrar/state_store_ms': 2_000_000,
    'registrar/state_store_ms/count': 4,
  });
});

test('what a framework has never done is not told of it, and sums are left to who reads', () => {
  const framework = 'master/frameworks/{framework_name}/{framework_id}';
  const of = ['one', 'f-1'];
  expect(
    shown([
      [`${framework}/calls/accept`, 0, ...of],
      [`${framework}/calls`, 4, ...of],
      [`${framework}/offers/sent`, 0, ...of],
      ['master/operations/total', 4],
      ['master/operations/create/total', 4],
      ['master/operations/create/pending', 0],
    ]),
  ).toEqual([
    'mesos_master_framework_offers_sent_total{framework_name="one",framework_id="f-1"} 0',
    'mesos_master_operations{type="create",state="pending"} 0',
  ]);
});

/** Those that only agents with further isolators have. */
const FURTHER = [
  'containerizer/mesos/network_cni/attach_failures',
  'containerizer/mesos/provisioner/docker_store/image_pull_ms',
  'containerizer/mesos/provisioner/overlay/remove_rootfs_errors',
  'containerizer/mesos/provisioner/remove_container_errors',
  'containerizer/mesos/filesystem/containers_new_rootfs',
  'containerizer/mesos/disk/project_ids_free',
  'volume_gid_manager/volume_gids_total',
  'port_mapping/per_cpu_ingress_rate_limit',
  'port_mapping/updating_container_ip_filters_errors',
  'tls/connections_downgraded',
  'audit_log/dropped',
];

/** Figures of windows are at the snapshot only. */
const isOfWindow = (name: string) => /_ms\/\w+$/.test(name);

test.each([
  ['a master', MASTER_FAMILIES, masterMetricNames],
  ['an agent', AGENT_FAMILIES, [...agentMetricNames, ...FURTHER]],
] as const)(
  'each metric of %s that Mesos documents is in a family, or said to be in none',
  (_, table, names) => {
    const places = new Places(table);
    const without = names.filter((name) => {
      const given = name.replace(/^(allocator\/mesos\/resources)\/\w+/, '$1/{resource}');
      try {
        return !isOfWindow(name) && places.of(given) === undefined && !isSum(given);
      } catch {
        return true;
      }
    });
    expect(without).toEqual([]);
  },
);

const isSum = (name: string) =>
  /^master\/operations\/\w+$|\/total$/.test(name) || name === 'allocator/event_queue_dispatches';

test.each([
  ['a master', MASTER_FAMILIES],
  ['an agent', AGENT_FAMILIES],
] as const)('names of families of %s are as Prometheus asks', (_, { families }) => {
  for (const { name, type, help, unit } of families) {
    expect(name).toMatch(/^(mesos|process)(_[a-z0-9]+)+$/);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(help, name).toMatch(/^[\x20-\x5b\x5d-\x7e]+\.$/);
    expect(unit !== 'milliseconds' || name.endsWith('_seconds'), name).toBe(true);
  }
  expect(new Set(families.map(({ name }) => name)).size).toBe(families.length);
});

test('a figure that no table knows is a fault of this program', () => {
  expect(() => shown([['master/unheard_of', 1]])).toThrow("has 'master/unheard_of'");
});
