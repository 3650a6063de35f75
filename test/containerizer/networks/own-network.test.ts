// The network that tests get for themselves.
import { expect, test } from 'vitest';
import { canMakeNetworks, NetworkNamespace } from '../../support/network-namespace.ts';

test.runIf(canMakeNetworks)('what a test does to its network is its own', async () => {
  await using network = await NetworkNamespace.make();
  await network.shell('ip link add own0 type bridge && mount -t tmpfs tmpfs /mnt');
  expect(await network.run('ip', '-brief', 'link')).toMatch(/^lo .*\nown0 /);
  await expect(network.run('ip', 'link', 'show', 'other0')).rejects.toThrow('does not exist');
  await using other = await NetworkNamespace.make();
  expect(await other.run('ip', '-brief', 'link')).not.toContain('own0');
  expect(await other.run('findmnt', '--noheadings', '/mnt').catch(() => '')).toBe('');
});
