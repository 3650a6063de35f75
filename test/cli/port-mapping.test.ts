// What flags say of port mapping, and what is wrong with it.
import { expect, test } from 'vitest';
import { AGENT_FLAGS } from '../../src/cli/agent/flags.ts';
import { isolatorOptions } from '../../src/cli/agent/isolators.ts';
import { agentResources } from '../../src/cli/agent/machine-resources.ts';
import { portMappingOptions } from '../../src/cli/agent/port-mapping.ts';
import { parseFlags } from '../../src/cli/flags/parse.ts';

const ISOLATION = '--isolation=network/port_mapping';
const RESOURCES = '--resources=ephemeral_ports:[32768-57344]';

function options(...argv: string[]) {
  const { values, faults } = parseFlags(AGENT_FLAGS, {
    argv: [
      ISOLATION,
      ...(argv.some((flag) => flag.startsWith('--resources=')) ? [] : [RESOURCES]),
      ...argv,
    ],
    environment: {},
  });
  faults.end();
  const machine = { cpus: 8, memMb: 4096, diskMb: 50_000 };
  const resources = agentResources(values.resources, values.default_role, machine);
  isolatorOptions(
    values,
    () => resources,
    () => '/agent',
  );
  return portMappingOptions(values, resources);
}

test('without more flags, there are ports and no limits', () => {
  expect(options()).toEqual({
    links: { eth0: undefined, lo: undefined },
    ephemeral: { ranges: [{ begin: 32_768, end: 57_344 }], perContainer: 1024 },
    ports: [{ begin: 31_000, end: 32_000 }],
    cpus: 8,
    linkSpeedBytes: undefined,
    egress: {},
    ingress: {},
    isIngressForAll: true,
    flowParent: undefined,
  });
});

test('all flags', () => {
  const found = options(
    ...['--eth0_name=ens3', '--lo_name=lo', '--ephemeral_ports_per_container=512'],
    ...['--network_link_speed=125MB', '--egress_rate_per_cpu=auto', '--egress_burst=9KB'],
    ...['--minimum_egress_rate_limit=1MB', '--maximum_egress_rate_limit=1MB'],
    ...['--egress_ceil_limit=2MB', '--ingress_rate_per_cpu=3MB', '--ingress_ceil_limit=9MB'],
    ...['--no-ingress_isolate_existing_containers', '--egress_unique_flow_per_container'],
    '--egress_flow_classifier_parent=1f:2',
  );
  const mb = 2 ** 20;
  expect(found).toMatchObject({
    links: { eth0: 'ens3', lo: 'lo' },
    ephemeral: { perContainer: 512 },
    linkSpeedBytes: 125 * mb,
    egress: {
      perCpuBytes: 'auto',
      minimumBytes: mb,
      maximumBytes: mb,
      ceilBytes: 2 * mb,
      burstBytes: 9 * 1024,
    },
    ingress: { perCpuBytes: 3 * mb, ceilBytes: 9 * mb },
    isIngressForAll: false,
    flowParent: '1f:2',
  });
  expect(options('--ingress_rate_limit_per_container=5MB').ingress.perContainerBytes).toBe(5 * mb);
});

test.each([
  ['--ephemeral_ports_per_container=1000', 'for each container (1000) is not a power of 2'],
  ['--ephemeral_ports_per_container=8', 'has only 8 ephemeral ports. The minimum required is: 16'],
  ['--ephemeral_ports_per_container=65536', 'is not a power of 2 up to 32768'],
  ['--egress_flow_classifier_parent=1:2;x', 'expects root, or a class of traffic control such as'],
  ['--ingress_rate_per_cpu=fast', 'expects a size such as 10MB, or auto, got'],
  ['--network_link_speed=0B', 'network_link_speed must be more than 0'],
  ['--resources=ephemeral_ports:7', "'ephemeral_ports' must be ranges within 0-65535"],
  ['--resources=ephemeral_ports:[1-99999]', "'ephemeral_ports' must be ranges within 0-65535"],
])('%s is refused', (flag, text) => {
  expect(() => options(flag)).toThrow(text);
});

test.each(['egress', 'ingress'])('there is one rate of each direction: %s', (direction) => {
  expect(() =>
    options(`--${direction}_rate_limit_per_container=1MB`, `--${direction}_rate_per_cpu=auto`),
  ).toThrow(
    `Cannot specify both --${direction}_rate_limit_per_container and --${direction}_rate_per_cpu`,
  );
  expect(() =>
    options(`--minimum_${direction}_rate_limit=2MB`, `--maximum_${direction}_rate_limit=1MB`),
  ).toThrow(`--minimum_${direction}_rate_limit cannot be greater than --maximum_`);
});

test('what is said of ports that nobody maps is an error', () => {
  const { values } = parseFlags(AGENT_FLAGS, { argv: ['--eth0_name=ens3'], environment: {} });
  expect(() =>
    isolatorOptions(
      values,
      () => [],
      () => '/agent',
    ),
  ).toThrow('--eth0_name needs the isolator network/port_mapping in --isolation');
});
