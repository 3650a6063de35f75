// The alert rules of docs/monitoring, as promtool judges them: each is on where it shall be. And
// what the dashboard asks.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { root } from '../support/sources.ts';

const RULES = join(root, 'docs/monitoring/alerts.yml');
const DASHBOARD = join(root, 'docs/monitoring/dashboard.json');

/** A value at each minute: `0+1x60` is counted up by one each time. */
type Series = Readonly<Record<string, string>>;

const LONG = 'x60';
const steady = (value: number) => `${value}+0${LONG}`;
/** After ten minutes it begins to be counted up by so much a minute. */
const begins = (by: number) => `0+0x10 ${by}+${by}x50`;

/** Of durations above all bounds but the last. */
const slow = (name: string, labels = '') => ({
  [`${name}_bucket{instance="i"${labels},le="0.1"}`]: steady(0),
  [`${name}_bucket{instance="i"${labels},le="2.5"}`]: `0+60${LONG}`,
  [`${name}_bucket{instance="i"${labels},le="+Inf"}`]: `0+60${LONG}`,
});

/** With which series each alert is on after an hour, or at some time before. */
const CASES: Readonly<Record<string, Series>> = {
  MesosMasterDown: { 'up{job="mesos-master",instance="i"}': steady(0) },
  MesosNoLeader: { 'mesos_master_elected{instance="i"}': steady(0) },
  MesosSeveralLeaders: {
    'mesos_master_elected{instance="i"}': steady(1),
    'mesos_master_elected{instance="j"}': steady(1),
  },
  MesosMasterRestarts: {
    'process_start_time_seconds{job="mesos-master",instance="i"}': `0+600${LONG}`,
  },
  MesosRegistrySlow: slow('mesos_registry_store_duration_seconds'),
  MesosRegistryStuck: {
    'mesos_registry_queued_operations{instance="i"}': steady(3),
    'mesos_registry_store_duration_seconds_count{instance="i"}': steady(9),
  },
  MesosAllocatorSlow: slow('mesos_allocator_run_duration_seconds'),
  MesosLoopHeld: slow('mesos_loop_delay_seconds', ',job="mesos-master"'),
  MesosCoreRebuilt: { 'mesos_agent_core_rebuilds_total{instance="i"}': begins(1) },
  MesosServerErrors: {
    'mesos_http_responses_total{instance="i",path="/state",code="500"}': begins(1),
  },
  MesosAgentDown: { 'up{job="mesos-agent",instance="i"}': steady(0) },
  MesosAgentUnregistered: { 'mesos_agent_registered{instance="i"}': steady(0) },
  MesosAgentsDisconnected: {
    'mesos_master_agents_connected{instance="i"}': steady(90),
    'mesos_master_agents_disconnected{instance="i"}': steady(10),
  },
  MesosAgentsUnreachable: {
    'mesos_master_agent_removals_by_reason_total{instance="i",reason="unhealthy"}': begins(1),
  },
  MesosRecoveryErrors: { 'mesos_agent_recovery_errors_total{instance="i"}': steady(1) },
  MesosContainerLaunchErrors: {
    'mesos_agent_container_launch_errors_total{instance="i"}': begins(1),
  },
  MesosContainerDestroyErrors: {
    'mesos_agent_container_destroy_errors_total{instance="i"}': begins(1),
  },
  MesosFetchesFail: {
    'mesos_agent_fetches_total{instance="i",outcome="failed"}': begins(1),
  },
  MesosSandboxDiskFull: { 'mesos_agent_sandbox_max_age_seconds{instance="i"}': steady(600) },
  MesosFrameworkGone: {
    'mesos_master_framework_subscribed{instance="i",framework_name="f",framework_id="1"}':
      steady(0),
  },
  MesosTasksFail: {
    'mesos_master_tasks_ended_total{instance="i",state="failed"}': `0+6${LONG}`,
    'mesos_master_tasks_ended_total{instance="i",state="finished"}': `0+4${LONG}`,
  },
  MesosClusterFull: {
    'mesos_master_resources_used_ratio{instance="i",resource="mem"}': '0.96+0x60',
    'mesos_master_elected{instance="i"}': steady(1),
  },
  MesosOffersHeld: { 'mesos_master_outstanding_offers{instance="i"}': steady(5) },
  MesosCertificateExpires: {
    'mesos_tls_certificate_remaining_seconds{instance="i"}': steady(86_400),
  },
  MesosCertificateNotTaken: {
    'mesos_tls_certificate_reload_failures_total{instance="i"}': begins(1),
  },
  MesosAccessNotTaken: { 'mesos_access_reload_failures_total{instance="i"}': begins(1) },
  MesosHandshakesFail: { 'mesos_tls_handshake_failures_total{instance="i"}': `0+120${LONG}` },
  MesosAuditLogDropped: {
    'mesos_audit_log_lines_total{instance="i",outcome="dropped"}': begins(1),
  },
};

/** A cluster of a master and an agent, some of whose tasks fail. */
const WELL: Series = {
  'up{job="mesos-master",instance="m"}': steady(1),
  'up{job="mesos-agent",instance="a"}': steady(1),
  'process_start_time_seconds{job="mesos-master",instance="m"}': steady(1),
  'mesos_master_elected{instance="m"}': steady(1),
  'mesos_agent_registered{instance="a"}': steady(1),
  'mesos_master_agents_connected{instance="m"}': steady(100),
  'mesos_master_agents_disconnected{instance="m"}': steady(1),
  'mesos_master_framework_subscribed{instance="m",framework_id="1"}': steady(1),
  'mesos_master_tasks_ended_total{instance="m",state="failed"}': `0+4${LONG}`,
  'mesos_master_tasks_ended_total{instance="m",state="finished"}': `0+6${LONG}`,
  'mesos_master_resources_used_ratio{instance="m",resource="mem"}': '0.9+0x60',
  'mesos_master_outstanding_offers{instance="m"}': steady(5),
  'mesos_master_framework_calls_total{instance="m",framework_id="1",type="decline"}': `0+1${LONG}`,
  'mesos_tls_certificate_remaining_seconds{instance="m"}': steady(0),
  'mesos_agent_sandbox_max_age_seconds{instance="a"}': steady(604_800),
  'mesos_registry_queued_operations{instance="m"}': steady(1),
  'mesos_registry_store_duration_seconds_count{instance="m"}': `0+1${LONG}`,
};

const testOf = (series: Series, expr: string, samples: readonly object[]) => ({
  interval: '1m',
  input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
  promql_expr_test: [{ expr, eval_time: '59m', exp_samples: samples }],
});

const wasOn = (alert: string) =>
  `count(max_over_time(ALERTS{alertname="${alert}",alertstate="firing"}[1h])) > bool 0`;

test('each alert has a case, what to do, and is on in it', () => {
  const rules = readFileSync(RULES, 'utf8');
  const names = [...rules.matchAll(/- alert: (\w+)$/gm)].map(([, name]) => name);
  expect(names).toEqual(Object.keys(CASES));
  expect(rules.match(/^ {10}todo: >-$/gm)).toHaveLength(names.length);
  promtool(
    Object.entries(CASES).map(([alert, series]) =>
      testOf(series, wasOn(alert), [{ labels: '{}', value: 1 }]),
    ),
  );
});

test('no alert is on in a cluster that is well', () => {
  promtool([
    testOf(WELL, `count by (alertname) (max_over_time(ALERTS{alertstate="firing"}[1h]))`, []),
  ]);
});

test('promtool finds no fault with the rules', () => {
  const { status, stdout, stderr } = spawnSync(
    'promtool',
    ['check', 'rules', '--lint=all', '--lint-fatal', RULES],
    { encoding: 'utf8' },
  );
  expect(status, stdout + stderr).toBe(0);
});

test('promtool can read all that the dashboard asks', () => {
  const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
    panels: readonly { targets?: readonly { expr: string }[] }[];
  };
  const asked = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  expect(asked.length).toBeGreaterThan(20);
  const rules = asked.map((expr, index) => ({
    record: `asked_${index}`,
    expr: expr.replaceAll('$__rate_interval', '5m').replaceAll('$instance', '.*'),
  }));
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-rules-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'asked.yml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], {
    encoding: 'utf8',
  });
  expect(status, stdout + stderr).toBe(0);
});

function promtool(tests: readonly object[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'mesoscale-rules-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'tests.yml');
  // What is JSON is YAML, too.
  writeFileSync(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '1m', tests }));
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], {
    encoding: 'utf8',
  });
  expect(status, stdout + stderr).toBe(0);
}
