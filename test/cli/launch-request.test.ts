// The task that `mesoscale execute` launches for its flags.
import { expect, test } from 'vitest';
import { EXECUTE_FLAGS } from '../../src/cli/execute/flags.ts';
import { launchRequest } from '../../src/cli/execute/launch-request.ts';
import { parseFlags } from '../../src/cli/flags/parse.ts';
import {
  CapabilityInfo_Capability as Capability,
  ContainerInfo_Type,
  RLimitInfo_RLimit_Type,
} from '../../src/model/generated/messages.ts';

const requested = (...argv: string[]) =>
  launchRequest(
    parseFlags(EXECUTE_FLAGS, {
      argv: ['--master=h:1', '--name=n', '--command=c', ...argv],
      environment: {},
    }).values,
    [],
  );

test('a command asks for a container only where a flag does', () => {
  expect(requested().tasks[0]).not.toHaveProperty('container');
});

test('what confines the command goes into its container', () => {
  const { tasks } = requested(
    '--rlimits={"rlimits":[{"type":"RLMT_NOFILE","soft":1,"hard":2}]}',
    '--effective_capabilities={"capabilities":["NET_RAW"]}',
    '--bounding_capabilities={"capabilities":["NET_RAW","CHOWN"]}',
  );
  expect(tasks[0]?.container).toEqual({
    type: ContainerInfo_Type.MESOS,
    rlimit_info: { rlimits: [{ type: RLimitInfo_RLimit_Type.RLMT_NOFILE, soft: 1, hard: 2 }] },
    linux_info: {
      effective_capabilities: { capabilities: [Capability.NET_RAW] },
      bounding_capabilities: { capabilities: [Capability.NET_RAW, Capability.CHOWN] },
    },
  });
});

test.each([
  ['NET_RAV', "the unknown value 'NET_RAV' in 'capabilities' (did you mean 'NET_RAW'?)"],
  ['FLY', "the unknown value 'FLY' in 'capabilities' (there are UNKNOWN, CHOWN, DAC_OVERRIDE, "],
])('a capability that there is not is named: %s', (name, text) => {
  expect(() => requested(`--effective_capabilities={"capabilities":["${name}"]}`)).toThrow(
    `--effective_capabilities has ${text}`,
  );
});
