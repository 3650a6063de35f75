// Bits of an agent, one a leaf: from which leaves a filter hides what is free, which leaves a
// constraint excludes, which leaves have a filter on the agent at all. Bits beyond the last word
// are clear.
import { CHECKED, free, resizeZeroed, tableCount } from '../../memory';
import { SLOT_LEAVES } from '../../slots';
import { agentAt } from '../tables/agents';
import { leafAt } from '../tables/frameworks';
import { wake } from '../tables/idle-agents';

// Where an agent's record has the address and the words of each kind.

export const HIDDEN: usize = 32;
const EXCLUDED: usize = 48;
/** Leaves with a refusal on the agent, whatever was refused; kept from MANY_FILTERS on. */
export const FILTERED: usize = 68;

export function bitsReserve(agent: u32, offset: usize): usize {
  const at = agentAt(agent) + offset;
  const have = load<u32>(at, 4);
  const need = (tableCount(SLOT_LEAVES) + 31) >> 5;
  if (have < need) {
    const next = max<u32>(need + (need >> 2), 4);
    store<usize>(at, resizeZeroed(load<usize>(at), (<usize>have) << 2, (<usize>next) << 2));
    store<u32>(at, next, 4);
  }
  return load<usize>(at);
}

export function bitsFree(agent: u32, offset: usize): void {
  const at = agentAt(agent) + offset;
  free(load<usize>(at), (<usize>load<u32>(at, 4)) << 2);
  store<usize>(at, 0);
  store<u32>(at, 0, 4);
}

export function setBit(agent: u32, offset: usize, leaf: u32, on: bool): void {
  const at = agentAt(agent) + offset;
  if (CHECKED) {
    assert(leaf < tableCount(SLOT_LEAVES), 'a bit of no leaf');
  }
  const word = leaf >> 5;
  if (word >= load<u32>(at, 4)) {
    if (!on) {
      return;
    }
    bitsReserve(agent, offset);
  }
  const to = load<usize>(at) + ((<usize>word) << 2);
  const bit: u32 = 1 << (leaf & 31);
  store<u32>(to, on ? load<u32>(to) | bit : load<u32>(to) & ~bit);
}

export function testBit(agent: u32, offset: usize, leaf: u32): bool {
  const at = agentAt(agent) + offset;
  const word = leaf >> 5;
  if (word >= load<u32>(at, 4)) {
    return false;
  }
  return (load<u32>(load<usize>(at) + ((<usize>word) << 2)) & (1 << (leaf & 31))) != 0;
}

// @ts-ignore: decorator
@inline
export function isExcluded(agent: u32, leaf: u32): bool {
  return testBit(agent, EXCLUDED, leaf);
}
export function setExcluded(agent: u32, leaf: u32, excluded: bool): void {
  if (testBit(agent, EXCLUDED, leaf) == excluded) {
    return;
  }
  setBit(agent, EXCLUDED, leaf, excluded);
  if (CHECKED) {
    assert(excluded || leafExclusions(leaf) != 0, 'an exclusion that is not counted');
  }
  store<u32>(leafAt(leaf), load<u32>(leafAt(leaf), 44) + (excluded ? 1 : -1), 44);
  if (!excluded) {
    wake(agent);
  }
}
export function leafExclusions(leaf: u32): u32 {
  return load<u32>(leafAt(leaf), 44);
}
/** Drops all exclusions of an agent that is removed. */
export function dropExclusions(agent: u32): void {
  const at = agentAt(agent) + EXCLUDED;
  const words = load<u32>(at, 4);
  for (let word: u32 = 0; word < words; word++) {
    let bits = load<u32>(load<usize>(at) + ((<usize>word) << 2));
    while (bits != 0) {
      const leaf = (word << 5) + <u32>ctz<u32>(bits);
      bits &= bits - 1;
      store<u32>(leafAt(leaf), load<u32>(leafAt(leaf), 44) - 1, 44);
    }
  }
  bitsFree(agent, EXCLUDED);
}
// @ts-ignore: decorator
@inline
export function isHidden(agent: u32, leaf: u32): bool {
  return testBit(agent, HIDDEN, leaf);
}
// @ts-ignore: decorator
@inline
export function hiddenBits(agent: u32): usize {
  return load<usize>(agentAt(agent), 32);
}
// @ts-ignore: decorator
@inline
export function hiddenWords(agent: u32): u32 {
  return load<u32>(agentAt(agent), 36);
}
// @ts-ignore: decorator
@inline
export function excludedBits(agent: u32): usize {
  return load<usize>(agentAt(agent), 48);
}
// @ts-ignore: decorator
@inline
export function excludedWords(agent: u32): u32 {
  return load<u32>(agentAt(agent), 52);
}
