// Shares: the greatest part of anything that the cluster has, divided by the weight.
import { nameCount, nameExcluded } from '../../kinds';
import { alloc, CHECKED, free, slot } from '../../memory';
import { SLOT_SHARE_NAMES, SLOT_TOTALS, SLOT_TOTALS_VERSION } from '../../slots';
import { vectorAt } from '../../vectors';

/**
 * Makes the list of names that count anew, for the cluster's totals have changed:
 *
 *   name u32 | unused u32 | units of the cluster f64
 */
export function totalsChanged(): void {
  const names = nameCount();
  const capacity = load<u32>(slot(SLOT_SHARE_NAMES + 2));
  if (capacity < names) {
    free(load<usize>(slot(SLOT_SHARE_NAMES)), <usize>capacity * 16);
    store<usize>(slot(SLOT_SHARE_NAMES), alloc(<usize>names * 16));
    store<u32>(slot(SLOT_SHARE_NAMES + 2), names);
  }
  const list = load<usize>(slot(SLOT_SHARE_NAMES));
  const totals = vectorAt(load<u32>(slot(SLOT_TOTALS)));
  let count: u32 = 0;
  for (let name: u32 = 0; name < names; name++) {
    const total = load<f64>(totals + ((<usize>name) << 3));
    if (total <= 0 || nameExcluded(name)) {
      continue;
    }
    store<u32>(list + <usize>count * 16, name);
    store<f64>(list + <usize>count * 16, total / 1000, 8);
    count++;
  }
  store<u32>(slot(SLOT_SHARE_NAMES + 1), count);
  store<u32>(slot(SLOT_TOTALS_VERSION), load<u32>(slot(SLOT_TOTALS_VERSION)) + 1);
}

/**
 * Keeps the share of a node and answers its bits: max over names of (held / total), each in units
 * as f64, divided by the weight, with real divisions. Shares are never negative, so bits are
 * compared, without a branch.
 */
// @ts-ignore: decorator
@inline
export function weighShare(record: usize, vector: u32): u64 {
  const held = vectorAt(vector);
  const list = load<usize>(slot(SLOT_SHARE_NAMES));
  const end = list + ((<usize>load<u32>(slot(SLOT_SHARE_NAMES + 1))) << 4);
  let greatest: u64 = 0;
  for (let at = list; at < end; at += 16) {
    const amount = load<f64>(held + ((<usize>load<u32>(at)) << 3));
    const part = reinterpret<u64>(amount / 1000 / load<f64>(at, 8));
    if (CHECKED) {
      assert(reinterpret<f64>(part) >= 0, 'a share whose bits are not in order');
    }
    greatest = select<u64>(part, greatest, part > greatest);
  }
  store<u64>(record, greatest);
  // Nearly every weight is 1, and a division is long.
  const weight = load<f64>(record, 8);
  if (CHECKED) {
    // Not a number: the node has not taken its role's weight yet.
    assert(weight > 0 || isNaN(weight), 'a node with a weight that is none');
  }
  if (weight != 1) {
    greatest = reinterpret<u64>(reinterpret<f64>(greatest) / weight);
    store<u64>(record, greatest);
  }
  return greatest;
}

/**
 * Writes the greatest part of anything that the cluster has, `part f64 | name f64`, without regard
 * to weights and without keeping it; answers whether there is any.
 */
export function writePart(to: usize, vector: u32): bool {
  const held = vectorAt(vector);
  const list = load<usize>(slot(SLOT_SHARE_NAMES));
  const end = list + ((<usize>load<u32>(slot(SLOT_SHARE_NAMES + 1))) << 4);
  let greatest: f64 = 0;
  let name: u32 = 0;
  for (let at = list; at < end; at += 16) {
    const part = load<f64>(held + ((<usize>load<u32>(at)) << 3)) / 1000 / load<f64>(at, 8);
    if (part > greatest) {
      greatest = part;
      name = load<u32>(at);
    }
  }
  store<f64>(to, greatest);
  store<f64>(to, <f64>name, 8);
  return greatest > 0;
}

export function refreshShare(record: usize): void {
  weighShare(record, load<u32>(record, 28));
}
