// The exports about frameworks.
import { BAD_ARGUMENT, BAD_HANDLE, OK } from '../../constants';
import { tableCount, tableWord } from '../../memory';
import { rowCount, rowItems } from '../../rows';
import { SLOT_ORDER } from '../../slots';
import { dropFiltersOfLeaf } from '../filters/filters';
import { forgetSeen } from '../filters/hidden';
import { setExcluded } from '../filters/leaf-bits';
import { adoptOrphans, dropOrphansOfFramework } from '../filters/orphan-filters';
import { dropInverseOfFramework } from '../run/inverse-offers';
import { countHolding, countUsed } from '../tables/accounting';
import { agentExists } from '../tables/agents';
import {
  activateLeaf,
  clearMinimum,
  deactivateLeaf,
  dropLeaf,
  FRAMEWORK_ACTIVE,
  FRAMEWORK_KNOWN,
  findLeaf,
  firstLeafOf,
  frameworkFlags,
  frameworkKnown,
  LEAF_SUBSCRIBED,
  LEAF_SUPPRESSED,
  leafAt,
  leafFlags,
  newLeaf,
  setCapabilities,
  setFrameworkFlags,
  setLeafFlags,
} from '../tables/frameworks';
import {
  findHolding,
  firstHolding,
  holdingFramework,
  holdingLeaf,
  nextHolding,
  usedRow,
} from '../tables/holdings';
import { wakeAll } from '../tables/idle-agents';
import { roleExists } from '../tables/roles';
import { dropExclusionsOfLeaf, releaseHolding, tryDrop } from './holding-release';

/** Subscribes a framework to a role; `active` lets it take part at once. */
export function subscribe(framework: u32, role: u32, active: u32, suppressed: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) {
    return BAD_HANDLE;
  }
  let found = findLeaf(framework, role);
  if (found == 0) {
    found = newLeaf(framework, role) + 1;
  }
  const leaf = found - 1;
  let flags = leafFlags(leaf) | LEAF_SUBSCRIBED;
  if (suppressed != 0) {
    flags |= LEAF_SUPPRESSED;
  }
  setLeafFlags(leaf, flags);
  adoptOrphans(framework, role, leaf);
  if (active != 0) {
    activateLeaf(leaf);
    wakeAll();
  }
  return OK;
}

export function unsubscribe(framework: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) {
    return BAD_HANDLE;
  }
  const found = findLeaf(framework, role);
  if (found == 0) {
    return BAD_ARGUMENT;
  }
  const leaf = found - 1;
  deactivateLeaf(leaf);
  dropFiltersOfLeaf(leaf);
  dropExclusionsOfLeaf(leaf);
  clearMinimum(leaf);
  setLeafFlags(leaf, leafFlags(leaf) & ~(LEAF_SUBSCRIBED | LEAF_SUPPRESSED));
  tryDrop(leaf);
  return OK;
}

export function suppressRole(framework: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) {
    return BAD_HANDLE;
  }
  const found = findLeaf(framework, role);
  if (found == 0) {
    return BAD_ARGUMENT;
  }
  deactivateLeaf(found - 1);
  setLeafFlags(found - 1, leafFlags(found - 1) | LEAF_SUPPRESSED);
  return OK;
}

export function reviveRole(framework: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) {
    return BAD_HANDLE;
  }
  const found = findLeaf(framework, role);
  if (found == 0) {
    return BAD_ARGUMENT;
  }
  dropFiltersOfLeaf(found - 1);
  setLeafFlags(found - 1, leafFlags(found - 1) & ~LEAF_SUPPRESSED);
  activateLeaf(found - 1);
  wakeAll();
  return OK;
}

export function dropInverseFilters(framework: u32): i32 {
  if (!frameworkKnown(framework)) {
    return BAD_HANDLE;
  }
  dropInverseOfFramework(framework, false);
  return OK;
}

export function changeCapabilities(framework: u32, capabilities: u32): i32 {
  if (!frameworkKnown(framework)) {
    return BAD_HANDLE;
  }
  setCapabilities(framework, capabilities);
  // Hidden bits depend on what a framework can take, and are made again.
  const count = tableCount(SLOT_ORDER);
  for (let i: u32 = 0; i < count; i++) {
    forgetSeen(tableWord(SLOT_ORDER, i));
  }
  wakeAll();
  return OK;
}

export function clearLeafMinimum(framework: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) {
    return BAD_HANDLE;
  }
  const found = findLeaf(framework, role);
  if (found == 0) {
    return BAD_ARGUMENT;
  }
  clearMinimum(found - 1);
  wakeAll();
  return OK;
}

export function setFrameworkActive(framework: u32, active: u32): i32 {
  if (!frameworkKnown(framework)) {
    return BAD_HANDLE;
  }
  const flags = frameworkFlags(framework);
  setFrameworkFlags(framework, active != 0 ? flags | FRAMEWORK_ACTIVE : flags & ~FRAMEWORK_ACTIVE);
  for (let next = firstLeafOf(framework); next != 0; next = load<u32>(leafAt(next - 1), 36)) {
    const leaf = next - 1;
    const own = leafFlags(leaf);
    if ((own & LEAF_SUBSCRIBED) == 0) {
      continue;
    }
    if (active == 0) {
      deactivateLeaf(leaf);
      dropFiltersOfLeaf(leaf);
    } else if ((own & LEAF_SUPPRESSED) == 0) {
      activateLeaf(leaf);
    }
  }
  if (active != 0) {
    wakeAll();
  } else {
    dropInverseOfFramework(framework, false);
    dropOrphansOfFramework(framework);
  }
  return OK;
}

/** Everything the framework holds becomes free, and it is forgotten; its number stays. */
export function removeFramework(framework: u32): i32 {
  if (!frameworkKnown(framework)) {
    return BAD_HANDLE;
  }
  const count = tableCount(SLOT_ORDER);
  for (let i: u32 = 0; i < count; i++) {
    const agent = tableWord(SLOT_ORDER, i);
    for (let at = firstHolding(agent); at != 0; ) {
      const next = nextHolding(at);
      if (holdingFramework(at) == framework) {
        releaseHolding(agent, at);
      }
      at = next;
    }
  }
  while (firstLeafOf(framework) != 0) {
    const leaf = firstLeafOf(framework) - 1;
    deactivateLeaf(leaf);
    dropFiltersOfLeaf(leaf);
    dropExclusionsOfLeaf(leaf);
    dropLeaf(leaf);
  }
  dropInverseOfFramework(framework, true);
  dropOrphansOfFramework(framework);
  setFrameworkFlags(framework, frameworkFlags(framework) & ~(FRAMEWORK_KNOWN | FRAMEWORK_ACTIVE));
  return OK;
}

/**
 * Counts what the tasks of a framework that was just introduced use on an agent that was added
 * before. Does nothing when the framework holds nothing there.
 */
export function countEarlier(framework: u32, agent: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !agentExists(agent) || !roleExists(role)) {
    return BAD_HANDLE;
  }
  const holding = findHolding(agent, framework, role);
  if (holding == 0 || holdingLeaf(holding) != 0) {
    return OK;
  }
  const found = findLeaf(framework, role);
  const leaf = found == 0 ? newLeaf(framework, role) : found - 1;
  countHolding(agent, holding, leaf);
  const used = usedRow(holding);
  countUsed(role, rowItems(used), rowCount(used), 1);
  return OK;
}

/** An offer constraint of the framework's role keeps it from the agent, or does no longer. */
export function exclude(framework: u32, role: u32, agent: u32, excluded: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role) || !agentExists(agent)) {
    return BAD_HANDLE;
  }
  const found = findLeaf(framework, role);
  if (found == 0) {
    return BAD_ARGUMENT;
  }
  setExcluded(agent, found - 1, excluded != 0);
  return OK;
}

/** Lifts every exclusion of the framework's role. */
export function clearExclusions(framework: u32, role: u32): i32 {
  if (!frameworkKnown(framework) || !roleExists(role)) {
    return BAD_HANDLE;
  }
  const found = findLeaf(framework, role);
  if (found != 0) {
    dropExclusionsOfLeaf(found - 1);
  }
  return OK;
}
