// The znodes of candidates: their names, and what is in them.
import { expect, test } from 'vitest';
import { membersAmong } from '../../../src/coordination/zookeeper/member.ts';
import { leaderIn, memberData } from '../../../src/coordination/zookeeper/member-data.ts';
import type { MasterInfo } from '../../../src/model/generated/messages.ts';
import { encodeMessage } from '../../../src/wire/protobuf.ts';
import { types } from '../../../src/wire/types.ts';

const INFO: MasterInfo = {
  id: '7f1e4d3a-8b1c-4d4e-9d5f-0123456789ab',
  ip: 16_777_343,
  port: 6883,
  pid: 'master@127.0.0.1:6883',
  hostname: 'localhost',
  version: '1.12.0',
  address: { hostname: 'localhost', ip: '127.0.0.1', port: 6883 },
  capabilities: [{ type: 1 }, { type: 2 }, { type: 3 }],
};

test('candidates are in the order of their numbers, and nothing else is one', () => {
  const names = [
    'json.info_0000000012',
    'log_replicas',
    'info_0000000009',
    'json.info_0000000010',
    '0000000001',
    'json.info_x',
    'json.info_0000000002.tmp',
    'x_0000000000',
    'json.info_',
  ];
  expect(membersAmong(names)).toEqual([
    { name: 'info_0000000009', sequence: 9, format: 'protobuf' },
    { name: 'json.info_0000000010', sequence: 10, format: 'json' },
    { name: 'json.info_0000000012', sequence: 12, format: 'json' },
  ]);
});

test('the number of a candidate is one of 32 bits: after the last come negative ones', () => {
  expect(membersAmong(['json.info_2147483647', 'json.info_-2147483648'])[0]?.name).toBe(
    'json.info_-2147483648',
  );
});

test('a candidate writes what Apache Mesos writes, to the byte', () => {
  expect(memberData(INFO).toString()).toBe(
    '{"address":{"hostname":"localhost","ip":"127.0.0.1","port":6883},' +
      '"capabilities":[{"type":"AGENT_UPDATE"},{"type":"AGENT_DRAINING"},{"type":"QUOTA_V2"}],' +
      '"hostname":"localhost","id":"7f1e4d3a-8b1c-4d4e-9d5f-0123456789ab","ip":16777343,' +
      '"pid":"master@127.0.0.1:6883","port":6883,"version":"1.12.0"}',
  );
  const domain = { fault_domain: { zone: { name: 'z"1' }, region: { name: 'r' } } };
  expect(memberData({ ...INFO, domain }).toString()).toContain(
    ',"domain":{"fault_domain":{"region":{"name":"r"},"zone":{"name":"z\\"1"}}},"hostname"',
  );
});

test.each(['json', 'protobuf'] as const)('a leader is read from %s', (format) => {
  const data = format === 'json' ? memberData(INFO) : encodeMessage(types.MasterInfo, INFO);
  expect(leaderIn(data, format)).toEqual({ pid: 'master@127.0.0.1:6883', hostname: 'localhost' });
});

const with_ = (changes: Partial<MasterInfo>) => memberData({ ...INFO, ...changes });

test.each([
  [Buffer.alloc(0), 'json', /^has no MasterInfo: /],
  [Buffer.from('{'), 'json', /^has no MasterInfo: /],
  [Buffer.from('[]'), 'json', 'has no MasterInfo: Expecting a JSON object'],
  [Buffer.from(`${'['.repeat(30_000)}`), 'json', /^has no MasterInfo: .{1,200}$/],
  [Buffer.from('{"pid":"master@127.0.0.1:1"}'), 'json', /^has no MasterInfo: .*Missing required/],
  [Buffer.from('127.0.0.1:5050'), 'protobuf', /^has no MasterInfo: /],
  [Buffer.alloc(1024 * 1024, ' '), 'json', 'has 1048576 bytes, of at most 65536'],
  [with_({ pid: '' }), 'json', 'has no pid, where master@ip:port is expected'],
  [with_({ pid: 'slave@127.0.0.1:1' }), 'json', /^has the pid 'slave@127.0.0.1:1', where/],
  [with_({ pid: 'master@a b:1' }), 'json', /^has the pid 'master@a b:1', where/],
  [with_({ pid: 'master@127.0.0.1:0' }), 'json', /^has the pid/],
  [with_({ pid: `master@${'1'.repeat(9_999)}:1` }), 'json', /^.{200,300}$/],
  [with_({ hostname: 'a'.repeat(256) }), 'json', 'has a host name of 256 characters'],
] as const)('what names no master is told (%#)', (data, format, message) => {
  expect(() => leaderIn(data, format)).toThrow(
    expect.objectContaining({
      code: 'MESOSCALE_MEMBER_DATA',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    }),
  );
});
