// What xfs_quota prints, and what an agent says where there is no XFS. How quotas work is shown in
// test/agent-driver/disk-xfs.test.ts, on a machine with XFS.
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { projectsIn, XfsQuota } from '../../../src/containerizer/disks/xfs-quota.ts';

const REPORT = `
#0                   0          0          0     00 [--------]          3          0          0     00 [--------]
#5000           20480      10240      20480     00  [7 days]          1          0          0     00 [--------]
#5001               4          0          0     00 [--none--]         12          0          0     00 [--------]

`;

test('a report names all projects with what they use and may use', () => {
  expect([...projectsIn(REPORT)]).toEqual([
    [0, { usedBytes: 0, softBytes: 0, hardBytes: 0, inodes: 3 }],
    [5000, { usedBytes: 20_971_520, softBytes: 10_485_760, hardBytes: 20_971_520, inodes: 1 }],
    [5001, { usedBytes: 4_096, softBytes: 0, hardBytes: 0, inodes: 12 }],
  ]);
});

test('a folder on another file system is named', () => {
  const programs = { xfsQuota: '/no/such/program', xfsIo: '/no/such/program' };
  expect(() => XfsQuota.of(programs, '/proc/self')).toThrow(
    "'/proc/self' is not on an XFS file system",
  );
  expect(() => XfsQuota.of(programs, tmpdir())).toThrow(tmpdir());
});
