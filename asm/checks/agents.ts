// Checks of agents: entries, holdings, the allocation order, filters and bits of an agent agree.
import { checkFiltersOfAgent } from '../allocator/filters/filters';
import { REFUSED_HEAD } from '../allocator/filters/refused-lists';
import {
  AGENT_COMPLEX,
  AGENT_MAINTENANCE,
  AGENT_ORDERED,
  AGENT_SIZE,
  agentAt,
  agentExists,
  agentFlags,
} from '../allocator/tables/agents';
import { HELD_SIZE, heldCount, heldList } from '../allocator/tables/allocation-order';
import {
  ENTRY_SIZE,
  entriesOf,
  entryCount,
  entryFlags,
  entryTotal,
  findEntry,
  freeAmount,
  freeSetOf,
} from '../allocator/tables/entries';
import { findLeaf, frameworkExists } from '../allocator/tables/frameworks';
import {
  findHolding,
  firstHolding,
  holdingCount,
  holdingFramework,
  holdingHas,
  holdingItems,
  holdingLeaf,
  holdingRole,
  nextHolding,
  usedRow,
} from '../allocator/tables/holdings';
import { roleExists } from '../allocator/tables/roles';
import { rangeAmount } from '../intervals';
import { isScalar, kindFlags, kindName, nameCount } from '../kinds';
import { checkFreeNumbers, slot, tableBase, tableCount } from '../memory';
import { find, ITEM_SIZE, itemAmount, itemKind, rowCount, rowItems } from '../rows';
import {
  SLOT_AGENT_FREE,
  SLOT_AGENTS,
  SLOT_COMPLEX_AGENTS,
  SLOT_EMPTY,
  SLOT_HEAP,
  SLOT_IDLE,
  SLOT_LOANS,
  SLOT_MAINTENANCE,
  SLOT_ORDER,
  SLOT_ORPHANS,
  SLOT_PARKED,
  SLOT_REFUSED_LISTS,
  SLOT_STARVED,
  SLOT_TALLY,
} from '../slots';
import { valueOf } from '../vectors';
import { checkItems } from './lists';

/** Asserts that nothing of a run or a trial is left. */
export function checkAtRest(): void {
  assert(tableCount(SLOT_PARKED) == 0, 'a member that is still parked');
  assert(tableCount(SLOT_STARVED) == 0, 'a role that is still benched');
  assert(tableCount(SLOT_LOANS) == 0, 'a loan that was not returned');
  for (let name: u32 = 0; name < nameCount(); name++) {
    assert(valueOf(load<u32>(slot(SLOT_TALLY)), name) == 0, 'a tally that no role counts');
  }
}

export function checkAgent(agent: u32): void {
  for (let i: u32 = 0; i < entryCount(agent); i++) {
    const entry = entriesOf(agent) + <usize>i * ENTRY_SIZE;
    const kind = load<u32>(entry);
    const flags = kindFlags(kind);
    assert(findEntry(agent, kind) == entry, 'two entries of one kind');
    assert(entryFlags(entry) == (flags | (kindName(kind) << 16)), 'an entry of another kind');
    if (!isScalar(flags)) {
      const total = load<usize>(entry, 24);
      assert(entryTotal(entry) == rangeAmount(total), 'a total of other numbers');
      assert(rangeAmount(freeSetOf(entry)) <= rangeAmount(total), 'more is free than there is');
      continue;
    }
    let held: f64 = 0;
    for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
      const item = find(holdingItems(at), holdingCount(at), kind);
      if (item != 0) {
        held += itemAmount(item);
      }
    }
    assert(load<f64>(entry, 16) == held, 'an entry that does not count what is held');
  }
  for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
    checkHolding(agent, at);
  }
  if ((agentFlags(agent) & AGENT_ORDERED) != 0) {
    checkHeldOrder(agent);
  }
  checkFiltersOfAgent(agent);
}

function checkHolding(agent: u32, holding: usize): void {
  const framework = holdingFramework(holding);
  const role = holdingRole(holding);
  assert(findHolding(agent, framework, role) == holding, 'two holdings of a framework in a role');
  assert(frameworkExists(framework) && roleExists(role), 'a holding of nobody');
  checkItems(holdingItems(holding), holdingCount(holding));
  checkItems(rowItems(usedRow(holding)), rowCount(usedRow(holding)));
  assert(holdingHas(holding, usedRow(holding), false), 'more is used than is held');
  for (let i: u32 = 0; i < holdingCount(holding); i++) {
    const kind = itemKind(holdingItems(holding) + <usize>i * ITEM_SIZE);
    assert(findEntry(agent, kind) != 0, 'something is held that no entry has');
  }
  const leaf = holdingLeaf(holding);
  if (leaf != 0) {
    assert(findLeaf(framework, role) == leaf, 'a holding of another leaf');
  }
}

/** Asserts that the allocation order and the holdings have the same scalars. */
function checkHeldOrder(agent: u32): void {
  for (let i: u32 = 0; i < entryCount(agent); i++) {
    const entry = entriesOf(agent) + <usize>i * ENTRY_SIZE;
    const kind = load<u32>(entry);
    if (!isScalar(kindFlags(kind))) {
      continue;
    }
    let held: f64 = 0;
    for (let j: u32 = 0; j < heldCount(agent); j++) {
      const one = heldList(agent) + <usize>j * HELD_SIZE;
      if (load<u32>(one) == kind) {
        held += load<f64>(one, 16);
      }
    }
    assert(load<f64>(entry, 16) == held, 'the allocation order has more or less than is held');
  }
}

export function checkAgentsTogether(): void {
  let agents: u32 = 0;
  let complex: u32 = 0;
  let maintenance: u32 = 0;
  let filters: u32 = 0;
  for (let agent: u32 = 0; agent < tableCount(SLOT_AGENTS); agent++) {
    if (!agentExists(agent)) {
      continue;
    }
    agents++;
    if ((agentFlags(agent) & AGENT_COMPLEX) != 0) {
      complex++;
    }
    if ((agentFlags(agent) & AGENT_MAINTENANCE) != 0) {
      maintenance++;
    }
    filters += checkFiltersOfAgent(agent);
    checkIdle(agent);
  }
  const free = checkFreeNumbers(SLOT_AGENTS, AGENT_SIZE, SLOT_AGENT_FREE, 4);
  assert(agents + free == tableCount(SLOT_AGENTS), 'agents that are lost');
  assert(complex == load<u32>(slot(SLOT_COMPLEX_AGENTS)), 'complex agents that are not counted');
  assert(
    maintenance == tableCount(SLOT_MAINTENANCE),
    'agents with maintenance that are not listed',
  );
  assert(filters == tableCount(SLOT_HEAP), 'filters that no agent has');
  assert(agents == tableCount(SLOT_ORDER), 'agents that are not in the order');
  for (let i: u32 = 1; i < agents; i++) {
    const before = agentAt(load<u32>(tableBase(SLOT_ORDER) + ((<usize>(i - 1)) << 2)));
    const after = agentAt(load<u32>(tableBase(SLOT_ORDER) + ((<usize>i) << 2)));
    assert(load<f64>(before, 80) <= load<f64>(after, 80), 'agents out of order');
  }
  let references: u32 = 0;
  let refused: u32 = 0;
  for (let i: u32 = 0; i < load<u32>(slot(SLOT_REFUSED_LISTS + 1)); i++) {
    let row = load<usize>(load<usize>(slot(SLOT_REFUSED_LISTS)) + ((<usize>i) << 2));
    for (; row != 0; row = load<usize>(row, 12)) {
      references += load<u32>(row);
      refused++;
      checkItems(row + REFUSED_HEAD, load<u32>(row, 4));
    }
  }
  assert(refused == load<u32>(slot(SLOT_REFUSED_LISTS + 2)), 'refused lists that are not counted');
  assert(references == filters + tableCount(SLOT_ORPHANS), 'refused lists that are not let go');
}

function checkIdle(agent: u32): void {
  if (agent >> 5 >= load<u32>(slot(SLOT_IDLE + 1))) {
    return;
  }
  const offset = (<usize>(agent >> 5)) << 2;
  const bit: u32 = 1 << (agent & 31);
  if ((load<u32>(load<usize>(slot(SLOT_EMPTY)) + offset) & bit) == 0) {
    return;
  }
  assert((load<u32>(load<usize>(slot(SLOT_IDLE)) + offset) & bit) != 0, 'an empty agent not idle');
  for (let i: u32 = 0; i < entryCount(agent); i++) {
    const entry = entriesOf(agent) + <usize>i * ENTRY_SIZE;
    assert(freeAmount(entry) <= 0, 'an empty agent with something free');
  }
}
