import { expect, test } from 'vitest';
import { capabilitiesOf, maskOf } from '../../../src/containerizer/plan/capabilities.ts';
import { CapabilityInfo_Capability as Capability } from '../../../src/model/generated/messages.ts';

const info = (...names: (keyof typeof Capability)[]) => ({
  capabilities: names.map((name) => Capability[name]),
});

test('a container that asks for nothing is as the operator says', () => {
  expect(capabilitiesOf({}, {})).toBeUndefined();
  const bounding = info('NET_RAW', 'CHOWN');
  expect(capabilitiesOf({}, { bounding })).toEqual({
    bounding: new Set(['NET_RAW', 'CHOWN']),
    effective: undefined,
  });
  expect(capabilitiesOf({}, { bounding, effective: info('CHOWN') })).toEqual({
    bounding: new Set(['NET_RAW', 'CHOWN']),
    effective: new Set(['CHOWN']),
  });
});

test('what a container has it can have, and no more, where nobody says what it can have', () => {
  const expected = { bounding: new Set(['NET_RAW']), effective: new Set(['NET_RAW']) };
  expect(capabilitiesOf({ effective_capabilities: info('NET_RAW') }, {})).toEqual(expected);
  expect(capabilitiesOf({ capability_info: info('NET_RAW') }, {})).toEqual(expected);
  expect(capabilitiesOf({}, { effective: info('NET_RAW') })).toEqual(expected);
  expect(capabilitiesOf({ effective_capabilities: {} }, {})).toEqual({
    bounding: new Set(),
    effective: new Set(),
  });
});

test.each([
  [
    { effective_capabilities: info('SYS_ADMIN', 'CHOWN'), bounding_capabilities: info('CHOWN') },
    {},
    "Requested capabilities '{ CHOWN, SYS_ADMIN }', but only '{ CHOWN }' are allowed",
  ],
  [
    { effective_capabilities: info('SYS_TIME') },
    { bounding: info('NET_RAW', 'KILL') },
    "Requested capabilities '{ SYS_TIME }', but only '{ KILL, NET_RAW }' are allowed",
  ],
  [
    { bounding_capabilities: info('SYS_TIME') },
    { bounding: info('KILL') },
    "Requested bounding capabilities '{ SYS_TIME }', but only '{ KILL }' are allowed",
  ],
  [
    { bounding_capabilities: {} },
    { bounding: info('KILL'), effective: info('KILL') },
    "Requested capabilities '{ KILL }', but only '{}' are allowed",
  ],
  [
    { effective_capabilities: info('CHOWN'), capability_info: info('CHOWN') },
    {},
    "Only one of 'capability_info' and 'effective_capabilities' can be set",
  ],
  [{ effective_capabilities: info('UNKNOWN') }, {}, 'Unknown capability'],
])('%o is refused', (asked, defaults, text) => {
  expect(() => capabilitiesOf(asked, defaults)).toThrow(text);
});

test('the kernel has a bit for each', () => {
  expect(maskOf(new Set(['CHOWN', 'NET_RAW', 'CHECKPOINT_RESTORE']))).toBe(0x10000002001n);
});
