// What the token of an executor says of it, and whether a principal is that executor.
import type { Principal } from '../../security/principal.ts';
import type { Executor } from './executor.ts';

type Claimed = Pick<Executor, 'frameworkId' | 'executorId' | 'containerId'>;

export const executorClaims = ({ frameworkId, executorId, containerId }: Claimed) => ({
  fid: frameworkId,
  eid: executorId,
  cid: containerId,
});

/** Why the principal is not the executor; the texts are Mesos's. */
export function claimsError(
  principal: Principal | undefined,
  executor: Claimed,
): string | undefined {
  const { fid, eid, cid } = executorClaims(executor);
  const claims = principal?.claims ?? {};
  const who = `Authenticated principal '${shown(principal)}' does not contain`;
  if (claims.fid !== fid) {
    return `${who} an 'fid' claim with the framework ID ${fid}, which is set in the call`;
  }
  if (claims.eid !== eid) {
    return `${who} an 'eid' claim with the executor ID ${eid}, which is set in the call`;
  }
  return claims.cid === cid
    ? undefined
    : `${who} a 'cid' claim with the correct active ContainerID`;
}

/** A name alone as it is, and all else as JSON. */
function shown({ value, claims }: Principal = {}): string {
  const text = claims === undefined ? (value ?? '') : JSON.stringify({ value, claims });
  return text.slice(0, MAX_SHOWN);
}

const MAX_SHOWN = 1_000;
