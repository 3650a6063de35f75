// An agent with authentication and random ACLs, of which everybody asks for anything: its master
// and those who pretend to be it, executors with their own tokens and with those of others, and
// operators (agent-acts.ts). What it is told changes only what the sender has a say in, what it
// does to containers and images has somebody with the right to it, what it shows is what the reader
// may see, and refusals are in the audit log.
import type { AgentEffect } from '../../src/agent/effects.ts';
import type { AgentEvent } from '../../src/agent/events.ts';
import { createViews } from '../../src/agent/views/views.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import type { Action, Authorizer } from '../../src/security/authorizer.ts';
import { executorAuthorizer } from '../../src/security/executor-authorizer.ts';
import type { Principal } from '../../src/security/principal.ts';
import { World } from '../agent/harness.ts';
import { type JsonAcls, ReferenceAuthorizer } from '../oracle/authorizer.ts';
import { Chance } from '../simulation/chance.ts';
import { AgentActs } from './agent-acts.ts';
import { type Asked, mayChange, mayDoEffect } from './agent-authority.ts';
import { agentFacts } from './agent-facts.ts';
import { AgentSight } from './agent-sight.ts';
import { must, shown } from './breach.ts';
import { Canaries } from './canaries.ts';
import { type Names, randomAcls } from './random-acls.ts';
import { agentReadings } from './readings.ts';

const STEPS = 80;

export const AGENT_NAMES: Names = {
  principals: ['p0', 'p1', 'p2'],
  users: ['ua', 'ub', 'uc'],
  roles: ['qra', 'qrb', 'qra/x'],
};

/** Throws a Breach. The same seed does the same. */
export function searchAgent(seed: number): void {
  const search = new AgentSearch(seed);
  search.acts.begin();
  for (let i = 0; i < STEPS; i++) {
    search.acts.act();
    if (i === 4 || search.chance.of(0.05)) {
      search.exchange();
    }
    if (search.chance.of(0.1)) {
      search.read();
    }
  }
}

export class AgentSearch {
  readonly chance: Chance;
  readonly world: World;
  readonly canaries = new Canaries(AGENT_NAMES.roles);
  readonly acts: AgentActs;
  #acls: JsonAcls = { permissive: true };
  #reference = new ReferenceAuthorizer(this.#acls);
  #authorizer: Authorizer = aclAuthorizer(parseAcls(this.#acls));
  #denied: { readonly principal: Principal | undefined; readonly action: Action }[] = [];

  constructor(seed: number) {
    this.chance = new Chance(seed);
    this.world = new World({
      authorizer: executorAuthorizer(this.#asked()),
      isAudited: true,
      authenticateExecutors: true,
    });
    this.acts = new AgentActs(this);
  }

  #asked(): Authorizer {
    return {
      authorize: (principal, action, object) => {
        const allowed = this.#authorizer.authorize(principal, action, object);
        const expected = this.#reference.authorize(principal, action, object);
        must(allowed === expected, () => {
          return `${allowed} where Mesos decides ${expected}: ${shown({ principal, action, object })}`;
        });
        if (!allowed && !READS.test(action)) {
          this.#denied.push({ principal, action });
        }
        return allowed;
      },
      explain: (principal, action, object) =>
        this.#authorizer.explain?.(principal, action, object) ?? '',
    };
  }

  /** Other ACLs are in force from now on. */
  exchange(): void {
    this.#acls = randomAcls(this.chance, AGENT_NAMES, this.chance.pick([0.1, 0.3, 0.6]));
    this.#reference = new ReferenceAuthorizer(this.#acls);
    this.#authorizer = aclAuthorizer(parseAcls(this.#acls));
  }

  /** Something happens, and nothing else may. */
  send(event: Omit<AgentEvent, 'nowMs'>): readonly AgentEffect[] {
    return this.#watch(event, () => this.world.send(event as Parameters<World['send']>[0]));
  }

  pass(ms: number): void {
    this.#watch({ type: 'timer' }, () => this.world.pass(ms));
  }

  #watch(event: Pick<AgentEvent, 'type'>, happen: () => void): readonly AgentEffect[] {
    const { world } = this;
    world.effects = [];
    this.#denied = [];
    const before = agentFacts(world.agent);
    const asked: Asked = {
      event: event as Asked['event'],
      reference: this.#reference,
      agent: world.agent,
      executors: new Map(world.agent.containers),
      master: world.agent.master,
    };
    happen();
    const after = agentFacts(world.agent);
    const say = (what: unknown) => () =>
      `nobody may make ${shown(what)}: ${shown(event)} ${shown(this.#acls)}`;
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      const change = { key, before: before.get(key), after: after.get(key) };
      must(change.before === change.after || mayChange(change, asked), say(change));
    }
    const { effects } = world;
    for (const effect of effects) {
      must(mayDoEffect(effect, asked), say(effect));
    }
    for (const { principal, action } of this.#denied) {
      const isTold = effects.some(
        (it) =>
          it.type === 'audit' &&
          !it.entry.allowed &&
          it.entry.action === action &&
          it.entry.principal === principal?.value,
      );
      must(
        isTold,
        () => `the log lacks a denied ${action} of ${shown(principal)}: ${shown(event)}`,
      );
    }
    return effects;
  }

  /** Somebody reads everything. */
  read(): void {
    const principal = this.acts.anybody();
    const authorizer: Authorizer = {
      authorize: (_, action, object) => this.#authorizer.authorize(principal, action, object),
    };
    const views = createViews(this.world.agent, (_, message) => message);
    for (const [name, text] of agentReadings(views, authorizer)) {
      const sight = new AgentSight(this.world.agent, {
        principal,
        reference: this.#reference,
        by: BY[name] ?? 'VIEW',
      });
      this.canaries.check(text, name, sight);
    }
  }
}

const READS = /^(VIEW|GET|ACCESS)_/;

/** Readings of containers and files have actions of their own. */
const BY: Readonly<Record<string, 'VIEW_CONTAINER' | 'ACCESS_SANDBOX'>> = {
  '/containers': 'VIEW_CONTAINER',
  GET_CONTAINERS: 'VIEW_CONTAINER',
  '/files/debug': 'ACCESS_SANDBOX',
};
