// Attributes of an agent as text: `rack:r1;level:3;ports:[1-9]`.
import { type Attribute, Value_Type } from './generated/messages.ts';
import { formatValue, parseValue, TextError } from './value-text.ts';

/** Reads a list of attributes. A set is refused, as Mesos refuses it. Throws TextError. */
export function parseAttributes(text: string): Attribute[] {
  return attributeParts(text).map(parseAttribute);
}

/** Splits a list of attributes into the text of each. */
export const attributeParts = (text: string): string[] =>
  text.split(/[;\n]/).filter((part) => part.trim() !== '');

/** Throws TextError. */
export function parseAttribute(text: string): Attribute {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(colon, 0));
  const valueText = text.slice(colon + 1);
  if (name.trim() === '' || valueText.trim() === '') {
    throw new TextError(`expected an attribute such as rack:r1, got '${text}'`);
  }
  const value = parseValue(valueText);
  if (value.type === Value_Type.SET) {
    throw new TextError(`expected a number, [ranges] or text for ${name}, got a set`);
  }
  return { name, ...value };
}

/** Writes attributes as the text that `parseAttributes` reads. */
export const formatAttributes = (attributes: readonly Attribute[]): string =>
  attributes.map((attribute) => `${attribute.name}:${formatValue(attribute)}`).join('; ');
