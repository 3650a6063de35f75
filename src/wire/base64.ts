// Base64 as Mesos reads and writes it. Output is padded; in input, white space, missing padding and
// anything after the first `=` are accepted.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const WHITE_SPACE = /[ \t\n\v\f\r]/;
const INVALID = 255;
const values = new Uint8Array(128).fill(INVALID);
for (let i = 0; i < 64; i++) {
  values[ALPHABET.charCodeAt(i)] = i;
}

/** The two base64 digits for each value of 12 bits. */
const pairs = Array.from({ length: 4096 }, (_, bits) => digit(bits >> 6) + digit(bits));

export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  const whole = bytes.length - (bytes.length % 3);
  for (let i = 0; i < whole; i += 3) {
    const bits =
      ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number);
    text += (pairs[bits >> 12] as string) + (pairs[bits & 4095] as string);
  }
  const left = bytes.length - whole;
  if (left === 1) {
    text += `${pairs[(bytes[whole] as number) << 4]}==`;
  } else if (left === 2) {
    const bits = ((bytes[whole] as number) << 8) | (bytes[whole + 1] as number);
    text += `${pairs[bits >> 4]}${digit(bits << 2)}=`;
  }
  return text;
}

function digit(bits: number): string {
  return ALPHABET[bits & 63] as string;
}

/** Returns the bytes, or the first character that is not allowed. */
export function decodeBase64(text: string): Uint8Array | { readonly invalid: string } {
  const bytes = new Uint8Array((text.length * 3) >> 2);
  let length = 0;
  let bits = 0;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const value = unit < 128 ? (values[unit] as number) : INVALID;
    if (value === INVALID) {
      if (unit === 61) {
        break;
      }
      if (WHITE_SPACE.test(text[i] as string)) {
        continue;
      }
      return { invalid: text[i] as string };
    }
    bits = (bits << 6) | value;
    count++;
    if (count === 4) {
      bytes[length++] = bits >> 16;
      bytes[length++] = bits >> 8;
      bytes[length++] = bits;
      bits = 0;
      count = 0;
    }
  }
  if (count === 2) {
    bytes[length++] = bits >> 4;
  } else if (count === 3) {
    bytes[length++] = bits >> 10;
    bytes[length++] = bits >> 2;
  }
  return length === bytes.length ? bytes : bytes.slice(0, length);
}
