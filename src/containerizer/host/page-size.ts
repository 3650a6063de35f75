// The machine's unit of memory.
import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';

const WORD_BYTES = 8;
const AT_PAGESZ = 6n;

let known: number | undefined;

/**
 * The bytes of a page. The kernel tells each process of it as it begins: pairs of words, a kind and
 * a value (getauxval(3)).
 */
export function pageBytes(): number {
  known ??= pageBytesIn(readFileSync('/proc/self/auxv'));
  return known;
}

function pageBytesIn(auxiliary: Buffer): number {
  const word = (at: number) =>
    endianness() === 'LE' ? auxiliary.readBigUInt64LE(at) : auxiliary.readBigUInt64BE(at);
  for (let at = 0; at < auxiliary.length; at += 2 * WORD_BYTES) {
    if (word(at) === AT_PAGESZ) {
      return Number(word(at + WORD_BYTES));
    }
  }
  throw new Error('The kernel does not tell the size of a page');
}
