// The operator, who drains agents, takes them out of offers, declares them gone, and in the end puts
// everything back in order.
import {
  DrainState,
  type MasterCall,
  MasterCall_Type,
} from '../../src/model/generated/messages.ts';
import type { Simulation } from './simulation.ts';

export class Operator {
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  #ask(what: string, call: MasterCall, expected: readonly number[] = [200]): void {
    const { master, checks } = this.#simulation;
    this.#simulation.note('operator', () => what);
    master.operate(call, (status, text) => {
      this.#simulation.note('operator', () => `is answered ${status} ${text ?? ''}`);
      if (!expected.includes(status)) {
        checks.fail(`${what}: ${status} ${text ?? ''}`);
      }
    });
  }

  /** Does something to an agent that the master knows. */
  interfere(): void {
    const { chance, agents } = this.#simulation;
    const id = chance.pick(agents).life?.state.id;
    if (id === undefined) {
      return;
    }
    const agent_id = { value: id };
    const kind = chance.int(0, 9);
    // An agent that has just come or gone may be unknown, or on its way.
    const expected = [200, 400, 404, 409, 503];
    if (kind < 4) {
      const drain_agent = {
        agent_id,
        ...(chance.of(0.5) ? { max_grace_period: { seconds: chance.int(0, 20) } } : {}),
        ...(chance.of(0.2) ? { mark_gone: true } : {}),
      };
      this.#ask(`drains ${id}`, { type: MasterCall_Type.DRAIN_AGENT, drain_agent }, expected);
    } else if (kind < 6) {
      const call = { type: MasterCall_Type.DEACTIVATE_AGENT, deactivate_agent: { agent_id } };
      this.#ask(`deactivates ${id}`, call, expected);
    } else if (kind < 9) {
      const call = { type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent: { agent_id } };
      this.#ask(`reactivates ${id}`, call, expected);
    } else {
      const call = { type: MasterCall_Type.MARK_AGENT_GONE, mark_agent_gone: { agent_id } };
      this.#ask(`declares ${id} gone`, call, expected);
    }
  }

  /** Brings back what is drained or deactivated. */
  reactivateAll(): void {
    const agents = this.#simulation.master.life?.state.agents;
    for (const id of [...(agents?.deactivated ?? [])]) {
      const isDraining = agents?.draining.get(id)?.state === DrainState.DRAINING;
      if (agents?.registered.get(id)?.connected === true && !isDraining) {
        const reactivate_agent = { agent_id: { value: id } };
        const call = { type: MasterCall_Type.REACTIVATE_AGENT, reactivate_agent };
        this.#ask(`reactivates ${id}`, call, [200, 409]);
      }
    }
  }

  /** Frameworks whose schedulers have gone for good, and that a new master cannot know as gone. */
  tearDownForgotten(): void {
    const { frameworks, master } = this.#simulation;
    const living = new Set(
      frameworks.filter(({ phase }) => phase === 'running').map(({ id }) => id),
    );
    for (const { id } of [...(master.life?.state.frameworks.registered.values() ?? [])]) {
      if (!living.has(id)) {
        const teardown = { framework_id: { value: id } };
        this.#ask(`tears down ${id}`, { type: MasterCall_Type.TEARDOWN, teardown });
      }
    }
  }
}
