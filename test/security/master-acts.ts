// What operators, schedulers and agents do to a master, and those who are none of these: mostly
// what they may, often what they may not, sometimes nonsense.
import type { Principal } from '../../src/security/principal.ts';
import { AgentMessageActs } from './master-agent-acts.ts';
import { MasterCast } from './master-cast.ts';
import { OperatorActs } from './master-operator-acts.ts';
import { SchedulerActs } from './master-scheduler-acts.ts';
import { MASTER_NAMES, type MasterSearch } from './master-search.ts';

export class MasterActs {
  readonly #search: MasterSearch;
  readonly #cast: MasterCast;
  readonly #ofAgents: AgentMessageActs;
  readonly #ofOperators: OperatorActs;
  readonly #ofSchedulers: SchedulerActs;

  constructor(search: MasterSearch) {
    this.#search = search;
    this.#cast = new MasterCast(search);
    this.#ofAgents = new AgentMessageActs(this.#cast);
    this.#ofOperators = new OperatorActs(this.#cast);
    this.#ofSchedulers = new SchedulerActs(this.#cast);
  }

  anybody(): Principal | undefined {
    return this.#cast.anybody();
  }

  /** Agents and frameworks that have all they may have, before lists forbid anything. */
  begin(): void {
    for (const [i, agent] of this.#cast.agents.entries()) {
      this.#ofAgents.authenticate(agent, i === 2 ? 'a1' : 'a0');
      this.#ofAgents.register(agent);
    }
    for (let i = 0; i < 3; i++) {
      this.#ofSchedulers.subscribe(this.#ofSchedulers.newScheduler());
    }
    this.#search.advance(1_000);
    for (let i = 0; i < 6; i++) {
      this.#ofSchedulers.accept();
      this.#ofAgents.report();
    }
  }

  act(): void {
    const { chance } = this.#search;
    switch (
      chance.pick([
        ...['accept', 'accept', 'accept', 'call', 'call', 'subscribe'],
        ...['operate', 'operate', 'operate', 'operate', 'watch', 'authenticate', 'register'],
        ...['reregister', 'report', 'report', 'report', 'pretend', 'time', 'time', 'hold', 'leave'],
      ])
    ) {
      case 'accept':
        this.#ofSchedulers.accept();
        break;
      case 'call':
        this.#ofSchedulers.call();
        break;
      case 'subscribe':
        this.#ofSchedulers.subscribe(
          chance.of(0.2) && this.#cast.schedulers.length < 8
            ? this.#ofSchedulers.newScheduler()
            : chance.pick(this.#cast.schedulers),
        );
        break;
      case 'operate':
        this.#ofOperators.operate();
        break;
      case 'watch':
        this.#ofOperators.watch();
        break;
      case 'authenticate':
        this.#ofAgents.authenticate(
          chance.pick(this.#cast.agents),
          chance.pick(MASTER_NAMES.principals),
        );
        break;
      case 'register':
        this.#ofAgents.register(chance.pick(this.#cast.agents));
        break;
      case 'reregister':
        this.#ofAgents.reregister(chance.pick(this.#cast.agents));
        break;
      case 'report':
        this.#ofAgents.report();
        break;
      case 'pretend':
        this.#ofAgents.pretend();
        break;
      case 'time':
        this.#search.advance(chance.pick([1_000, 1_000, 20_000, 90_000]));
        break;
      case 'hold':
        this.#search.hold();
        this.#ofOperators.operate();
        this.#ofSchedulers.accept();
        this.#ofOperators.operate();
        this.#search.release();
        break;
      default:
        this.#ofSchedulers.leave();
    }
  }
}
