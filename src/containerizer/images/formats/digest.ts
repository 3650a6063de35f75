// Digests name blobs and manifests by their content.
import { FormatError, textOf } from './fields.ts';

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (text: string): boolean => DIGEST.test(text);

export function digestOf(value: unknown, place: string): string {
  const text = textOf(value, place);
  if (!isDigest(text)) {
    throw new FormatError(
      `'${place}' must be 'sha256:' and 64 hexadecimal digits, and is '${text.slice(0, 100)}'`,
    );
  }
  return text;
}
