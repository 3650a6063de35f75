// The exports about agents.
import { BAD_ARGUMENT, BAD_HANDLE, OK } from '../constants';
import { readStatus, rowAddAll, rowClear, rowCount, rowEqual, rowItems, scratch } from '../rows';
import { AGENT_MAINTENANCE, agentExists, agentFlags, makeAgent, setHostFlags } from './agents';
import { book, countUsed, take } from './books';
import { dropExclusions, dropFiltersOfAgent, forgetSeen, freeBits } from './filters';
import { findLeaf, frameworkExists, frameworkKnown, newLeaf } from './frameworks';
import { firstHolding, usedRow } from './holdings';
import { readList } from './incoming';
import { releaseHolding } from './leaving';
import { answer, dropInverseFiltersOfAgent, setMaintenanceFlag } from './maintenance';
import { enterOrder, forgetPending, leaveOrder } from './order';
import { wake } from './quiet';
import { roleExists } from './roles';
import { collectTotal, replaceTotal, unmakeAgent } from './stock';

// --- Agents ---

/** A new agent with the list in the buffer; answers its number, or minus a status. */
export function addAgent(flags: u32, place: f64, count: u32): i32 {
  if (place != place) return -BAD_ARGUMENT;
  if (readList(count) == 0) return -readStatus();
  const agent = makeAgent(flags, place);
  if (agent < 0) return agent;
  replaceTotal(agent, scratch(0));
  enterOrder(agent);
  wake(agent);
  return agent;
}

/** The framework's tasks use the list in the buffer on the agent; `framework` may be unknown so far. */
export function addUsed(agent: u32, framework: u32, role: u32, count: u32): i32 {
  if (!agentExists(agent) || !frameworkExists(framework) || !roleExists(role)) return BAD_HANDLE;
  if (readList(count) == 0) return readStatus();
  const row = scratch(0);
  if (rowCount(row) == 0) return OK;
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

export function removeAgent(agent: u32): i32 {
  if (!agentExists(agent)) return BAD_HANDLE;
  while (firstHolding(agent) != 0) releaseHolding(agent, firstHolding(agent));
  dropFiltersOfAgent(agent);
  freeBits(agent);
  dropExclusions(agent);
  setMaintenanceFlag(agent, false);
  forgetPending(agent);
  leaveOrder(agent);
  unmakeAgent(agent);
  return OK;
}

/** Replaces the total by the list in the buffer; answers 1 if it changed, or minus a status. */
export function setTotal(agent: u32, count: u32): i32 {
  if (!agentExists(agent)) return -BAD_HANDLE;
  if (readList(count) == 0) return -readStatus();
  if (rowEqual(scratch(0), collectTotal(agent))) return 0;
  replaceTotal(agent, scratch(0));
  forgetSeen(agent);
  wake(agent);
  return 1;
}

/** Adds the list in the buffer to the total. */
export function growTotal(agent: u32, count: u32): i32 {
  if (!agentExists(agent)) return -BAD_HANDLE;
  if (readList(count) == 0) return -readStatus();
  const row = scratch(2);
  rowClear(row);
  const total = collectTotal(agent);
  rowAddAll(row, rowItems(total), rowCount(total));
  rowAddAll(row, rowItems(scratch(0)), rowCount(scratch(0)));
  if (rowEqual(row, total)) return 0;
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
  if (!agentExists(agent)) return BAD_HANDLE;
  dropFiltersOfAgent(agent);
  dropInverseFiltersOfAgent(agent);
  return OK;
}

/** Maintenance is scheduled (1) or not (0); earlier inverse offers and their filters are void. */
export function setMaintenance(agent: u32, on: u32): i32 {
  if (!agentExists(agent)) return BAD_HANDLE;
  setMaintenanceFlag(agent, on != 0);
  return OK;
}

/** An inverse offer was answered or taken back; `end` is when its filter ends, below 0 for none. */
export function answerInverse(framework: u32, agent: u32, end: f64): i32 {
  if (!frameworkKnown(framework) || !agentExists(agent) || end != end) return BAD_HANDLE;
  if ((agentFlags(agent) & AGENT_MAINTENANCE) == 0) return OK;
  answer(framework, agent, end);
  return OK;
}
