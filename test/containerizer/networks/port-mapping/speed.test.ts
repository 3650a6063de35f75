// Limits of what containers send and receive hold. What is waited for cannot be sooner.
import { expect, test } from 'vitest';
import { canMakeNetworks, NetworkNamespace } from '../../../support/network-namespace.ts';
import { download, serve } from './conversation.ts';
import { MACHINE, namespaceOf, OUTSIDE } from './mapped-machine.ts';

const FUNCTIONS = new URL('./mapped-machine.ts', import.meta.url).href;
const BYTES = 120_000;
const BYTES_A_SECOND = 100_000;
const LEAST_MS = 0.8 * (BYTES / BYTES_A_SECOND) * 1_000;

test.runIf(canMakeNetworks)('a container neither sends nor receives faster', async () => {
  await using machine = await NetworkNamespace.make();
  await machine.shell(MACHINE);
  const limit = { perContainerBytes: BYTES_A_SECOND, minimumBytes: 1 };
  await machine.call(FUNCTIONS, 'attachAll', {
    changes: { egress: limit, ingress: limit },
    containers: [{ id: 'a', begin: 31_000, end: 31_009 }],
  });
  const long = 'x'.repeat(BYTES);
  await using _sender = await serve(machine, namespaceOf('a'), long, [31_000]);
  await using _other = await serve(machine, OUTSIDE, long, [6_000]);
  const took = await Promise.all([
    download(machine, OUTSIDE, '10.9.0.2:31000'),
    download(machine, namespaceOf('a'), '10.9.0.1:6000'),
  ]);
  expect(took.map(({ bytes }) => bytes > BYTES)).toEqual([true, true]);
  expect(took.filter(({ ms }) => ms < LEAST_MS)).toEqual([]);
});
