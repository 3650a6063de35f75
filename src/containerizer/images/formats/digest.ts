// Digests name blobs and manifests by their content.
import { FormatError, textOf } from './fields.ts';

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (value: unknown): value is string =>
  typeof value === 'string' && DIGEST.test(value);

export function digestOf(value: unknown, place: string): string {
  if (isDigest(value)) {
    return value;
  }
  const text = textOf(value, place);
  throw new FormatError(
    `'${place}' must be 'sha256:' and 64 hexadecimal digits, and is '${text.slice(0, 100)}'`,
  );
}
