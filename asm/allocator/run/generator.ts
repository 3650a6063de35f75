// The core's own random numbers: xoshiro256**, seeded through splitmix64. Its state is part of the
// saved state, so the same seed and the same calls give the same offers everywhere.
import { CHECKED, slot } from '../../memory';
import { SLOT_SEED } from '../../slots';

/** Seed 0 means no shuffle; the random sorters then use a fixed seed. */
export function seedGenerator(seed: u64): void {
  let x = seed;
  for (let i = 0; i < 4; i++) {
    x += 0x9e3779b97f4a7c15;
    let z = x;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    store<u64>(slot(SLOT_SEED + i), z ^ (z >> 31));
  }
}

function nextRandom(): u64 {
  const at = slot(SLOT_SEED);
  const s0 = load<u64>(at);
  const s1 = load<u64>(at, 8);
  let s2 = load<u64>(at, 16);
  let s3 = load<u64>(at, 24);
  const result = rotl<u64>(s1 * 5, 7) * 9;
  const t = s1 << 17;
  s2 ^= s0;
  s3 ^= s1;
  store<u64>(at, s0 ^ s3);
  store<u64>(at, s1 ^ s2, 8);
  store<u64>(at, s2 ^ t, 16);
  store<u64>(at, rotl<u64>(s3, 45), 24);
  return result;
}

/** A whole number below `bound`, by the multiply-shift method. */
export function randomBelow(bound: u32): u32 {
  if (CHECKED) {
    assert(bound != 0, 'no number below 0');
  }
  return <u32>(((nextRandom() >> 32) * <u64>bound) >> 32);
}

/** A number in [0, 1) with 53 bits. */
export function randomUnit(): f64 {
  return <f64>(<i64>(nextRandom() >> 11)) / 9007199254740992.0;
}

/** Shuffles u32s in place. */
export function shuffle(list: usize, count: u32): void {
  for (let i = count; i > 1; i--) {
    const j = randomBelow(i);
    const a = list + ((<usize>(i - 1)) << 2);
    const b = list + ((<usize>j) << 2);
    const value = load<u32>(a);
    store<u32>(a, load<u32>(b));
    store<u32>(b, value);
  }
}
