// What the page says a task was asked to be.
import { expect, test } from 'vitest';
import { TaskState, Volume_Mode } from '../../src/model/generated/messages.ts';
import {
  addressWords,
  checkWords,
  healthWords,
  limitWords,
  portWords,
  volumeWords,
} from '../../src/webui/words/task-facts.ts';

test('volumes tell where they come from', () => {
  const at = { container_path: '/data', mode: Volume_Mode.RW };
  expect(volumeWords(at)).toBe('/data');
  expect(volumeWords({ ...at, host_path: '/srv', mode: Volume_Mode.RO })).toBe(
    '/data from /srv, read only',
  );
  expect(volumeWords({ ...at, source: { host_path: { path: '/srv' } } })).toBe('/data from /srv');
  const sandbox_path = { type: 2, path: 'shared' } as const;
  expect(volumeWords({ ...at, source: { sandbox_path } })).toBe(
    '/data from shared in the sandbox of its executor',
  );
  expect(volumeWords({ ...at, source: { docker_volume: { name: 'v', driver: 'nfs' } } })).toBe(
    '/data from volume v of nfs',
  );
  expect(volumeWords({ ...at, source: { type: 3 } })).toBe('/data');
});

test('ports, limits and addresses are told as they are', () => {
  const ports = [{ number: 80, protocol: 'tcp', name: 'http' }, { number: 53 }];
  expect(portWords({ discovery: { ports: { ports } } })).toEqual(['80/tcp http', '53']);
  expect(portWords({})).toEqual([]);
  const limits = { cpus: { value: 0.5 }, mem: { value: Number.POSITIVE_INFINITY } };
  expect(limitWords({ limits })).toEqual(['0.5 CPUs', 'memory without a limit']);
  const statuses = [
    { container_status: { network_infos: [{ ip_addresses: [{ ip_address: '10.0.0.1' }] }] } },
    {
      container_status: {
        network_infos: [
          {
            ...{ name: 'net', ip_addresses: [{ ip_address: '10.0.0.2' }] },
            port_mappings: [{ host_port: 31000, container_port: 80 }],
          },
        ],
      },
    },
    { state: TaskState.TASK_RUNNING },
  ];
  expect(addressWords({ statuses })).toEqual(['10.0.0.2 in net', 'port 31000 leads to 80']);
});

test('checks tell what they look at, and what they have found', () => {
  expect(healthWords({ http: { port: 80, path: '/up' } }, true)).toBe(
    'healthy; by HTTP at port 80/up, every 10 s',
  );
  expect(healthWords({ tcp: { port: 80 }, interval_seconds: 2 }, undefined)).toBe(
    'not known yet; by a connection to port 80, every 2 s',
  );
  expect(healthWords({ command: { arguments: ['a', 'b'] } }, false)).toContain('command a b');
  expect(checkWords({ command: { exit_code: 0 } })).toBe('the check’s command ended with 0');
  expect(checkWords({ http: { status_code: 503 } })).toBe('the check got 503');
  expect(checkWords({ tcp: { succeeded: false } })).toBe('the check could not connect');
  expect(checkWords({ tcp: {} })).toBeUndefined();
});
