import { expect } from 'vitest';
// A task with everything that unversioned endpoints show, and what they show of it.
import {
  type CommandInfo,
  Resource_ReservationInfo_Type as ReservationType,
  type Resource,
  type Task,
  type TaskStatus,
  Value_Type,
} from '../../src/model/generated/messages.ts';
import { jsonValue } from '../../src/wire/json.ts';
import type { MessageType } from '../../src/wire/message-type.ts';
import { types } from '../../src/wire/types.ts';

export const messageJson = (name: keyof typeof types, message: object): unknown =>
  jsonValue<unknown>(types[name] as MessageType<unknown>, message);

/** The same keys in the same order. */
export function expectJson(actual: unknown, expected: unknown): void {
  expect(JSON.stringify(actual, null, 1)).toBe(JSON.stringify(expected, null, 1));
}

export const ATTRIBUTES = [
  { name: 'rack', type: Value_Type.TEXT, text: { value: 'r1' } },
  { name: 'level', type: Value_Type.SCALAR, scalar: { value: 1.23456 } },
  {
    name: 'span',
    type: Value_Type.RANGES,
    ranges: { range: [3, 1].map((begin) => ({ begin, end: begin + 1 })) },
  },
  { name: 'kinds', type: Value_Type.SET, set: { item: ['b', 'a'] } },
];

export const ATTRIBUTES_JSON = { rack: 'r1', level: 1.23456, span: '[3-4, 1-2]', kinds: '{b, a}' };

export const staticallyReserved = (resource: Resource, role: string): Resource => ({
  ...resource,
  reservations: [{ type: ReservationType.STATIC, role }],
});

export const RICH_COMMAND: CommandInfo = {
  shell: false,
  value: '/bin/run',
  arguments: ['run', '-v'],
  environment: { variables: [{ name: 'A', value: '1' }] },
  uris: [{ value: 'http://a/b', executable: true, extract: false }, { value: 'c' }],
};

export const RICH_COMMAND_JSON = {
  shell: false,
  value: '/bin/run',
  argv: ['run', '-v'],
  environment: { variables: [{ name: 'A', type: 'VALUE', value: '1' }] },
  uris: [
    { value: 'http://a/b', executable: true },
    { value: 'c', executable: false },
  ],
};

export const RICH_STATUS = {
  timestamp: 1700000000.25,
  labels: { labels: [{ key: 'k', value: 'v' }] },
  healthy: true,
  container_status: {
    container_id: { value: 'c2', parent: { value: 'c1' } },
    executor_pid: 4711,
    cgroup_info: { net_cls: { classid: 7 } },
    network_infos: [
      { ip_addresses: [{ ip_address: '10.0.0.2' }], labels: { labels: [{ key: 'n' }] } },
      { name: 'net' },
    ],
  },
} satisfies Partial<TaskStatus>;

export const RICH_STATUS_JSON = {
  timestamp: 1700000000.25,
  labels: [{ key: 'k', value: 'v' }],
  container_status: {
    container_id: { value: 'c2', parent: { value: 'c1' } },
    cgroup_info: { net_cls: { classid: 7 } },
    network_infos: [
      {
        ip_addresses: [{ protocol: 'IPv4', ip_address: '10.0.0.2' }],
        labels: [{ key: 'n' }],
      },
      { name: 'net' },
    ],
  },
  healthy: true,
};

export const RICH_TASK = {
  labels: { labels: [{ key: 'tier', value: 'web' }, { key: 'bare' }] },
  discovery: { visibility: 1, name: 'first.example', ports: { ports: [{ number: 80 }] } },
  container: { type: 2, volumes: [{ mode: 1, container_path: '/data' }] },
  health_check: { type: 1, command: { value: 'true' } },
} satisfies Partial<Task>;

export const RICH_TASK_JSON = {
  labels: [{ key: 'tier', value: 'web' }, { key: 'bare' }],
  discovery: { visibility: 'CLUSTER', name: 'first.example', ports: { ports: [{ number: 80 }] } },
  container: { type: 'MESOS', volumes: [{ mode: 'RW', container_path: '/data' }] },
  health_check: {
    delay_seconds: 15,
    interval_seconds: 10,
    timeout_seconds: 20,
    consecutive_failures: 3,
    grace_period_seconds: 10,
    type: 'COMMAND',
    command: { shell: true, value: 'true' },
  },
};
