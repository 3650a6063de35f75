// Which container has which ports, and who waits for them.
import { expect, test } from 'vitest';
import { portBlocks } from '../../../../src/containerizer/networks/port-mapping/port-blocks.ts';
import { PortClaims } from '../../../../src/containerizer/networks/port-mapping/port-claims.ts';
import { containerId } from '../../../../src/model/ids.ts';

const [a, b] = ['a', 'b'].map(containerId) as [never, never];
const claim = (begin: number, end: number) => {
  const ports = [{ begin, end }];
  return { ports, blocks: portBlocks(ports) };
};

test('ports of a container that keeps them are refused', async () => {
  const claims = new PortClaims({ idleMs: 0, busyMs: 60_000 });
  await claims.take(a, claim(31_000, 31_009));
  await claims.take(b, claim(31_010, 31_019));
  await expect(claims.take(b, claim(31_009, 31_012))).rejects.toThrow(
    'Some ports of [31009-31012] are those of container a',
  );
  await claims.take(a, claim(31_000, 31_005));
  await claims.take(b, claim(31_009, 31_012));
});

test('those of one that has just ended are waited for', async () => {
  const claims = new PortClaims({ idleMs: 60_000, busyMs: 60_000 });
  await claims.take(a, claim(31_000, 31_009));
  const taken = claims.take(b, claim(31_000, 31_009));
  claims.release(a);
  await taken;
});

test('those that one is about to lose are waited for, for longer', async () => {
  const claims = new PortClaims({ idleMs: 0, busyMs: 60_000 });
  await claims.take(a, claim(31_000, 31_009));
  const over = Promise.withResolvers<void>();
  const busy = claims.whileBusy(a, async () => {
    await over.promise;
    claims.set(a, portBlocks([{ begin: 31_000, end: 31_000 }]));
  });
  const taken = claims.take(b, claim(31_001, 31_009));
  over.resolve();
  await Promise.all([busy, taken]);
});

test('nobody waits who is aborted', async () => {
  const claims = new PortClaims({ idleMs: 60_000, busyMs: 60_000 });
  await claims.take(a, claim(31_000, 31_009));
  const abort = new AbortController();
  const taken = claims.take(b, claim(31_000, 31_009), abort.signal);
  abort.abort(new Error('over'));
  await expect(taken).rejects.toThrow('over');
});
