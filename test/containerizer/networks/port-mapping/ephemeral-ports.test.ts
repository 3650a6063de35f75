// Which ephemeral ports containers get.
import { expect, test } from 'vitest';
import {
  EphemeralPorts,
  ephemeralObjection,
} from '../../../../src/containerizer/networks/port-mapping/ephemeral-ports.ts';
import { containerId } from '../../../../src/model/ids.ts';

const [a, b, c] = ['a', 'b', 'c'].map(containerId) as [never, never, never];
const ranges = [{ begin: 32_000, end: 34_900 }];

test('ranges begin at a multiple of their size, and are used in turn', () => {
  const ports = new EphemeralPorts({ ranges, perContainer: 1024 });
  expect(ports.take(a)).toEqual({ begin: 32_768, size: 1024 });
  expect(ports.take(b)).toEqual({ begin: 33_792, size: 1024 });
  expect(ports.count).toBe(2);
  expect(ports.take(c)).toBeUndefined();
  ports.release(a);
  ports.release(b);
  expect(ports.take(c)).toEqual({ begin: 32_768, size: 1024 });
  expect(ports.take(b)).toEqual({ begin: 33_792, size: 1024 });
});

test('what a container of an earlier agent has is not given to another', () => {
  const ports = new EphemeralPorts({ ranges, perContainer: 1024 });
  ports.adopt(a, { begin: 33_280, size: 256 });
  expect(ports.holderOf({ begin: 33_024, size: 512 })).toBe(a);
  expect(ports.take(b)).toEqual({ begin: 33_792, size: 1024 });
  expect(ports.take(c)).toBeUndefined();
});

const others = {
  offered: [{ begin: 31_000, end: 31_999 }],
  ofMachine: [{ begin: 57_345, end: 61_000 }],
};

test.each([
  ['none', [], 1024, /^Ephemeral ports are not specified/],
  ['those that are offered', [{ begin: 30_000, end: 33_000 }], 16, /non-ephemeral ports \[31000-/],
  ['well known ones', [{ begin: 1_000, end: 4_000 }], 16, /intersect with well known ports \[0-10/],
  [
    'those of the machine',
    [{ begin: 60_000, end: 62_000 }],
    16,
    /used by the host \[57345-61000\], which the sysctl net\.ipv4\.ip_local_port_range sets$/,
  ],
  ['too few', [{ begin: 32_768, end: 33_000 }], 1024, /of size: 233, but asked to allocate 1024 /],
  ['no aligned range', [{ begin: 32_769, end: 34_000 }], 1024, /from a multiple of that on$/],
])('refused: %s', (_, given, perContainer, text) => {
  expect(ephemeralObjection({ ranges: given, perContainer }, others)).toMatch(text);
});

test('as Mesos’s documentation has them', () => {
  const given = [{ begin: 32_768, end: 57_344 }];
  expect(ephemeralObjection({ ranges: given, perContainer: 512 }, others)).toBeUndefined();
});
