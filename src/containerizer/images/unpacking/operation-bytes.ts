// Operations as the program reads that carries them out (supervisor/layers.c, which has the form).
import type { Operation } from './layer-reader.ts';
import type { SparsePiece } from './sparse.ts';

const KINDS: Readonly<Record<Operation['kind'], string>> = {
  file: 'f',
  'sparse file': 'F',
  folder: 'd',
  link: 'l',
  'hard link': 'h',
  'character device': 'c',
  'block device': 'b',
  fifo: 'p',
  whiteout: 'w',
  opaque: 'o',
  seal: 's',
};

const NUMBERS_BYTES = 37;

/** The content of a file follows its operation as it is. */
export function operationBytes(operation: Operation): Buffer {
  const { mode = 0, modified = { seconds: 0, nanoseconds: 0 } } =
    'mode' in operation ? operation : {};
  const { uid = 0, gid = 0, extended = [] } = 'uid' in operation ? operation : {};
  const target = 'target' in operation ? operation.target : '';
  const texts = [operation.path, target, ...extended.flat()];
  const length = texts.reduce((sum, text) => sum + 4 + text.length, NUMBERS_BYTES);
  const bytes = Buffer.allocUnsafe(4 + length);
  let at = bytes.writeUInt32LE(length, 0);
  at += bytes.write(KINDS[operation.kind], at, 'latin1');
  at = bytes.writeUInt32LE(mode, at);
  at = bytes.writeUInt32LE(uid, at);
  at = bytes.writeUInt32LE(gid, at);
  at = bytes.writeBigInt64LE(BigInt(modified.seconds), at);
  at = bytes.writeUInt32LE(modified.nanoseconds, at);
  at = bytes.writeBigUInt64LE(numberOf(operation), at);
  at = bytes.writeUInt32LE(extended.length, at);
  for (const text of texts) {
    at = bytes.writeUInt32LE(text.length, at);
    at += bytes.write(text, at, 'latin1');
  }
  return bytes;
}

/** The size of a file; of a device, its number. */
function numberOf(operation: Operation): bigint {
  if ('size' in operation) {
    return BigInt(operation.size);
  }
  return 'device' in operation
    ? (BigInt(operation.device.major) << 32n) | BigInt(operation.device.minor)
    : 0n;
}

/** In front of its content. */
export function pieceBytes({ hole, length }: SparsePiece): Buffer {
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeBigUInt64LE(BigInt(hole), 0);
  bytes.writeBigUInt64LE(BigInt(length), 8);
  return bytes;
}

/** After the last operation: all of it is to be on the disk. */
export const END = Buffer.from([1, 0, 0, 0, 'z'.charCodeAt(0)]);
