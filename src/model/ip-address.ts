// IP addresses as text, where no socket says what they are.

/** Undefined for what is no address. */
export const ipFamily = (text: string): 4 | 6 | undefined =>
  ipv4Number(text) !== undefined ? 4 : isIpv6(text) ? 6 : undefined;

/** An IPv4 address as a number of 32 bits; undefined for any other text. */
export function ipv4Number(text: string): number | undefined {
  const parts = text.split('.');
  const isAddress =
    parts.length === 4 && parts.every((it) => /^(?:0|[1-9]\d{0,2})$/.test(it) && Number(it) < 256);
  return isAddress ? parts.reduce((sum, part) => sum * 256 + Number(part), 0) : undefined;
}

export const ipv4Text = (address: number): string =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

/** Without the name of a link after it. */
function isIpv6(text: string): boolean {
  const sides = text.split('::');
  const groups = sides.flatMap((side) => (side === '' ? [] : side.split(':')));
  const last = groups.at(-1) ?? '';
  // The last four bytes may be written as an IPv4 address.
  const isMixed = ipv4Number(last) !== undefined && text.endsWith(last);
  const words = isMixed ? groups.slice(0, -1) : groups;
  const count = words.length + (isMixed ? 2 : 0);
  return (
    words.every((it) => /^[0-9a-fA-F]{1,4}$/.test(it)) &&
    (sides.length === 1 ? count === 8 : sides.length === 2 && count < 8)
  );
}
