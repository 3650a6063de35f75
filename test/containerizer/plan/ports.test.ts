import { expect, test } from 'vitest';
import {
  hasPort,
  portsOf,
  portsResource,
  portsText,
  rangesOf,
} from '../../../src/containerizer/plan/ports.ts';
import { Value_Type } from '../../../src/model/generated/messages.ts';

test('all ports of all roles are given', () => {
  const given = portsOf([
    portsResource([{ begin: 1, end: 3 }]),
    { name: 'cpus', type: Value_Type.SCALAR, scalar: { value: 1 } },
    { ...portsResource([{ begin: 7, end: 7 }]), reservations: [{ role: 'kit' }] },
  ]);
  expect([0, 1, 3, 4, 7, 8].filter((port) => hasPort(given, port))).toEqual([1, 3, 7]);
});

test('ports are told as the fewest ranges', () => {
  expect(portsText(rangesOf([5, 3, 4, 9, 3]))).toBe('[3-5, 9-9]');
});
