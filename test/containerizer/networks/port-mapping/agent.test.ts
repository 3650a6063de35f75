// Containers of an agent that maps ports, with an OCI runtime. This needs root.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../agent-driver/harness.ts';
import { canMakeNetworks, NetworkNamespace } from '../../../support/network-namespace.ts';
import { MACHINE } from './mapped-machine.ts';

const FUNCTIONS = new URL('./agent-stories.ts', import.meta.url).href;

describe.runIf(canMakeNetworks)('a container with ports of its own', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let machine: NetworkNamespace;
  beforeEach(async () => {
    folder = temporaryFolder();
    machine = await NetworkNamespace.make();
    await machine.shell(MACHINE);
  });
  afterEach(async () => {
    await machine[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  test('hands them on to the next one as soon as its end is told', async () => {
    const ends = Array.from({ length: 3 }, () => 'Command exited with status 0');
    expect(await machine.call(FUNCTIONS, 'handedOn', folder.path)).toEqual(ends);
  });

  test('keeps them when its agent is killed, and gets more of the next one', async () => {
    expect(await machine.call(FUNCTIONS, 'outlived', folder.path)).toEqual({
      before: true,
      after: 'hello',
      ephemeral: { begin: 32_768, end: 33_791 },
      hasCounted: true,
      left: [],
    });
  });

  test('shares them with what is nested in it', async () => {
    expect(await machine.call(FUNCTIONS, 'pod', folder.path)).toEqual({
      isShared: true,
      isOwn: true,
    });
  });

  test('leaves nothing to an agent that maps no ports', async () => {
    expect(await machine.call(FUNCTIONS, 'outgrown', folder.path)).toEqual([]);
  });
});
