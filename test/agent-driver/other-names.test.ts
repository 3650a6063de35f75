// Users with several names: what allowed a launch by a call of the API is asked about each of them.
// That a machine's users have other names is a matter of test/containerizer/host/users.test.ts.
import { expect, test } from 'vitest';
import type { LaunchContainer } from '../../src/agent/effects.ts';
import { ContainerCalls } from '../../src/agent-driver/container-calls.ts';
import type { Containerizer } from '../../src/containerizer/containerizer.ts';
import type { LaunchOptions } from '../../src/containerizer/launch-steps.ts';
import type { RunRecords } from '../../src/containerizer/records/run-records.ts';
import { containerId, requestId } from '../../src/model/ids.ts';

const permission = {
  principal: { value: 'p' },
  call: 'LAUNCH_CONTAINER',
  origin: '10.0.0.9',
  action: 'LAUNCH_NESTED_CONTAINER',
  object: { command: { value: 'x', user: 'alias' } },
} as const;

test.each([[false], [true]])('a launch asks about them (session: %s)', async (isSession) => {
  const found: (boolean | undefined)[] = [];
  const containerizer = {
    containers: { verdict: () => 'launch', get: () => undefined },
    surroundings: async () => undefined,
    launch: async (_: unknown, { mayRunAs }: LaunchOptions) => {
      found.push(mayRunAs?.('nobody'), mayRunAs?.('somebody'));
      return { begun: Promise.resolve(), release: () => {}, destroy: () => {} };
    },
  };
  const calls = new ContainerCalls(
    containerizer as unknown as Containerizer,
    { folder: () => '/nonexistent' } as unknown as RunRecords,
    {
      destroyRun: () => {},
      mayLaunchAs: (asked, user) => asked === permission && user !== 'nobody',
    },
  );
  const effect: LaunchContainer = {
    type: 'launchContainer',
    request: requestId('r'),
    containerId: containerId('a.b'),
    resources: [],
    isSession,
    user: 'alias',
    permission,
  };
  await calls.launch(effect, undefined).catch(() => {});
  expect(found).toEqual([false, true]);
});
