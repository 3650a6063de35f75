// What an id that a client chooses must look like, and which bytes are a UUID.

const MAX_LENGTH = 255;

function hasForbiddenCharacter(id: string): boolean {
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    if (code < 32 || code === 127 || code === 47 /* slash */ || code === 92 /* backslash */) {
      return true;
    }
  }
  return false;
}

/** The length in UTF-8, counted without encoding. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // A surrogate pair is four bytes: two for each half.
    bytes += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3;
  }
  return bytes;
}

/** Why an id cannot be used, in Mesos's words. (Ids become names of directories.) */
export function idError(id: string): string | undefined {
  if (id === '') {
    return 'ID must not be empty';
  }
  if (id.length > MAX_LENGTH || byteLength(id) > MAX_LENGTH) {
    return `ID must not be greater than ${MAX_LENGTH} characters`;
  }
  if (id === '.' || id === '..') {
    return `'${id}' is disallowed`;
  }
  return hasForbiddenCharacter(id) ? `'${id}' contains invalid characters` : undefined;
}

/** Whether these are 16 bytes of which the version digit is 1 to 5. */
export function isUuid(bytes: Uint8Array | undefined): bytes is Uint8Array {
  if (bytes === undefined || bytes.length !== 16) {
    return false;
  }
  const version = (bytes[6] ?? 0) >> 4;
  return version >= 1 && version <= 5;
}

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) {
    return false;
  }
  for (let i = 0; i < left.length; i++) {
    if (left[i] !== right[i]) {
      return false;
    }
  }
  return true;
}
