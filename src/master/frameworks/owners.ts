// Whose a framework's id is, which Apache Mesos's masters do not ask: they believe whoever is first
// to subscribe with an id after a failover, and hand him the tasks that come back under it.
//
// A scheduler may be back before any agent, so an authenticated one that names an id of another
// master is believed at first, and its id is a claim. Agents that come back tell who has launched
// what they run: the first settles the claim. One that is false costs the claimant all that it has
// begun in the meantime, and the framework is again the owner's.

import type { FrameworkInfo } from '../../model/generated/messages.ts';
import { type AgentId, frameworkId } from '../../model/ids.ts';
import { log, sendError } from '../outbox.ts';
import type { Framework, MasterState } from '../state.ts';
import { forgetTasks, recoverFramework } from './frameworks.ts';
import { removeFramework } from './removal.ts';

/** The agent that tells of frameworks as it comes back. */
export interface Witness {
  readonly id: AgentId;
  readonly ip: string | undefined;
  /** This master has not had it before, so what it tells is of the time of another one. */
  readonly wasRecovered: boolean;
}

/**
 * Takes up what an agent that comes back tells of a framework: one that is not known is recovered,
 * and a claim is settled.
 */
export function settleOwner(state: MasterState, info: FrameworkInfo, witness: Witness): void {
  const id = frameworkId(info.id?.value ?? '');
  if (isDisputed(state, info)) {
    const claimant = knownFramework(state, info);
    log(
      state,
      'warn',
      `Removing framework ${id} of principal '${claimant?.principal?.value}', who has subscribed ` +
        `with its id: agent ${witness.id} runs it for principal '${info.principal}'`,
    );
    removeClaimant(state, claimant);
  }
  const known = knownFramework(state, info);
  if (known === undefined) {
    recoverFramework(state, info, witness.ip);
  } else if (witness.wasRecovered && known.principal?.value === info.principal) {
    known.isClaim = false;
  }
}

/** Whether the framework that an agent tells of is claimed by another principal. */
export function isDisputed(state: MasterState, info: FrameworkInfo): boolean {
  const known = knownFramework(state, info);
  // A framework without a principal is of a time without authentication: nobody owns it.
  return (
    known?.isClaim === true &&
    info.principal !== undefined &&
    info.principal !== known.principal?.value
  );
}

function knownFramework({ frameworks }: MasterState, { id }: FrameworkInfo): Framework | undefined {
  const known = frameworkId(id?.value ?? '');
  return frameworks.registered.get(known) ?? frameworks.completed.get(known);
}

/** Removes it with its id, which is free again. */
function removeClaimant(state: MasterState, framework: Framework | undefined): void {
  if (framework === undefined) {
    return;
  }
  const { registered, completed } = state.frameworks;
  if (registered.has(framework.id)) {
    if (framework.connection !== undefined) {
      sendError(state, framework, "The framework's id belongs to another principal");
    }
    removeFramework(state, framework);
  }
  completed.delete(framework.id);
  forgetTasks(framework);
}
