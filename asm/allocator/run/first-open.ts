// The first leaf of a group to which an agent is open, which no refusal, constraint or trait keeps
// from it. The tournament is searched from the top, and not below a pairing whose winner is open or
// goes after the best leaf found so far. Nothing is parked for it.
import { filtersOn } from '../filters/filter-lists';
import { excludedBits, excludedWords, hiddenBits, hiddenWords } from '../filters/leaf-bits';
import { leafTraits } from '../tables/frameworks';
import { goesFirst, isEmptySlot, memberOwner, pairedSlot } from '../tables/groups';

/** There is no such slot. */
export const NO_SLOT: u32 = 0xffffffff;

/** What the search at hand knows of its agent. */
abstract class Search {
  static group: usize = 0;
  static hidden: usize = 0;
  static hiddenWords: u32 = 0;
  static excluded: usize = 0;
  static excludedWords: u32 = 0;
  static denies: u32 = 0;
  static best: u32 = 0;
}

function isOpen(leaf: u32): bool {
  const word = leaf >> 5;
  let closed: u32 = 0;
  if (word < Search.hiddenWords) {
    closed = load<u32>(Search.hidden + ((<usize>word) << 2));
  }
  if (word < Search.excludedWords) {
    closed |= load<u32>(Search.excluded + ((<usize>word) << 2));
  }
  return ((closed >> (leaf & 31)) & 1) == 0 && (leafTraits(leaf) & Search.denies) == 0;
}

/** Looks into the part of the tournament below a pairing, or at a slot where that is one. */
function lookInto(pairing: u32): void {
  const group = Search.group;
  const winner = pairedSlot(group, pairing);
  if (isEmptySlot(group, winner)) {
    return;
  }
  if (Search.best != NO_SLOT && !goesFirst(group, winner, Search.best)) {
    return;
  }
  if (isOpen(memberOwner(group, winner))) {
    Search.best = winner;
    return;
  }
  const left = pairing << 1;
  if (pairing >= load<u32>(group)) {
    return;
  }
  // First the side that the winner did not come from: a leaf found there spares most of the other
  // side.
  const other = left + <u32>(pairedSlot(group, left) == winner);
  lookInto(other);
  lookInto(other ^ 1);
}

/**
 * The slot of the first leaf to which the agent is open, or NO_SLOT. The agent's hidden bits must
 * be those of what is free now.
 */
export function firstOpen(group: usize, agent: u32, denies: u32): u32 {
  const hasBits = filtersOn(agent) != 0;
  Search.group = group;
  Search.hidden = hiddenBits(agent);
  Search.hiddenWords = hasBits ? hiddenWords(agent) : 0;
  Search.excluded = excludedBits(agent);
  Search.excludedWords = excludedWords(agent);
  Search.denies = denies;
  Search.best = NO_SLOT;
  lookInto(1);
  return Search.best;
}
