// What has been chosen in a form, by the names of its fields.

/** `true` of what is checked; all else as it was typed. */
export type Chosen = Readonly<Record<string, string>>;

/** Why it is no amount as the master counts them; nothing is one that is not said. */
export function numberError(text: string): string | undefined {
  if (text === '') {
    return undefined;
  }
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) {
    return `“${text}” is no amount.`;
  }
  return /\.\d{4}/.test(text) ? `${text} has more than three decimals.` : undefined;
}
