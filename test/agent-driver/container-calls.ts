// Calls of the API about containers, as the agent hands them to the driver of a test.
import type { LaunchContainer } from '../../src/agent/effects.ts';
import type { AgentResponse } from '../../src/model/generated/messages.ts';
import { containerId } from '../../src/model/ids.ts';
import type { DriverHarness } from './harness.ts';

export type Answer = { readonly status: number; readonly text?: string } | AgentResponse;

type Effect = Parameters<DriverHarness['driver']['perform']>[0];

export class ContainerCalls {
  readonly #harness: DriverHarness;

  constructor(harness: DriverHarness) {
    this.#harness = harness;
  }

  launch(id: string, value: string, more: Partial<LaunchContainer> = {}): Promise<Answer> {
    return this.#ask({
      type: 'launchContainer',
      permission: undefined,
      containerId: containerId(id),
      command: { value },
      resources: [],
      ...more,
    });
  }

  /** The answer's own part, where there is one. */
  async wait(id: string) {
    const call = 'WAIT_CONTAINER';
    const answer = await this.#ask({ type: 'waitContainer', containerId: containerId(id), call });
    return 'wait_container' in answer ? answer.wait_container : answer;
  }

  kill(id: string, signal = 9): Promise<Answer> {
    return this.#ask({ type: 'killContainer', containerId: containerId(id), signal });
  }

  remove(id: string): Promise<Answer> {
    return this.#ask({ type: 'removeContainer', containerId: containerId(id) });
  }

  #ask(effect: object): Promise<Answer> {
    return new Promise((resolve) => {
      const request = this.#harness.requests.add({
        reply: (status, text) => resolve(text === undefined ? { status } : { status, text }),
        respond: resolve,
      });
      this.#harness.driver.perform({ ...effect, request } as Effect);
    });
  }
}
