// What an executor may do whose token says which container is its own: work with what is nested in
// that, and nothing else, whatever lists say. Such a principal has claims and no name.
import { rootOf } from '../model/container-id.ts';
import type { Action, Authorizer } from './authorizer.ts';

/** Actions of Mesos's default executor. */
const IMPLICIT: ReadonlySet<Action> = new Set<Action>([
  'LAUNCH_NESTED_CONTAINER',
  'LAUNCH_NESTED_CONTAINER_SESSION',
  'WAIT_NESTED_CONTAINER',
  'KILL_NESTED_CONTAINER',
  'REMOVE_NESTED_CONTAINER',
  'ATTACH_CONTAINER_OUTPUT',
]);

/** `others` decides about all principals that have a name, and those without authentication. */
export const executorAuthorizer = (others: Authorizer): Authorizer => ({
  authorize(principal, action, object) {
    if (principal === undefined || principal.value !== undefined) {
      return others.authorize(principal, action, object);
    }
    const { containerId } = object ?? {};
    return (
      IMPLICIT.has(action) &&
      containerId !== undefined &&
      rootOf(containerId) === principal.claims?.cid
    );
  },
  explain: (principal, action, object) =>
    principal === undefined || principal.value !== undefined
      ? (others.explain?.(principal, action, object) ?? '')
      : 'the container that the token names',
});
