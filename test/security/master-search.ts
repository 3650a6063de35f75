// A small cluster with authentication and random ACLs, in which everybody asks for anything: whose
// right it is, whose it is not, and those who pretend (master-acts.ts). After each event every
// change of the master's state has somebody who had the right to it; no answer and no event shows a
// planted name to who may not see it; and every refusal is in the audit log.
import type { MasterEffect } from '../../src/master/effects.ts';
import type { MasterEvent } from '../../src/master/events.ts';
import type { MasterTimer } from '../../src/master/timers.ts';
import type { StreamId } from '../../src/model/ids.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import type { Action, AuthorizationObject, Authorizer } from '../../src/security/authorizer.ts';
import type { Principal } from '../../src/security/principal.ts';
import { jsonValue } from '../../src/wire/json.ts';
import { type MessageType, types } from '../../src/wire/types.ts';
import { type Untimed, World } from '../master/harness.ts';
import { type JsonAcls, ReferenceAuthorizer } from '../oracle/authorizer.ts';
import { Chance } from '../simulation/chance.ts';
import { must, shown } from './breach.ts';
import { Canaries } from './canaries.ts';
import { MasterActs } from './master-acts.ts';
import { type Cause, isAuthorized } from './master-authority.ts';
import { changesOf, type Facts, factsOf } from './master-facts.ts';
import { checkOwn, MasterSight } from './master-sight.ts';
import { type Names, randomAcls } from './random-acls.ts';
import { masterReadings, textOf } from './readings.ts';

const STEPS = 60;

export const MASTER_NAMES: Names = {
  principals: ['p0', 'p1', 'p2', 'a0', 'a1'],
  users: ['ua', 'ub', 'uc'],
  roles: ['qra', 'qrb', 'qra/x', 'qra/x/y', 'qrab'],
};

/** Throws a Breach. The same seed does the same. */
export function searchMaster(seed: number): void {
  const search = new MasterSearch(seed);
  search.acts.begin();
  search.exchange();
  for (let i = 0; i < STEPS; i++) {
    search.acts.act();
    if (search.chance.of(0.1)) {
      search.exchange();
    }
    if (search.chance.of(0.15)) {
      search.read();
    }
  }
}

/** What a secret's owner makes of a challenge; nobody else can. */
export const proofOf = (principal: string, challenge: string) => `${principal} of ${challenge}`;

export class MasterSearch {
  readonly chance: Chance;
  readonly world: World;
  readonly canaries = new Canaries(MASTER_NAMES.roles);
  readonly acts: MasterActs;
  /** As whom each pid has authenticated. */
  readonly proved = new Map<string, string>();
  readonly #readers = new Map<StreamId, Principal | undefined>();
  #acls: JsonAcls = { permissive: true };
  #reference = new ReferenceAuthorizer(this.#acls);
  #authorizer = aclAuthorizer(parseAcls(this.#acls));
  #facts: Facts = new Map();
  #causes: Cause[] = [];
  #denied: { readonly principal: Principal | undefined; readonly action: Action }[] = [];
  /** Whoever may see what the master has streamed during the event. */
  #streamed: MasterEffect[] = [];

  constructor(seed: number) {
    this.chance = new Chance(seed);
    const { principals } = MASTER_NAMES;
    this.world = new World(
      {
        authorizer: this.#asked(),
        isAudited: true,
        authenticateAgents: this.chance.of(0.7),
        verifier: {
          isKnown: (principal) => principals.includes(principal),
          isProof: (principal, challenge, digest) =>
            principals.includes(principal) &&
            digest === proofOf(principal, challenge).replaceAll(' ', '+'),
          sharedKey: () => undefined,
        },
        jsonOf: (type, message) => jsonValue(types[type] as MessageType<object>, message as object),
      },
      {
        onEffect: (effect) => {
          this.#streamed.push(effect);
        },
      },
    );
    this.acts = new MasterActs(this);
    this.#facts = factsOf(this.world.master);
  }

  /** Asks ours and Mesos's, and keeps what is denied. */
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
    if (this.#causes.length === 0) {
      this.#acls = randomAcls(this.chance, MASTER_NAMES, this.chance.pick([0.1, 0.3, 0.6]));
      this.#reference = new ReferenceAuthorizer(this.#acls);
      this.#authorizer = aclAuthorizer(parseAcls(this.#acls));
      // What readers were shown first was by other lists.
      this.world.master.snapshot = undefined;
    }
  }

  /** Something happens, and nothing else may. */
  dispatch(event: Untimed<MasterEvent>): void {
    if (event.type === 'linkLost') {
      // What a process has proved ends with its connection.
      const { address } = event as { address: string };
      for (const pid of [...this.proved.keys()].filter((it) => it.endsWith(`@${address}`))) {
        this.proved.delete(pid);
      }
    }
    this.#cause(event);
    this.#watch(event, () => this.world.dispatch(event));
  }

  advance(ms: number): void {
    const event = { type: 'timer', timer: 'allocate' as MasterTimer } as const;
    this.#cause(event);
    this.#watch(event, () => this.world.advance(ms));
  }

  /** The registry's disk is slow from now on, or as fast as ever. */
  hold(): void {
    this.world.commitsAtOnce = false;
  }

  release(): void {
    this.world.commitsAtOnce = true;
    this.#watch({ type: 'timer', timer: 'allocate' }, () => this.world.commit());
  }

  #cause(event: Untimed<MasterEvent>): void {
    const from = event.type === 'agentMessage' ? (event as { from: string }).from : '';
    this.#causes.push({
      event: event as Cause['event'],
      reference: this.#reference,
      proved: this.proved.get(from),
      authenticateAgents: this.world.options.authenticateAgents,
      facts: this.#facts,
    });
  }

  #watch(event: Untimed<MasterEvent>, happen: () => void): void {
    this.#denied = [];
    this.#streamed = [];
    const { audited } = this.world;
    const audits = audited.length;
    happen();
    const after = factsOf(this.world.master);
    const changes = changesOf(this.#facts, after);
    for (const change of changes) {
      must(
        this.#causes.some((cause) => isAuthorized(change, cause, changes)),
        () => {
          const causes = this.#causes.map(({ event: by, proved }) => ({ proved, ...by }));
          return `nobody may make the change ${shown(change)} ${shown(causes)} ${shown(this.#acls)}`;
        },
      );
    }
    this.#facts = after;
    if (this.world.commitsAtOnce) {
      this.#causes = [];
    }
    const told = audited.slice(audits).map(({ entry }) => entry);
    for (const { principal, action } of this.#denied) {
      const isTold = told.some(
        (it) => !it.allowed && it.action === action && it.principal === principal?.value,
      );
      must(
        isTold,
        () => `the log lacks a denied ${action} of ${shown(principal)}: ${shown(event)}`,
      );
    }
    this.#checkStreams(event);
    must(this.world.aborted === undefined, () => `the master ends: ${this.world.aborted}`);
  }

  #checkStreams(event: Untimed<MasterEvent>): void {
    for (const effect of this.#streamed) {
      if (effect.type === 'openStream' && event.type === 'operatorCall') {
        this.#readers.set(effect.stream, (event as { principal?: Principal }).principal);
      } else if (effect.type === 'sendToOperator') {
        const sight = this.#sight(this.#readers.get(effect.stream));
        this.canaries.check(textOf(effect.event), `event ${effect.event.type}`, sight);
      } else if (effect.type === 'sendToFramework' && effect.to.kind === 'stream') {
        const { master } = this.world;
        const framework = master.frameworks.byStream.get(effect.to.id);
        if (framework !== undefined) {
          checkOwn(master, { text: textOf(effect.event), framework, said: textOf(event) });
        }
      }
    }
    this.#streamed = [];
  }

  #sight(
    principal: Principal | undefined,
    seesRole?: ((role: string) => boolean) | undefined,
  ): MasterSight {
    return new MasterSight(this.world.master, { principal, reference: this.#reference, seesRole });
  }

  /** Somebody reads everything. */
  read(): void {
    const principal = this.acts.anybody();
    const authorizer: Authorizer = {
      authorize: (_, action, object) => this.#authorizer.authorize(principal, action, object),
    };
    for (const [name, text] of masterReadings(this.world.views, authorizer)) {
      this.canaries.check(text, name, this.#sight(principal));
    }
    const { views } = this.world;
    const viewer = { principal, authorizer };
    const ofQuotas = this.#sight(
      principal,
      (value) =>
        this.#may(principal, 'GET_QUOTA', { value }) ||
        this.#may(principal, 'VIEW_ROLE', { value }),
    );
    for (const [name, value] of [
      ['/quota', views.quota(viewer)],
      ['/registry', views.registry(viewer)],
      ['/maintenance/schedule', views.maintenanceSchedule(viewer)],
      ['/maintenance/status', views.maintenanceStatus(viewer)],
    ] as const) {
      this.canaries.check(textOf(value), name, ofQuotas);
    }
  }

  #may(principal: Principal | undefined, action: Action, object: AuthorizationObject): boolean {
    return this.#reference.authorize(principal, action, object);
  }
}

const READS = /^(VIEW|GET|ACCESS)_/;
