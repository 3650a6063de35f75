// What a session in a container of a test prints, until its end.
import type { LaunchContainer } from '../../src/agent/effects.ts';
import { type ContainerId, containerId } from '../../src/model/ids.ts';
import type { ContainerOutput } from '../../src/runtime/pending-requests.ts';
import type { DriverHarness } from './harness.ts';

/** Rejects where it is refused. */
export async function sessionOutput(
  harness: DriverHarness,
  parent: ContainerId,
  value: string,
  more: Partial<LaunchContainer> = {},
): Promise<string> {
  const output = await new Promise<ContainerOutput>((resolve, reject) => {
    harness.driver.perform({
      type: 'launchContainer',
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
  let text = '';
  for await (const { data } of output) {
    text += Buffer.from(data).toString();
  }
  return text;
}
