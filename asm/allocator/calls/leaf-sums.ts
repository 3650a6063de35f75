// The export that tells what frameworks use in their roles, and what is on offer to them: one pass
// over all agents adds it up by leaf and name. It changes nothing.
//
//   sum:  leaf u32, in the answer framework u32 | 0, in the answer role u32 | name u32 |
//         next + 1 u32 | used f64 | offered f64
import { isScalar, kindFlags, kindName } from '../../kinds';
import { tableCount } from '../../memory';
import { find, ITEM_SIZE, ioReserve, itemAmount, itemKind, rowCount, rowItems } from '../../rows';
import { SLOT_AGENTS, SLOT_LEAVES } from '../../slots';
import { agentExists } from '../tables/agents';
import { leafFramework, leafRole } from '../tables/frameworks';
import {
  firstHolding,
  holdingCount,
  holdingItems,
  holdingLeaf,
  nextHolding,
  usedRow,
} from '../tables/holdings';
import { amountOf, HEAD, indexOf, sumAt } from './sum-chains';

// @ts-ignore: decorator
@inline
const SUM_SIZE: usize = 32;

// @ts-ignore: decorator
@inline
const USED: usize = 16;

// @ts-ignore: decorator
@inline
const OFFERED: usize = 24;

/**
 * Writes what frameworks that take part have of scalars in each of their roles: `sums u32 | -`,
 * then for each framework, role and name that has any `framework u32 | role u32 | name u32 | - |
 * used f64 | offered f64`. Answers how many sums there are. A shared volume counts once an agent as
 * used, and once as offered.
 */
export function readLeaves(): i32 {
  const base = (HEAD + ((<usize>tableCount(SLOT_LEAVES)) << 2) + 7) & ~7;
  memory.fill(ioReserve(base), 0, base);
  const agents = tableCount(SLOT_AGENTS);
  for (let agent: u32 = 0; agent < agents; agent++) {
    if (!agentExists(agent)) {
      continue;
    }
    for (let at = firstHolding(agent); at != 0; at = nextHolding(at)) {
      if (holdingLeaf(at) != 0) {
        addHolding(base, at);
      }
    }
  }
  const io = ioReserve(0);
  const sums = load<u32>(io);
  for (let sum: u32 = 0; sum < sums; sum++) {
    const at = sumAt(base, SUM_SIZE, sum);
    const leaf = load<u32>(at);
    store<u32>(at, leafFramework(leaf));
    store<u32>(at, leafRole(leaf), 4);
  }
  memory.copy(io + HEAD, io + base, <usize>sums * SUM_SIZE);
  return <i32>sums;
}

function addHolding(base: usize, holding: usize): void {
  const leaf = holdingLeaf(holding) - 1;
  const used = usedRow(holding);
  const count = holdingCount(holding);
  for (let i: u32 = 0; i < count; i++) {
    const item = holdingItems(holding) + <usize>i * ITEM_SIZE;
    const kind = itemKind(item);
    const flags = kindFlags(kind);
    if (!isScalar(flags)) {
      continue;
    }
    const found = find(rowItems(used), rowCount(used), kind);
    const taken = found == 0 ? 0.0 : itemAmount(found);
    const rest = itemAmount(item) - taken;
    const sum = sumAt(base, SUM_SIZE, indexOf(base, SUM_SIZE, leaf, 0, kindName(kind)));
    if (taken > 0) {
      store<f64>(sum, load<f64>(sum, USED) + amountOf(kind, flags, taken), USED);
    }
    if (rest > 0) {
      store<f64>(sum, load<f64>(sum, OFFERED) + amountOf(kind, flags, rest), OFFERED);
    }
  }
}
