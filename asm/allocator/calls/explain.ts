// The export explain(): why a framework's role is or is not offered an agent now. A run over this
// one agent is tried, and taken back. If the run offers the role nothing, the checks that a run
// makes before an offer are made here one by one, and the first that fails is the answer. The call
// leaves the allocator as it was, except that filters whose time is over are removed.
import {
  AGENT_ACTIVE,
  AGENT_WHITELISTED,
  EXPLAIN_AGENT_INACTIVE,
  EXPLAIN_FRAMEWORK_INACTIVE,
  EXPLAIN_HEADROOM,
  EXPLAIN_NOT_SUBSCRIBED,
  EXPLAIN_NOT_WHITELISTED,
  EXPLAIN_NOTHING_FREE,
  EXPLAIN_OFFERED,
  EXPLAIN_QUOTA_LIMIT,
  EXPLAIN_REFUSED,
  EXPLAIN_SHARE_ORDER,
  EXPLAIN_SUPPRESSED,
  EXPLAIN_UNKNOWN,
} from '../../constants';
import { slot, tableCount } from '../../memory';
import { ioReserve, rowCount } from '../../rows';
import { SLOT_LEAVES, SLOT_NOW } from '../../slots';
import { filtersOn } from '../filters/filter-lists';
import { expireFilters, MANY_FILTERS, refusedUntil } from '../filters/filters';
import { excludedWords } from '../filters/leaf-bits';
import { meets } from '../run/minimums';
import { forRole, weigh } from '../run/offering';
import { isSatisfied, prepareQuotas } from '../run/quotas';
import { Run, Visit } from '../run/run-state';
import { Trial, tryRun } from '../run/trial';
import { collectFree } from '../tables/agent-totals';
import { AGENT_COMPLEX, agentAt, agentExists, agentFlags } from '../tables/agents';
import {
  FRAMEWORK_ACTIVE,
  findLeaf,
  frameworkFlags,
  frameworkKnown,
  LEAF_ACTIVE,
  LEAF_SUBSCRIBED,
  LEAF_SUPPRESSED,
  leafFilters,
  leafFlags,
  leafRole,
} from '../tables/frameworks';
import { ROLE_GUARANTEES, roleExists, roleFlags } from '../tables/roles';

/**
 * Answers an EXPLAIN code. The exchange buffer holds an f64: when the last refusal ends, for
 * EXPLAIN_REFUSED; how many others go first, for EXPLAIN_SHARE_ORDER; for EXPLAIN_OFFERED how many
 * items the offer would have, and then these.
 */
export function explain(framework: u32, role: u32, agent: u32): i32 {
  store<f64>(ioReserve(8), 0);
  if (!frameworkKnown(framework) || !roleExists(role) || !agentExists(agent)) {
    return EXPLAIN_UNKNOWN;
  }
  const flags = agentFlags(agent);
  if ((flags & AGENT_ACTIVE) == 0) {
    return EXPLAIN_AGENT_INACTIVE;
  }
  if ((flags & AGENT_WHITELISTED) == 0) {
    return EXPLAIN_NOT_WHITELISTED;
  }
  if ((frameworkFlags(framework) & FRAMEWORK_ACTIVE) == 0) {
    return EXPLAIN_FRAMEWORK_INACTIVE;
  }
  const found = findLeaf(framework, role);
  if (found == 0 || (leafFlags(found - 1) & LEAF_SUBSCRIBED) == 0) {
    return EXPLAIN_NOT_SUBSCRIBED;
  }
  const leaf = found - 1;
  if ((leafFlags(leaf) & LEAF_SUPPRESSED) != 0) {
    return EXPLAIN_SUPPRESSED;
  }
  if ((leafFlags(leaf) & LEAF_ACTIVE) == 0) {
    return EXPLAIN_FRAMEWORK_INACTIVE;
  }
  expireFilters(load<f64>(slot(SLOT_NOW)));
  tryRun(agent, leaf);
  // The quotas are computed again, without what the trial has consumed.
  prepareQuotas();
  if (Trial.isOffered) {
    store<f64>(ioReserve(8), Trial.items);
    return EXPLAIN_OFFERED;
  }
  Visit.agent = agent;
  Visit.plain = (flags & AGENT_COMPLEX) == 0;
  Visit.denies = load<u32>(agentAt(agent), 4);
  Visit.filters = filtersOn(agent);
  Visit.hasBits = Visit.filters >= MANY_FILTERS;
  Visit.exclusions = excludedWords(agent) != 0;
  Visit.free = collectFree(agent);
  if (rowCount(Visit.free) == 0) {
    return EXPLAIN_NOTHING_FREE;
  }
  Visit.bitsDue = Visit.hasBits;
  const guaranteed = inStage(leaf, role, true) == EXPLAIN_OFFERED;
  const code = guaranteed ? EXPLAIN_OFFERED : inStage(leaf, role, false);
  if (code == EXPLAIN_OFFERED) {
    // The agent has enough for the leaf, if others were not offered it first.
    store<f64>(ioReserve(8), Trial.others);
    return EXPLAIN_SHARE_ORDER;
  }
  if (code == EXPLAIN_REFUSED) {
    store<f64>(ioReserve(8), refusedUntil(agent, leaf));
  }
  if (code == EXPLAIN_QUOTA_LIMIT && Run.headroomNeeded) {
    Run.headroomNeeded = false;
    const without = inStage(leaf, role, false);
    Run.headroomNeeded = true;
    if (without == EXPLAIN_OFFERED) {
      return EXPLAIN_HEADROOM;
    }
  }
  return code;
}

/** The checks for a leaf in one of the two stages. */
function inStage(leaf: u32, role: u32, guaranteeStage: bool): i32 {
  if (guaranteeStage) {
    if ((roleFlags(role) & ROLE_GUARANTEES) == 0 || isSatisfied(role)) {
      return EXPLAIN_QUOTA_LIMIT;
    }
  }
  const row = forRole(role);
  if (rowCount(row) == 0) {
    return EXPLAIN_NOTHING_FREE;
  }
  Visit.minimumMet = meets(Run.clusterMinimum, row);
  Visit.guaranteeStage = guaranteeStage;
  const code = weigh(leaf, role, row);
  Visit.guaranteeStage = false;
  return code;
}

/** How many refusals of a role's frameworks are in force. */
export function roleFilters(role: u32): u32 {
  if (!roleExists(role)) {
    return 0;
  }
  const leaves = tableCount(SLOT_LEAVES);
  let count: u32 = 0;
  for (let leaf: u32 = 0; leaf < leaves; leaf++) {
    if (leafFlags(leaf) != 0 && leafRole(leaf) == role) {
      count += leafFilters(leaf);
    }
  }
  return count;
}
