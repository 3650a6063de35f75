// What is swept up after a container does not meet another one under its id.
import { expect, test } from 'vitest';
import { Containers } from '../../src/containerizer/containers.ts';
import { containerId } from '../../src/model/ids.ts';

test('a launch waits for what is being done with what an earlier container has left', async () => {
  const containers = new Containers({
    clean: () => Promise.resolve(),
    discard: () => Promise.resolve(),
    warn: (text) => expect.fail(text),
  });
  const id = containerId('c');
  const done: string[] = [];
  const sweeping = Promise.withResolvers<void>();
  const swept = containers.whileGone(id, () =>
    sweeping.promise.then(() => {
      done.push('swept');
    }),
  );
  const launch = containers.launch(
    id,
    { kind: 'standalone', sandbox: 'containers/c', isBound: false, resources: [] },
    {
      abort: new AbortController().signal,
      make: () => Promise.resolve(void done.push('made')),
    },
  );
  sweeping.resolve();
  await Promise.all([swept, launch]);
  expect(done).toEqual(['swept', 'made']);
  await containers.whileGone(id, () => expect.fail('It is there again'));
});
