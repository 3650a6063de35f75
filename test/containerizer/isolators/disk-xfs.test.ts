// Which project of XFS a folder is believed to have.
import { expect, test } from 'vitest';
import { isOwnProject } from '../../../src/containerizer/isolators/disk-xfs.ts';

const ranges = [{ begin: 5_000, end: 5_009 }];

test.each([
  ['a free one of the agent’s', 5_003, true],
  ['none', 0, false],
  ['one of others on the machine', 42, false],
  ['that of another folder, which its owner may have chosen', 5_001, false],
  ['one that another folder has on another disk', 5_002, true],
])('%s', (_, project, isOwn) => {
  const others = [
    { file: '/disk', project: 5_001 },
    { file: '/other', project: 5_002 },
  ];
  expect(isOwnProject({ file: '/disk', project }, ranges, others)).toBe(isOwn);
});
