// The exports about agents.
import { BAD_AMOUNT, BAD_ARGUMENT, BAD_HANDLE, BAD_STATE, MAX_AMOUNT, OK } from '../../constants';
import { slot, tableCount } from '../../memory';
import {
  ITEM_SIZE,
  itemAmount,
  itemKind,
  readStatus,
  rowAddAll,
  rowClear,
  rowCount,
  rowEqual,
  rowItems,
  scratch,
} from '../../rows';
import { SLOT_ROLES, SLOT_TOTALS } from '../../slots';
import { dropFiltersOfAgent } from '../filters/filters';
import { forgetSeen, freeHidden } from '../filters/hidden';
import { dropExclusions } from '../filters/leaf-bits';
import { dropOrphansOfAgent } from '../filters/orphan-filters';
import { answer, dropInverseFiltersOfAgent, setMaintenanceFlag } from '../run/inverse-offers';
import { enterOrder, forgetPending, leaveOrder } from '../run/visit-order';
import { book, countUsed, heldInAll, take } from '../tables/accounting';
import { collectTotal, replaceTotal, unmakeAgent } from '../tables/agent-totals';
import {
  AGENT_MAINTENANCE,
  agentExists,
  agentFlags,
  makeAgent,
  setHostFlags,
} from '../tables/agents';
import { findEntry } from '../tables/entries';
import { findLeaf, frameworkExists, frameworkKnown, newLeaf } from '../tables/frameworks';
import { firstHolding, usedRow } from '../tables/holdings';
import { wake } from '../tables/idle-agents';
import { releaseHolding } from './holding-release';
import { fitsCluster, readHeld, readList, whyNotHeld } from './incoming';

/** A new agent with the list in the buffer; answers its number, or minus a status. */
export function addAgent(flags: u32, place: f64, count: u32): i32 {
  if (place != place) {
    return -BAD_ARGUMENT;
  }
  if (tableCount(SLOT_ROLES) == 0) {
    return -BAD_STATE;
  }
  if (readList(count) == 0) {
    return -readStatus();
  }
  if (!fitsCluster(scratch(0), load<u32>(slot(SLOT_TOTALS)))) {
    return -BAD_AMOUNT;
  }
  const agent = makeAgent(flags, place);
  if (agent < 0) {
    return agent;
  }
  replaceTotal(agent, scratch(0));
  enterOrder(agent);
  wake(agent);
  return agent;
}

/**
 * The framework's tasks use the list in the buffer on the agent; `framework` may be unknown so far.
 */
export function addUsed(agent: u32, framework: u32, role: u32, count: u32): i32 {
  const row = readHeld(agent, framework, role, count);
  if (row == 0) {
    return whyNotHeld();
  }
  if (!fitsCluster(row, heldInAll()) || !fitsAgent(agent, row)) {
    return BAD_AMOUNT;
  }
  let holding: usize;
  if (frameworkKnown(framework)) {
    const found = findLeaf(framework, role);
    const leaf = found == 0 ? newLeaf(framework, role) : found - 1;
    holding = book(agent, leaf, rowItems(row), rowCount(row));
    countUsed(role, rowItems(row), rowCount(row), 1);
  } else {
    holding = take(agent, framework, role, 0, rowItems(row), rowCount(row));
  }
  rowAddAll(usedRow(holding), rowItems(row), rowCount(row));
  return OK;
}

/** The list in the buffer is on offer to the framework, which is introduced already. */
export function addOffered(agent: u32, framework: u32, role: u32, count: u32): i32 {
  if (frameworkExists(framework) && !frameworkKnown(framework)) {
    return BAD_HANDLE;
  }
  const row = readHeld(agent, framework, role, count);
  if (row == 0) {
    return whyNotHeld();
  }
  if (!fitsCluster(row, heldInAll()) || !fitsAgent(agent, row)) {
    return BAD_AMOUNT;
  }
  const found = findLeaf(framework, role);
  book(agent, found == 0 ? newLeaf(framework, role) : found - 1, rowItems(row), rowCount(row));
  return OK;
}

/** True when what is held of each kind stays a whole number with the row added. */
function fitsAgent(agent: u32, row: usize): bool {
  for (let i: u32 = 0; i < rowCount(row); i++) {
    const item = rowItems(row) + <usize>i * ITEM_SIZE;
    const entry = findEntry(agent, itemKind(item));
    if (entry != 0 && load<f64>(entry, 16) + itemAmount(item) > MAX_AMOUNT) {
      return false;
    }
  }
  return true;
}

export function removeAgent(agent: u32): i32 {
  if (!agentExists(agent)) {
    return BAD_HANDLE;
  }
  while (firstHolding(agent) != 0) {
    releaseHolding(agent, firstHolding(agent));
  }
  dropFiltersOfAgent(agent);
  dropOrphansOfAgent(agent);
  freeHidden(agent);
  dropExclusions(agent);
  setMaintenanceFlag(agent, false);
  forgetPending(agent);
  leaveOrder(agent);
  unmakeAgent(agent);
  return OK;
}

/** Replaces the total by the list in the buffer; answers 1 if it changed, or minus a status. */
export function setTotal(agent: u32, count: u32): i32 {
  if (!agentExists(agent)) {
    return -BAD_HANDLE;
  }
  if (readList(count) == 0) {
    return -readStatus();
  }
  if (rowEqual(scratch(0), collectTotal(agent))) {
    return 0;
  }
  if (!fitsCluster(scratch(0), load<u32>(slot(SLOT_TOTALS)))) {
    return -BAD_AMOUNT;
  }
  replaceTotal(agent, scratch(0));
  forgetSeen(agent);
  wake(agent);
  return 1;
}

/** Adds the list in the buffer to the total. */
export function growTotal(agent: u32, count: u32): i32 {
  if (!agentExists(agent)) {
    return -BAD_HANDLE;
  }
  if (readList(count) == 0) {
    return -readStatus();
  }
  if (!fitsCluster(scratch(0), load<u32>(slot(SLOT_TOTALS)))) {
    return -BAD_AMOUNT;
  }
  const row = scratch(2);
  rowClear(row);
  const total = collectTotal(agent);
  rowAddAll(row, rowItems(total), rowCount(total));
  rowAddAll(row, rowItems(scratch(0)), rowCount(scratch(0)));
  if (rowEqual(row, total)) {
    return 0;
  }
  replaceTotal(agent, row);
  forgetSeen(agent);
  wake(agent);
  return 1;
}

export function changeAgentFlags(agent: u32, flags: u32): i32 {
  return setHostFlags(agent, flags);
}

/** All refusals on the agent are void (its attributes changed). */
export function dropAgentFilters(agent: u32): i32 {
  if (!agentExists(agent)) {
    return BAD_HANDLE;
  }
  dropFiltersOfAgent(agent);
  dropOrphansOfAgent(agent);
  dropInverseFiltersOfAgent(agent);
  return OK;
}

/** Maintenance is scheduled (1) or not (0); earlier inverse offers and their filters are void. */
export function setMaintenance(agent: u32, on: u32): i32 {
  if (!agentExists(agent)) {
    return BAD_HANDLE;
  }
  setMaintenanceFlag(agent, on != 0);
  return OK;
}

/** An inverse offer was answered or taken back; `end` is when its filter ends, below 0 for none. */
export function answerInverse(framework: u32, agent: u32, end: f64): i32 {
  if (!frameworkKnown(framework) || !agentExists(agent) || end != end) {
    return BAD_HANDLE;
  }
  if ((agentFlags(agent) & AGENT_MAINTENANCE) == 0) {
    return OK;
  }
  answer(framework, agent, end);
  return OK;
}
