// Random ACLs and random questions: our authorizer decides as the one of test/oracle, which is
// written from Mesos's rules. ACLs that somebody has changed in any way are refused with a reason,
// or mean to us what they mean to Mesos.
import { TextError } from '../../src/model/value-text.ts';
import { aclAuthorizer, parseAcls } from '../../src/security/acls.ts';
import type { Action, Authorizer } from '../../src/security/authorizer.ts';
import { executorAuthorizer } from '../../src/security/executor-authorizer.ts';
import {
  ACTIONS,
  type JsonAcls,
  LISTS,
  ReferenceAuthorizer,
  UNDER_PARENT,
} from '../oracle/authorizer.ts';
import { Chance } from '../simulation/chance.ts';
import { must, shown } from './breach.ts';
import { changed, randomAcls, randomObject, randomPrincipal } from './random-acls.ts';

const QUESTIONS = 100;
const CHANGES = 12;
/** Characters of an error, whatever it quotes. */
const MAX_ERROR = 1_000;

/** What the default executor may do in its own container, and nothing else may. */
const OF_EXECUTORS: ReadonlySet<Action> = new Set<Action>([
  'LAUNCH_NESTED_CONTAINER',
  'LAUNCH_NESTED_CONTAINER_SESSION',
  'WAIT_NESTED_CONTAINER',
  'KILL_NESTED_CONTAINER',
  'REMOVE_NESTED_CONTAINER',
  'ATTACH_CONTAINER_OUTPUT',
]);

/** Throws a Breach. The same seed asks the same. */
export function searchLists(seed: number): void {
  const chance = new Chance(seed);
  const acls = randomAcls(chance);
  compare(chance, acls, aclAuthorizer(parseAcls(acls)));
  let value: unknown = acls;
  for (let i = 0; i < CHANGES; i++) {
    value = changed(chance, chance.of(0.5) ? acls : value);
    // As from a file: no object has any other prototype.
    const read: unknown = JSON.parse(JSON.stringify(value));
    const authorizer = authorizerOf(read);
    if (authorizer !== undefined) {
      compare(chance, read as JsonAcls, authorizer);
    }
  }
}

function authorizerOf(value: unknown): Authorizer | undefined {
  try {
    return aclAuthorizer(parseAcls(value));
  } catch (error) {
    const isReason = error instanceof TextError && error.message.length < MAX_ERROR;
    must(isReason, () => `${shown(value)} is refused by ${error}`);
    return undefined;
  }
}

/** Asks both the same, and throws a Breach where they differ. */
export function compare(chance: Chance, acls: JsonAcls, authorizer: Authorizer): void {
  const reference = new ReferenceAuthorizer(acls);
  const ofAgents = executorAuthorizer(authorizer);
  for (let i = 0; i < QUESTIONS; i++) {
    const principal = randomPrincipal(chance);
    const action = chance.pick(ACTIONS);
    const object = randomObject(chance);
    const expected = reference.authorize(principal, action, object);
    const question = () => shown({ principal, action, object, acls: about(acls, action) });
    const got = authorizer.authorize(principal, action, object);
    must(got === expected, () => `${got} where Mesos decides ${expected}: ${question()}`);
    must(
      (authorizer.explain?.(principal, action, object) ?? '') !== '',
      () => `no rule is named for ${question()}`,
    );
    const isOwn =
      principal?.claims !== undefined &&
      OF_EXECUTORS.has(action) &&
      object.containerId?.split('.')[0] === principal.claims.cid;
    must(
      ofAgents.authorize(principal, action, object) === (expected || isOwn),
      () => `an agent does not decide ${expected || isOwn}: ${question()}`,
    );
  }
}

/** What of the lists has a say in the action. */
const about = (acls: JsonAcls, action: Action) => ({
  permissive: acls.permissive,
  ...[LISTS[action], UNDER_PARENT[action]].map((list) => list && { [list.name]: acls[list.name] }),
});
