// The header that names a download (RFC 6266). The name is a task's choice: nothing in it ends the
// header, or the quotes around it.

const TOKEN = /^[!#$&+.^_`|~0-9A-Za-z-]+$/;

/**
 * A name that needs no quotes has none, as from Mesos; one beyond ASCII is told in UTF-8 besides.
 */
export function attachment(name: string): string {
  if (TOKEN.test(name)) {
    return `attachment; filename=${name}`;
  }
  const plain = name.replaceAll(/[^\x20-\x7e]/g, '_').replaceAll(/["\\]/g, '\\$&');
  const quoted = `attachment; filename="${plain}"`;
  return /^[\x20-\x7e]*$/.test(name) ? quoted : `${quoted}; filename*=UTF-8''${extended(name)}`;
}

/** Percent-encoded but for what RFC 5987 lets stand. */
const extended = (name: string) =>
  encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
