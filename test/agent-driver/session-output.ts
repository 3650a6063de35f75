// Sessions in containers of tests, and what they print.
import type { LaunchContainer } from '../../src/agent/effects.ts';
import { type ContainerId, containerId } from '../../src/model/ids.ts';
import type { ContainerOutput } from '../../src/runtime/pending-requests.ts';
import type { DriverHarness, Launch } from './harness.ts';

/** In which sessions are, with a variable that they have of it. */
export const SESSION_PARENT: Launch = {
  task: {
    command: {
      value: 'exec sleep 100',
      environment: { variables: [{ name: 'PARENTS', value: 'p' }] },
    },
    resources: [{ name: 'cpus', type: 0, allocation_info: { role: 'r' } }],
  },
};

/** Rejects where it is refused. */
export const openSession = (
  harness: DriverHarness,
  parent: ContainerId,
  value: string,
  more: Partial<LaunchContainer> = {},
): Promise<ContainerOutput> =>
  new Promise((resolve, reject) => {
    harness.driver.perform({
      type: 'launchContainer',
      permission: undefined,
      request: harness.requests.add({
        reply: (status, text) => reject(new Error(`Answered ${status}: ${text}`)),
        sendOutput: resolve,
      }),
      containerId: containerId(`${parent}.s1`),
      command: { value },
      resources: [],
      isSession: true,
      ...more,
    });
  });

/** What it prints until its end. */
export async function sessionOutput(...session: Parameters<typeof openSession>): Promise<string> {
  const output = await openSession(...session);
  let text = '';
  for await (const { data } of output) {
    text += Buffer.from(data).toString();
  }
  return text;
}
