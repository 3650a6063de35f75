// Inverse offers ask for resources back. When maintenance is scheduled for an agent, each active
// framework that holds resources there gets one inverse offer for that agent. The inverse offer is
// outstanding until the framework answers it. If the answer is a refusal, a filter keeps the next
// inverse offer back until the filter's time is over.
import {
  CHECKED,
  slot,
  tableBase,
  tableClear,
  tableCount,
  tablePush,
  tablePushWord,
  tableRemoveWord,
  tableWord,
} from '../../memory';
import {
  SLOT_INVERSE,
  SLOT_INVERSE_FREE,
  SLOT_INVERSE_OFFERS,
  SLOT_MAINTENANCE,
  SLOT_NOW,
} from '../../slots';
import { AGENT_MAINTENANCE, agentAt, agentFlags, setAgentFlags } from '../tables/agents';
import { FRAMEWORK_ACTIVE, FRAMEWORK_KNOWN, frameworkFlags } from '../tables/frameworks';
import { firstHolding, holdingCount, holdingFramework, nextHolding } from '../tables/holdings';
import { isAskedFor } from './visit-order';

// Record: agent u32 | framework u32 | type u32 | next of agent + 1 u32 | end f64
// The number of the first, plus one, is in the record of the agent.
// @ts-ignore: decorator
@inline
const SIZE: usize = 24;
const OUTSTANDING: u32 = 1;
const FILTER: u32 = 2;

// @ts-ignore: decorator
@inline
function recordAt(index: u32): usize {
  if (CHECKED) {
    assert(index < tableCount(SLOT_INVERSE), 'no such inverse offer');
  }
  return tableBase(SLOT_INVERSE) + <usize>index * SIZE;
}

function add(agent: u32, framework: u32, type: u32, end: f64): void {
  const head = load<u32>(slot(SLOT_INVERSE_FREE));
  let index: u32;
  if (head != 0) {
    index = head - 1;
    store<u32>(slot(SLOT_INVERSE_FREE), load<u32>(recordAt(index), 12));
  } else {
    index = tablePush(SLOT_INVERSE, SIZE);
  }
  const at = recordAt(index);
  store<u32>(at, agent);
  store<u32>(at, framework, 4);
  store<u32>(at, type, 8);
  store<u32>(at, load<u32>(agentAt(agent), 100), 12);
  store<f64>(at, end, 16);
  store<u32>(agentAt(agent), index + 1, 100);
}

/**
 * Removes records of an agent: of one framework or of all (0xffffffff), of one type or of both (0).
 */
function remove(agent: u32, framework: u32, type: u32): bool {
  let found = false;
  let link = agentAt(agent) + 100;
  while (load<u32>(link) != 0) {
    const index = load<u32>(link) - 1;
    const at = recordAt(index);
    const matches =
      (framework == 0xffffffff || load<u32>(at, 4) == framework) &&
      (type == 0 || load<u32>(at, 8) == type);
    if (!matches) {
      link = at + 12;
      continue;
    }
    found = true;
    store<u32>(link, load<u32>(at, 12));
    store<u32>(at, 0, 8);
    store<u32>(at, load<u32>(slot(SLOT_INVERSE_FREE)), 12);
    store<u32>(slot(SLOT_INVERSE_FREE), index + 1);
  }
  return found;
}

function has(agent: u32, framework: u32, type: u32): bool {
  const now = load<f64>(slot(SLOT_NOW));
  for (let next = load<u32>(agentAt(agent), 100); next != 0; ) {
    const at = recordAt(next - 1);
    if (load<u32>(at, 4) == framework && load<u32>(at, 8) == type) {
      if (type != FILTER || load<f64>(at, 16) > now) {
        return true;
      }
    }
    next = load<u32>(at, 12);
  }
  return false;
}

export function setMaintenanceFlag(agent: u32, on: bool): void {
  remove(agent, 0xffffffff, 0);
  const flags = agentFlags(agent);
  const had = (flags & AGENT_MAINTENANCE) != 0;
  setAgentFlags(agent, on ? flags | AGENT_MAINTENANCE : flags & ~AGENT_MAINTENANCE);
  if (on && !had) {
    tablePushWord(SLOT_MAINTENANCE, agent);
  } else if (!on && had) {
    tableRemoveWord(SLOT_MAINTENANCE, agent);
  }
}

/**
 * An inverse offer was answered or rescinded: none is outstanding any more. `end` below 0 makes no
 * filter.
 */
export function answer(framework: u32, agent: u32, end: f64): void {
  remove(agent, framework, OUTSTANDING);
  if (end >= 0) {
    remove(agent, framework, FILTER);
    add(agent, framework, FILTER, end);
  }
}

/** Drops the filters of a framework on all agents. */
export function dropInverseOfFramework(framework: u32, outstanding: bool): void {
  const count = tableCount(SLOT_INVERSE);
  for (let i: u32 = 0; i < count; i++) {
    const at = recordAt(i);
    if (load<u32>(at, 8) == 0 || load<u32>(at, 4) != framework) {
      continue;
    }
    remove(load<u32>(at), framework, outstanding ? 0 : FILTER);
  }
}

export function dropInverseFiltersOfAgent(agent: u32): void {
  remove(agent, 0xffffffff, FILTER);
}

/** Makes the inverse offers of a run: pairs (framework, agent) in their table. */
export function makeInverseOffers(all: bool): void {
  tableClear(SLOT_INVERSE_OFFERS);
  const count = tableCount(SLOT_MAINTENANCE);
  for (let i: u32 = 0; i < count; i++) {
    const agent = tableWord(SLOT_MAINTENANCE, i);
    if (!all && !isAskedFor(agent)) {
      continue;
    }
    for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
      if (holdingCount(at) == 0) {
        continue;
      }
      const framework = holdingFramework(at);
      const flags = frameworkFlags(framework);
      if ((flags & FRAMEWORK_KNOWN) == 0 || (flags & FRAMEWORK_ACTIVE) == 0) {
        continue;
      }
      if (has(agent, framework, OUTSTANDING) || has(agent, framework, FILTER)) {
        continue;
      }
      add(agent, framework, OUTSTANDING, 0);
      const index = tablePush(SLOT_INVERSE_OFFERS, 8);
      const to = tableBase(SLOT_INVERSE_OFFERS) + ((<usize>index) << 3);
      store<u32>(to, framework);
      store<u32>(to, agent, 4);
    }
  }
}
