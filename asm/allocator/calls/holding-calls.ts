// The exports about what frameworks hold: launches, returns, and the operations of accepted offers.
import { convertRow } from '../../algebra';
import { BAD_AMOUNT, BAD_HANDLE, NOT_CONTAINED, OK } from '../../constants';
import {
  readItems,
  readStatus,
  rowAddAll,
  rowClear,
  rowContains,
  rowCount,
  rowEqual,
  rowItems,
  rowSubtractAll,
  scratch,
  writeItems,
} from '../../rows';
import { addFilter } from '../filters/filters';
import { forgetSeen } from '../filters/hidden';
import { keepOrphan } from '../filters/orphan-filters';
import { countUsed, rebook, unbook } from '../tables/accounting';
import { collectFree, collectTotal, keepHeldOrder, replaceTotal } from '../tables/agent-totals';
import { agentExists } from '../tables/agents';
import { findLeaf, frameworkKnown, LEAF_SUBSCRIBED, leafFlags } from '../tables/frameworks';
import {
  findHolding,
  holdingCount,
  holdingHas,
  holdingItems,
  holdingLeaf,
  renewHolding,
  usedRow,
} from '../tables/holdings';
import { wake } from '../tables/idle-agents';
import { roleExists } from '../tables/roles';
import { unlinkHolding } from './holding-release';
import { io, readHeld, readList, whyNotHeld } from './incoming';

/** Tasks were launched on offered resources: the list in the buffer is used from now on. */
export function launch(framework: u32, agent: u32, role: u32, count: u32): i32 {
  const row = readHeld(agent, framework, role, count);
  if (row == 0) {
    return whyNotHeld();
  }
  const holding = findHolding(agent, framework, role);
  if (holding == 0) {
    return NOT_CONTAINED;
  }
  if (!isOffered(holding, row)) {
    return NOT_CONTAINED;
  }
  rowAddAll(usedRow(holding), rowItems(row), rowCount(row));
  if (holdingLeaf(holding) != 0) {
    countUsed(role, rowItems(row), rowCount(row), 1);
  }
  return OK;
}

/** True when the items are part of what a holding has and tasks do not use. */
function isOffered(holding: usize, row: usize): bool {
  const used = usedRow(holding);
  if (rowCount(used) == 0) {
    return holdingHas(holding, row, false);
  }
  const offered = scratch(1);
  rowClear(offered);
  rowAddAll(offered, holdingItems(holding), holdingCount(holding));
  rowSubtractAll(offered, rowItems(used), rowCount(used));
  return rowContains(offered, row);
}

/**
 * The list in the buffer comes back: from tasks (`used`) or from an offer. A filter hides it from
 * the framework's role until `end`; below 0 means no filter.
 */
export function recover(
  framework: u32,
  agent: u32,
  role: u32,
  count: u32,
  used: u32,
  end: f64,
): i32 {
  if (end != end) {
    return BAD_AMOUNT;
  }
  const row = readHeld(agent, framework, role, count);
  if (row == 0) {
    return whyNotHeld();
  }
  const holding = findHolding(agent, framework, role);
  if (holding == 0 || !holdingHas(holding, row, false)) {
    return NOT_CONTAINED;
  }
  if (used == 0) {
    if (!isOffered(holding, row)) {
      return NOT_CONTAINED;
    }
  } else {
    if (!holdingHas(holding, row, true)) {
      return NOT_CONTAINED;
    }
    rowSubtractAll(usedRow(holding), rowItems(row), rowCount(row));
    if (holdingLeaf(holding) != 0) {
      countUsed(role, rowItems(row), rowCount(row), -1);
    }
  }
  // As in Mesos, what an unknown framework holds stays held until it or the agent is known to go.
  if (!frameworkKnown(framework)) {
    return OK;
  }
  unbook(agent, holding, row);
  if (holdingCount(holding) == 0) {
    unlinkHolding(agent, holding);
  }
  wake(agent);
  if (end >= 0) {
    const leaf = findLeaf(framework, role);
    if (leaf != 0 && (leafFlags(leaf - 1) & LEAF_SUBSCRIBED) != 0) {
      addFilter(leaf - 1, agent, rowItems(row), rowCount(row), end);
    } else {
      keepOrphan(framework, role, agent, rowItems(row), rowCount(row), end);
    }
  }
  return OK;
}

/**
 * The operations of an accepted offer: the buffer holds what was offered (`count` items), then the
 * conversions, then `extra` items: further copies of shared volumes for the tasks. Answers how many
 * items of the new offered resources are in the buffer, or minus a status.
 */
export function convertOffered(
  framework: u32,
  agent: u32,
  role: u32,
  count: u32,
  conversions: u32,
  conversionBytes: u32,
  extra: u32,
): i32 {
  if (!frameworkKnown(framework) || !agentExists(agent) || !roleExists(role)) {
    return -BAD_HANDLE;
  }
  const at = readList(count);
  if (at == 0) {
    return -readStatus();
  }
  const offered = scratch(0);
  const holding = findHolding(agent, framework, role);
  if (holding == 0 || holdingLeaf(holding) == 0 || !isOffered(holding, offered)) {
    return -NOT_CONTAINED;
  }
  const converted = scratch(2);
  rowClear(converted);
  rowAddAll(converted, rowItems(offered), rowCount(offered));
  let status = convertRow(converted, at, conversions, true);
  if (status != OK) {
    return -status;
  }
  rowClear(scratch(1));
  if (readItems(at + conversionBytes, extra, scratch(1)) == 0) {
    return -readStatus();
  }
  status = convertRow(collectTotal(agent), at, conversions, false);
  if (status != OK) {
    return -status;
  }
  rowAddAll(converted, rowItems(scratch(1)), rowCount(scratch(1)));
  const leaf = holdingLeaf(holding) - 1;
  const total = newTotal(agent);
  if (total != 0) {
    keepHeldOrder(agent);
  }
  unbook(agent, holding, offered);
  if (holdingCount(holding) == 0) {
    renewHolding(agent, holding);
  }
  rebook(agent, leaf, rowItems(converted), rowCount(converted));
  const now = findHolding(agent, framework, role);
  if (now != 0 && holdingCount(now) == 0) {
    unlinkHolding(agent, now);
  }
  if (total != 0) {
    changeTotal(agent, total);
  }
  wake(agent);
  writeItems(rowItems(converted), rowCount(converted), 0);
  return <i32>rowCount(converted);
}

/** An operation on what is free of the agent: conversions in the buffer. */
export function convertFree(agent: u32, conversions: u32): i32 {
  if (!agentExists(agent)) {
    return BAD_HANDLE;
  }
  const have = scratch(2);
  rowClear(have);
  const found = collectFree(agent);
  rowAddAll(have, rowItems(found), rowCount(found));
  let status = convertRow(have, io(), conversions, true);
  if (status != OK) {
    return status;
  }
  status = convertRow(collectTotal(agent), io(), conversions, false);
  if (status != OK) {
    return status;
  }
  const total = newTotal(agent);
  if (total != 0) {
    changeTotal(agent, total);
  }
  wake(agent);
  return OK;
}

/**
 * What conversions made of an agent's total (in scratch 5), as a row in scratch 3; 0 when that is
 * its total.
 */
function newTotal(agent: u32): usize {
  const total = scratch(3);
  rowClear(total);
  rowAddAll(total, rowItems(scratch(5)), rowCount(scratch(5)));
  return rowEqual(total, collectTotal(agent)) ? 0 : total;
}

function changeTotal(agent: u32, total: usize): void {
  replaceTotal(agent, total);
  forgetSeen(agent);
}
