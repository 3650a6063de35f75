// Statistics of containers whose ports are mapped. This needs root, and the package iproute2.
import { expect, test } from 'vitest';
import { supervisorProgram } from '../../../../src/containerizer/launchers/process/supervisor-program.ts';
import type { ResourceStatistics } from '../../../../src/model/generated/messages.ts';
import { programs } from '../../../agent-driver/harness.ts';
import { canMakeNetworks, NetworkNamespace } from '../../../support/network-namespace.ts';
import { download, serve } from './conversation.ts';
import { MACHINE, namespaceOf, OUTSIDE } from './mapped-machine.ts';

const here = (file: string) => new URL(file, import.meta.url).href;
const FUNCTIONS = here('./mapped-machine.ts');
const BYTES = 100_000;

test.runIf(canMakeNetworks)('they are what the container sees, at both ends', async () => {
  await using machine = await NetworkNamespace.make();
  await machine.shell(MACHINE);
  const rate = { perContainerBytes: 50_000_000 };
  const records = await machine.call(FUNCTIONS, 'attachAll', {
    changes: { egress: rate, ingress: { ...rate, ceilBytes: 60_000_000, burstBytes: 9_000 } },
    containers: [
      { id: 'sender', begin: 31_000, end: 31_009 },
      { id: 'receiver', begin: 31_010, end: 31_019 },
    ],
  });
  const long = 'x'.repeat(BYTES);
  await using _sender = await serve(machine, namespaceOf('sender'), long, [31_000]);
  await using _outside = await serve(machine, OUTSIDE, long, [6_000]);
  await download(machine, OUTSIDE, '10.9.0.2:31000');
  await download(machine, namespaceOf('receiver'), '10.9.0.1:6000');
  const program = await supervisorProgram(programs);
  const { sender, receiver } = await machine.call<Record<string, ResourceStatistics>>(
    here('./measured-machine.ts'),
    'measured',
    { records, program },
  );
  expect(sender?.net_tx_bytes).toBeGreaterThan(BYTES);
  expect(sender?.net_rx_bytes).toBeLessThan(BYTES / 2);
  expect(receiver?.net_rx_bytes).toBeGreaterThan(BYTES);
  expect(receiver?.net_tx_bytes).toBeLessThan(BYTES / 2);
  expect(receiver).toMatchObject({
    net_ephemeral_ports: { begin: 33_792, end: 34_815 },
    net_tx_rate_limit: 50_000_000,
    net_rx_rate_limit: 50_000_000,
    net_rx_burst_rate_limit: 60_000_000,
    net_rx_burst_size: 9_000,
  });
  const queued = ({ net_traffic_control_statistics: all = [] }: Partial<ResourceStatistics> = {}) =>
    new Map(all.map(({ id, bytes = 0 }) => [id, bytes]));
  expect(queued(sender).get('bw_limit')).toBeGreaterThan(BYTES);
  expect(queued(receiver).get('ingress_bw_limit')).toBeGreaterThan(BYTES);
  expect(queued(receiver).get('bw_limit')).toBeLessThan(BYTES / 2);
});
