// Who reads by a call that the machine answers itself, and not a view: the audit log is told of
// what is denied, as it is of views.
import { auditEntry } from '../../security/audit.ts';
import type { Principal } from '../../security/principal.ts';
import type { MasterState } from '../state.ts';
import type { Viewer } from '../views.ts';

export function readerOf(state: MasterState, principal: Principal | undefined): Viewer {
  const { asking, options } = state;
  const { authorizer } = options;
  if (!options.isAudited || asking === undefined) {
    return { principal, authorizer };
  }
  const { call, origin } = asking;
  return {
    principal,
    authorizer: {
      authorize: (who, action, object) => {
        const allowed = authorizer.authorize(who, action, object);
        if (!allowed) {
          const entry = auditEntry(authorizer, { principal: who, call }, action, {
            object,
            allowed,
          });
          state.effects.push({ type: 'audit', entry, origin });
        }
        return allowed;
      },
    },
  };
}
