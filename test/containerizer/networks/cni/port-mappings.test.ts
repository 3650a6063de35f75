// Who has a port of the machine, when several want it.
import { expect, test } from 'vitest';
import { MappedPorts } from '../../../../src/containerizer/networks/cni/port-mappings.ts';
import { containerId } from '../../../../src/model/ids.ts';

const NEVER = new AbortController().signal;
const one = containerId('c1');
const other = containerId('c2');
const third = containerId('c3');
const networks = [{ name: 'n', port_mappings: [{ host_port: 31_000, container_port: 80 }] }];

const LONG_MS = 3_600_000;

function taken() {
  const ports = new MappedPorts(LONG_MS);
  ports.recover(one, networks);
  return ports;
}

test('a container waits for one that is about to be detached, or is', async () => {
  const ports = taken();
  const before = ports.take(other, networks, NEVER);
  ports.leave(one);
  ports.release(one, networks);
  await before;
  ports.leave(other);
  const during = ports.take(third, networks, NEVER);
  ports.release(other, networks);
  await during;
});

test('however long that takes, but not for one that goes on', async () => {
  const ports = new MappedPorts(0);
  ports.recover(one, networks);
  await expect(ports.take(other, networks, NEVER)).rejects.toThrow(
    'Failed to map ports of container c2: host port 31000/tcp is mapped to container c1',
  );
  ports.leave(one);
  const waiting = ports.take(other, networks, NEVER);
  // It could not be detached, and has the port as before.
  ports.recover(one, networks);
  await expect(waiting).rejects.toThrow('is mapped to container c1');
});

test('of several that wait one gets it', async () => {
  const ports = new MappedPorts(0);
  ports.recover(one, networks);
  ports.leave(one);
  const waiting = [other, third].map((id) => ports.take(id, networks, NEVER));
  ports.release(one, networks);
  const [first, second] = await Promise.allSettled(waiting);
  expect(first?.status).toBe('fulfilled');
  expect(second).toMatchObject({
    reason: { message: expect.stringContaining('is mapped to container c2') },
  });
});

test('until it is not wanted any more', async () => {
  const ports = taken();
  ports.leave(one);
  const abort = new AbortController();
  const waiting = ports.take(other, networks, abort.signal);
  abort.abort(new Error('not wanted'));
  await expect(waiting).rejects.toThrow('not wanted');
});
