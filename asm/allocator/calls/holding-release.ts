// The end of a holding, and of its leaf if only the holding kept it.
import { tableCount, tableWord } from '../../memory';
import { rowAddAll, rowClear, rowCount, rowItems, scratch } from '../../rows';
import { SLOT_ORDER } from '../../slots';
import { dropFiltersOfLeaf } from '../filters/filters';
import { leafExclusions, setExcluded } from '../filters/leaf-bits';
import { countUsed, unbook } from '../tables/accounting';
import {
  countEarlyHolding,
  deactivateLeaf,
  dropLeaf,
  LEAF_SUBSCRIBED,
  leafAt,
  leafFlags,
} from '../tables/frameworks';
import {
  dropHolding,
  holdingCount,
  holdingFramework,
  holdingItems,
  holdingLeaf,
  holdingRole,
  usedRow,
} from '../tables/holdings';
import { wake } from '../tables/idle-agents';

/** Forgets a leaf that is no longer subscribed, if nothing is held through it. */
export function tryDrop(leaf: u32): void {
  if ((leafFlags(leaf) & LEAF_SUBSCRIBED) != 0) {
    return;
  }
  if (load<u32>(leafAt(leaf), 48) != 0) {
    return;
  }
  deactivateLeaf(leaf);
  dropFiltersOfLeaf(leaf);
  dropExclusionsOfLeaf(leaf);
  dropLeaf(leaf);
}

export function dropExclusionsOfLeaf(leaf: u32): void {
  const count = tableCount(SLOT_ORDER);
  for (let i: u32 = 0; i < count && leafExclusions(leaf) != 0; i++) {
    setExcluded(tableWord(SLOT_ORDER, i), leaf, false);
  }
}

/** Takes back all of a holding, used or not. */
export function releaseHolding(agent: u32, holding: usize): void {
  const used = usedRow(holding);
  if (holdingLeaf(holding) != 0) {
    countUsed(holdingRole(holding), rowItems(used), rowCount(used), -1);
  }
  const row = scratch(3);
  rowClear(row);
  rowAddAll(row, holdingItems(holding), holdingCount(holding));
  unbook(agent, holding, row);
  unlinkHolding(agent, holding);
  wake(agent);
}

/** Removes an empty holding, and its leaf if only the holding kept it. */
export function unlinkHolding(agent: u32, holding: usize): void {
  const leaf = holdingLeaf(holding);
  if (leaf == 0) {
    countEarlyHolding(holdingFramework(holding), -1);
  }
  dropHolding(agent, holding);
  if (leaf == 0) {
    return;
  }
  const at = leafAt(leaf - 1);
  store<u32>(at, load<u32>(at, 48) - 1, 48);
  tryDrop(leaf - 1);
}
