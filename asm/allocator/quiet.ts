// Quiet agents: a visit would offer nothing to anyone until something happens to them. A bit each, so that a
// run passes over thousands of them at once.
import { resize, slot } from '../memory';
import { SLOT_QUIET } from '../slots';

// --- Quiet agents: a visit would offer nothing to anyone until something happens to them ---
function quietWord(agent: u32): usize {
  const word = agent >> 5;
  const have = load<u32>(slot(SLOT_QUIET + 1));
  if (word >= have) {
    let next: u32 = have == 0 ? 64 : have << 1;
    while (next <= word) next <<= 1;
    const bits = resize(
      load<usize>(slot(SLOT_QUIET)),
      <usize>have << 2,
      <usize>have << 2,
      <usize>next << 2,
    );
    memory.fill(bits + (<usize>have << 2), 0, <usize>(next - have) << 2);
    store<usize>(slot(SLOT_QUIET), bits);
    store<u32>(slot(SLOT_QUIET + 1), next);
  }
  return load<usize>(slot(SLOT_QUIET)) + (<usize>word << 2);
}

export function wake(agent: u32): void {
  const at = quietWord(agent);
  store<u32>(at, load<u32>(at) & ~(1 << (agent & 31)));
}

export function quieten(agent: u32): void {
  const at = quietWord(agent);
  store<u32>(at, load<u32>(at) | (1 << (agent & 31)));
}

export function isQuiet(agent: u32): bool {
  return (load<u32>(quietWord(agent)) & (1 << (agent & 31))) != 0;
}

export function wakeAll(): void {
  memory.fill(load<usize>(slot(SLOT_QUIET)), 0, <usize>load<u32>(slot(SLOT_QUIET + 1)) << 2);
}
