import { expect, test } from 'vitest';
import { rotatedIn, rotations } from '../../../src/cli/operate/files/rotation.ts';

const file = (path: string, size: number, seconds = 1) => ({
  path: `/sandbox/${path}`,
  size,
  mtime: { nanoseconds: BigInt(seconds) * 1_000_000_000n },
});

test('rotated files are those with numbers, from 1 on', () => {
  const files = [file('stdout', 1), file('stdout.2', 20), file('stdout.1', 10)];
  const others = [file('stdout.4', 40), file('stdout.old', 5), file('stdout.01', 5)];
  expect(rotatedIn([...files, ...others], 'stdout')).toEqual(['10 1000000000', '20 1000000000']);
  expect(rotatedIn(files, 'stderr')).toEqual([]);
});

test('how often a file was rotated is known by where the newest one is now', () => {
  expect(rotations([], [])).toEqual({ times: 0, isLost: false });
  expect(rotations([], ['a'])).toEqual({ times: 1, isLost: false });
  expect(rotations(['b', 'a'], ['b', 'a'])).toEqual({ times: 0, isLost: false });
  expect(rotations(['b', 'a'], ['d', 'c', 'b'])).toEqual({ times: 2, isLost: false });
  expect(rotations(['b', 'a'], ['f', 'e', 'd'])).toEqual({ times: 3, isLost: true });
});
