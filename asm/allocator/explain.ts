// Why a framework's role is or is not offered an agent now: the checks of a run, without a run. Nothing
// that lasts is changed.
import {
  AGENT_ACTIVE,
  AGENT_WHITELISTED,
  EXPLAIN_AGENT_INACTIVE,
  EXPLAIN_FRAMEWORK_INACTIVE,
  EXPLAIN_HEADROOM,
  EXPLAIN_NOTHING_FREE,
  EXPLAIN_NOT_SUBSCRIBED,
  EXPLAIN_NOT_WHITELISTED,
  EXPLAIN_OFFERED,
  EXPLAIN_QUOTA_LIMIT,
  EXPLAIN_REFUSED,
  EXPLAIN_SHARE_ORDER,
  EXPLAIN_SUPPRESSED,
  EXPLAIN_UNKNOWN,
} from '../constants';
import { tableCount } from '../memory';
import {
  ioReserve,
  rowAddAll,
  rowClear,
  rowCount,
  rowItems,
  rowSubtractAll,
  scratch,
} from '../rows';
import { SLOT_LEAVES } from '../slots';
import { AGENT_COMPLEX, agentAt, agentExists, agentFlags } from './agents';
import { beginRun } from './cycle';
import { roleBefore } from './few';
import { MANY_FILTERS, excludedWords, filtersOn, hide, refusedUntil } from './filters';
import {
  FRAMEWORK_ACTIVE,
  LEAF_ACTIVE,
  LEAF_SUBSCRIBED,
  LEAF_SUPPRESSED,
  findLeaf,
  frameworkFlags,
  frameworkKnown,
  leafFilters,
  leafFlags,
  leafNode,
  leafRole,
} from './frameworks';
import { freshen, goesBefore, settleTouched } from './groups';
import { meets } from './minimums';
import { forRole, weigh } from './offering';
import { isSatisfied, prepareQuotas } from './quotas';
import { ROLE_GUARANTEES, frameworkGroup, roleExists, roleFlags } from './roles';
import { Run, Visit } from './run-state';
import { collectFree } from './stock';

/**
 * Answers an EXPLAIN code. The exchange buffer holds an f64: when the last refusal ends, for
 * EXPLAIN_REFUSED; how many others go first, for EXPLAIN_SHARE_ORDER.
 */
export function explain(framework: u32, role: u32, agent: u32): i32 {
  store<f64>(ioReserve(8), 0);
  if (!frameworkKnown(framework) || !roleExists(role) || !agentExists(agent)) return EXPLAIN_UNKNOWN;
  const flags = agentFlags(agent);
  if ((flags & AGENT_ACTIVE) == 0) return EXPLAIN_AGENT_INACTIVE;
  if ((flags & AGENT_WHITELISTED) == 0) return EXPLAIN_NOT_WHITELISTED;
  if ((frameworkFlags(framework) & FRAMEWORK_ACTIVE) == 0) return EXPLAIN_FRAMEWORK_INACTIVE;
  const found = findLeaf(framework, role);
  if (found == 0 || (leafFlags(found - 1) & LEAF_SUBSCRIBED) == 0) return EXPLAIN_NOT_SUBSCRIBED;
  const leaf = found - 1;
  if ((leafFlags(leaf) & LEAF_SUPPRESSED) != 0) return EXPLAIN_SUPPRESSED;
  if ((leafFlags(leaf) & LEAF_ACTIVE) == 0) return EXPLAIN_FRAMEWORK_INACTIVE;
  beginRun();
  settleTouched();
  prepareQuotas();
  Visit.agent = agent;
  Visit.plain = (flags & AGENT_COMPLEX) == 0;
  Visit.denies = load<u32>(agentAt(agent), 4);
  Visit.filters = filtersOn(agent);
  Visit.hasBits = Visit.filters >= MANY_FILTERS;
  Visit.exclusions = excludedWords(agent) != 0;
  Visit.free = collectFree(agent);
  if (rowCount(Visit.free) == 0) return EXPLAIN_NOTHING_FREE;
  if (Visit.hasBits) hide(agent, Visit.free);
  const guaranteed = inStage(leaf, role, true) == EXPLAIN_OFFERED;
  const code = guaranteed ? EXPLAIN_OFFERED : inStage(leaf, role, false);
  if (code == EXPLAIN_REFUSED) store<f64>(ioReserve(8), refusedUntil(agent, leaf));
  if (code == EXPLAIN_QUOTA_LIMIT && Run.headroomNeeded) {
    Run.headroomNeeded = false;
    const without = inStage(leaf, role, false);
    Run.headroomNeeded = true;
    if (without == EXPLAIN_OFFERED) return EXPLAIN_HEADROOM;
  }
  return code == EXPLAIN_OFFERED ? among(leaf, role, guaranteed) : code;
}

/** The checks for a leaf in one of the two stages. */
function inStage(leaf: u32, role: u32, guaranteeStage: bool): i32 {
  if (guaranteeStage) {
    if ((roleFlags(role) & ROLE_GUARANTEES) == 0 || isSatisfied(role)) return EXPLAIN_QUOTA_LIMIT;
  }
  const row = forRole(role);
  if (rowCount(row) == 0) return EXPLAIN_NOTHING_FREE;
  Visit.minimumMet = meets(Run.clusterMinimum, row);
  Visit.guaranteeStage = guaranteeStage;
  const code = weigh(leaf, role, row);
  Visit.guaranteeStage = false;
  return code;
}

/** Whether those who are served before the leaf leave it something. */
function among(leaf: u32, role: u32, guaranteed: bool): i32 {
  const rest = scratch(0);
  rowClear(rest);
  const row = forRole(role);
  rowAddAll(rest, rowItems(row), rowCount(row));
  let ahead: f64 = 0;
  const leaves = tableCount(SLOT_LEAVES);
  for (let other: u32 = 0; other < leaves; other++) {
    if (other == leaf || (leafFlags(other) & LEAF_ACTIVE) == 0) continue;
    const otherRole = leafRole(other);
    const early = inStage(other, otherRole, true) == EXPLAIN_OFFERED;
    if (guaranteed && !early) continue;
    if (guaranteed == early && !isBefore(other, otherRole, leaf, role)) continue;
    if (!early && inStage(other, otherRole, false) != EXPLAIN_OFFERED) continue;
    ahead += 1;
    rowSubtractAll(rest, rowItems(Visit.offer), rowCount(Visit.offer));
  }
  store<f64>(ioReserve(8), ahead);
  return meets(Run.clusterMinimum, rest) ? EXPLAIN_OFFERED : EXPLAIN_SHARE_ORDER;
}

function isBefore(a: u32, roleA: u32, b: u32, roleB: u32): bool {
  if (roleA != roleB) return roleBefore(roleA, roleB);
  freshen(frameworkGroup(roleA));
  return goesBefore(leafNode(a), leafNode(b));
}

/** How many refusals of a role's frameworks are in force. */
export function roleFilters(role: u32): u32 {
  if (!roleExists(role)) return 0;
  const leaves = tableCount(SLOT_LEAVES);
  let count: u32 = 0;
  for (let leaf: u32 = 0; leaf < leaves; leaf++) {
    if (leafFlags(leaf) != 0 && leafRole(leaf) == role) count += leafFilters(leaf);
  }
  return count;
}
