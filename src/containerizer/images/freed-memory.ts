// Memory that is given back at once. The garbage collector lets tens of megabytes of buffers come
// together, in each thread, before it looks whether anybody has them.

/** Nobody may have a part of it any more: all of them have no bytes from now on. */
export function freeMemory(memory: ArrayBufferLike): void {
  if (memory instanceof ArrayBuffer) {
    memory.transfer(0);
  }
}
