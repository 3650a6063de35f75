// The order in which agents are visited when nothing is shuffled: by place, then as they were
// added. And the candidates of a run: agents from that order, all or those for which a run was
// requested, without idle ones.
import {
  alloc,
  CHECKED,
  free,
  slot,
  tableBase,
  tableClear,
  tableCount,
  tablePush,
  tablePushWord,
  tableRemoveWord,
  tableReserve,
  tableWord,
} from '../../memory';
import {
  SLOT_AGENTS,
  SLOT_CANDIDATES,
  SLOT_IDLE,
  SLOT_ORDER,
  SLOT_ORDER_STATE,
  SLOT_PENDING_AGENTS,
  SLOT_PENDING_ALL,
  SLOT_SEQUENCE,
} from '../../slots';
import { AGENT_PRESENT, agentAt, agentFlags, mayBeOffered, setAgentFlags } from '../tables/agents';
import { isIdle } from '../tables/idle-agents';

/** Set on an agent for which a run was requested. */
const AGENT_PENDING: u32 = 32768;

// SLOT_ORDER_STATE: 0 while every agent's place in the order is its own number.

// @ts-ignore: decorator
@inline
function orderAt(index: u32): usize {
  if (CHECKED) {
    assert(index <= tableCount(SLOT_ORDER), 'no such place in the order');
  }
  return tableBase(SLOT_ORDER) + ((<usize>index) << 2);
}

function goesBefore(a: u32, b: u32): bool {
  const x = agentAt(a);
  const y = agentAt(b);
  const p = load<f64>(x, 80);
  const q = load<f64>(y, 80);
  if (p != q) {
    return p < q;
  }
  return load<u32>(x, 96) < load<u32>(y, 96);
}

/** Where an agent stands or would stand in the order. */
function position(agent: u32): u32 {
  let low: u32 = 0;
  let high = tableCount(SLOT_ORDER);
  while (low < high) {
    const middle = (low + high) >> 1;
    if (goesBefore(load<u32>(orderAt(middle)), agent)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

export function enterOrder(agent: u32): void {
  const sequence = load<u32>(slot(SLOT_SEQUENCE)) + 1;
  store<u32>(slot(SLOT_SEQUENCE), sequence);
  store<u32>(agentAt(agent), sequence, 96);
  const at = position(agent);
  const count = tablePush(SLOT_ORDER, 4);
  if (at != count) {
    memory.copy(orderAt(at + 1), orderAt(at), (<usize>(count - at)) << 2);
  }
  store<u32>(orderAt(at), agent);
  if (at != agent || at != count) {
    store<u32>(slot(SLOT_ORDER_STATE), 1);
  }
}

export function leaveOrder(agent: u32): void {
  const at = position(agent);
  const last = tableCount(SLOT_ORDER) - 1;
  if (CHECKED) {
    assert(load<u32>(orderAt(at)) == agent, 'an agent that the order does not have');
  }
  if (at != last) {
    memory.copy(orderAt(at), orderAt(at + 1), (<usize>(last - at)) << 2);
    store<u32>(slot(SLOT_ORDER_STATE), 1);
  }
  store<u32>(slot(SLOT_ORDER + 1), last);
  if (last == 0) {
    store<u32>(slot(SLOT_ORDER_STATE), 0);
  }
}

// --- Requested runs ---

export function askForAgent(agent: u32): void {
  const flags = agentFlags(agent);
  if ((flags & AGENT_PENDING) != 0) {
    return;
  }
  setAgentFlags(agent, flags | AGENT_PENDING);
  tablePushWord(SLOT_PENDING_AGENTS, agent);
}

export function askForAll(): void {
  store<u32>(slot(SLOT_PENDING_ALL), 1);
}

export function isAskedFor(agent: u32): bool {
  return load<u32>(slot(SLOT_PENDING_ALL)) != 0 || (agentFlags(agent) & AGENT_PENDING) != 0;
}

/** 1 when a run was requested, else 0. */
export function hasPending(): i32 {
  return load<u32>(slot(SLOT_PENDING_ALL)) != 0 || tableCount(SLOT_PENDING_AGENTS) != 0 ? 1 : 0;
}

export function clearPending(): void {
  const count = tableCount(SLOT_PENDING_AGENTS);
  for (let i: u32 = 0; i < count; i++) {
    const agent = tableWord(SLOT_PENDING_AGENTS, i);
    setAgentFlags(agent, agentFlags(agent) & ~AGENT_PENDING);
  }
  tableClear(SLOT_PENDING_AGENTS);
  store<u32>(slot(SLOT_PENDING_ALL), 0);
}

/** Forgets the requested run of an agent that is removed. */
export function forgetPending(agent: u32): void {
  if ((agentFlags(agent) & AGENT_PENDING) == 0) {
    return;
  }
  tableRemoveWord(SLOT_PENDING_AGENTS, agent);
}

// --- Candidates ---

/** The table has room for every agent. */
// @ts-ignore: decorator
@inline
function push(agent: u32): void {
  const index = tableCount(SLOT_CANDIDATES);
  if (CHECKED) {
    assert(index < load<u32>(slot(SLOT_CANDIDATES + 2)), 'no room for a candidate');
  }
  store<u32>(tableBase(SLOT_CANDIDATES) + ((<usize>index) << 2), agent);
  store<u32>(slot(SLOT_CANDIDATES + 1), index + 1);
}

function qualifies(agent: u32): bool {
  const flags = agentFlags(agent);
  return (flags & AGENT_PRESENT) != 0 && mayBeOffered(flags);
}

/** Fills the table of candidates: agents that may be offered and are not idle, in order. */
export function gatherCandidates(all: bool): void {
  tableClear(SLOT_CANDIDATES);
  tableReserve(SLOT_CANDIDATES, 4, tableCount(SLOT_ORDER));
  if (all) {
    const agents = tableCount(SLOT_ORDER);
    const ordered = load<u32>(slot(SLOT_ORDER_STATE)) == 0;
    if (agents == 0) {
      return;
    }
    const numbers = tableCount(SLOT_AGENTS);
    // Makes room for the bits of all agents.
    isIdle(numbers - 1);
    const idle = load<usize>(slot(SLOT_IDLE));
    if (!ordered && awake(idle, numbers) > agents >> 3) {
      for (let i: u32 = 0; i < agents; i++) {
        const agent = load<u32>(orderAt(i));
        if (!isIdle(agent) && qualifies(agent)) {
          push(agent);
        }
      }
      return;
    }
    for (let word: u32 = 0; word < (numbers + 63) >> 6; word++) {
      let open = ~load<u64>(idle + ((<usize>word) << 3));
      while (open != 0) {
        const agent = (word << 6) + <u32>ctz<u64>(open);
        open &= open - 1;
        if (agent < numbers && qualifies(agent)) {
          push(agent);
        }
      }
    }
    if (!ordered) {
      sort(0, tableCount(SLOT_CANDIDATES));
    }
    return;
  }
  const count = tableCount(SLOT_PENDING_AGENTS);
  for (let i: u32 = 0; i < count; i++) {
    const agent = tableWord(SLOT_PENDING_AGENTS, i);
    if (!isIdle(agent) && qualifies(agent)) {
      push(agent);
    }
  }
  sort(0, tableCount(SLOT_CANDIDATES));
}

function awake(idle: usize, numbers: u32): u32 {
  let count: u32 = 0;
  for (let word: u32 = 0; word < (numbers + 31) >> 5; word++) {
    count += 32 - <u32>popcnt<u32>(load<u32>(idle + ((<usize>word) << 2)));
  }
  return count;
}

// @ts-ignore: decorator
@inline
function candidateAt(index: u32): usize {
  if (CHECKED) {
    assert(index < tableCount(SLOT_CANDIDATES), 'no such candidate');
  }
  return tableBase(SLOT_CANDIDATES) + ((<usize>index) << 2);
}

/** Merge sort of the candidates from `from` to `to`; they are mostly sorted already. */
function sort(from: u32, to: u32): void {
  if (to - from < 2) {
    return;
  }
  let sorted = true;
  for (let i = from + 1; i < to && sorted; i++) {
    sorted = !goesBefore(load<u32>(candidateAt(i)), load<u32>(candidateAt(i - 1)));
  }
  if (sorted) {
    return;
  }
  const middle = (from + to) >> 1;
  sort(from, middle);
  sort(middle, to);
  const bytes = (<usize>(middle - from)) << 2;
  const left = alloc(bytes);
  memory.copy(left, candidateAt(from), bytes);
  let i: u32 = 0;
  let j = middle;
  let k = from;
  const half = middle - from;
  while (i < half) {
    const a = load<u32>(left + ((<usize>i) << 2));
    if (j < to && goesBefore(load<u32>(candidateAt(j)), a)) {
      store<u32>(candidateAt(k), load<u32>(candidateAt(j)));
      j++;
    } else {
      store<u32>(candidateAt(k), a);
      i++;
    }
    k++;
  }
  free(left, bytes);
}

/** True when some agent may be offered at all, idle or not. */
export function anyoneMayBeOffered(all: bool): bool {
  const count = all ? tableCount(SLOT_ORDER) : tableCount(SLOT_PENDING_AGENTS);
  for (let i: u32 = 0; i < count; i++) {
    const agent = all ? load<u32>(orderAt(i)) : tableWord(SLOT_PENDING_AGENTS, i);
    if (qualifies(agent)) {
      return true;
    }
  }
  return false;
}
