// An allocator's state as bytes, from which another allocator can go on: the host's part as JSON,
// then the module's memory.
//
//   magic u32 | ABI version u32 | bytes of JSON u32 | bytes of memory u32 | JSON | memory
import { ABI_VERSION } from './constants.ts';
import type { PauseSnapshot } from './election-pause.ts';
import type { AllocatorOptions } from './interface.ts';
import type { AgentsSnapshot } from './known-agents.ts';
import type { FrameworksSnapshot } from './known-frameworks.ts';
import { CoreError } from './module.ts';
import type { KindsSnapshot } from './resource-interner.ts';
import type { RolesSnapshot } from './roles.ts';

/** What the host keeps besides the module's memory. */
export interface HostSnapshot extends AgentsSnapshot, FrameworksSnapshot, PauseSnapshot {
  readonly options: AllocatorOptions;
  readonly kinds: KindsSnapshot;
  readonly roles: RolesSnapshot;
  readonly now: number;
}

const MAGIC = 0x4d53434f;
const HEAD = 16;

/**
 * Writes bytes, which JSON does not have, as numbers. They are rare in what is kept (secrets of
 * volumes).
 */
function replace(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { $bytes: [...value] } : value;
}

function revive(_key: string, value: unknown): unknown {
  const bytes = (value as { $bytes?: number[] } | null)?.$bytes;
  return bytes === undefined ? value : Uint8Array.from(bytes);
}

/** `agents` is the JSON of that field; `memory` is copied. */
export function packState(
  names: Omit<HostSnapshot, 'agents'>,
  agents: string,
  memory: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const others = JSON.stringify(names, replace).slice(1);
  const json = new TextEncoder().encode(`{"agents":${agents},${others}`);
  const packed = new Uint8Array(HEAD + json.length + memory.length);
  const head = new DataView(packed.buffer);
  head.setUint32(0, MAGIC);
  head.setUint32(4, ABI_VERSION);
  head.setUint32(8, json.length);
  head.setUint32(12, memory.length);
  packed.set(json, HEAD);
  packed.set(memory, HEAD + json.length);
  return packed;
}

export function unpackState(packed: Uint8Array): {
  names: HostSnapshot;
  memory: Uint8Array;
} {
  if (!ArrayBuffer.isView(packed)) {
    throw new CoreError('BAD_ARGUMENT', 'a saved allocator is expected, as bytes');
  }
  const head = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const fits =
    packed.length >= HEAD &&
    head.getUint32(0) === MAGIC &&
    packed.length === HEAD + head.getUint32(8) + head.getUint32(12);
  if (!fits) {
    throw new CoreError('BAD_ARGUMENT', 'these bytes are no saved allocator');
  }
  if (head.getUint32(4) !== ABI_VERSION) {
    throw new CoreError('ABI_MISMATCH', `saved with version ${head.getUint32(4)}`);
  }
  const end = HEAD + head.getUint32(8);
  const names = JSON.parse(new TextDecoder().decode(packed.subarray(HEAD, end)), revive);
  return { names, memory: packed.subarray(end) };
}
