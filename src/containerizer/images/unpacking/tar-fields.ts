// The fields of a tar header: texts that end at a NUL, and numbers, which are octal digits or,
// where these are too few, bytes.
import { TarError } from './tar-error.ts';

/** A character for each byte. */
export function textField(block: Buffer, at: number, length: number): string {
  const text = block.toString('latin1', at, at + length);
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** An empty field is 0. Throws TarError where it is no number, or one that is out of bounds. */
export function wholeField(
  block: Buffer,
  name: string,
  at: number,
  length: number,
  sign: 'signed' | 'unsigned' = 'unsigned',
): number {
  const value = numberField(block, at, length);
  if (!Number.isSafeInteger(value) || (value < 0 && sign === 'unsigned')) {
    throw new TarError(`a header has no ${name} that makes sense`);
  }
  return value;
}

/** NaN where it is no number. */
export const numberField = (block: Buffer, at: number, length: number): number =>
  isBinary(block, at) ? binary(block, at, length) : octal(block, at, length);

const isBinary = (block: Buffer, at: number) => ((block[at] ?? 0) & 0x80) !== 0;

/** Of the first byte, one bit is the mark and the next one the sign. */
function binary(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0;
  let value = BigInt.asIntN(7, BigInt(first & 0x7f));
  for (const byte of block.subarray(at + 1, at + length)) {
    value = (value << 8n) | BigInt(byte);
  }
  return Number(value);
}

function octal(block: Buffer, at: number, length: number): number {
  const text = block.toString('latin1', at, at + length).replace(/^[ \0]+/, '');
  const [digits = ''] = text.split(/[ \0]/, 1);
  return digits === '' ? 0 : /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}
