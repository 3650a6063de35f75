// Names that anybody may have given: what would hide, reorder or imitate text is made visible.

/** Controls, marks of direction, what has no width, and what is no whole character. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029\u115f\u1160\u3164\uffa0]/gu;

/** Longer names are cut; all of it is in the title, and what copies takes it whole. */
const MAX_LENGTH = 300;

/** `a\u202eb` becomes `a‹202E›b`. */
export function plainName(name: string): string {
  const text = plainText(name.slice(0, MAX_LENGTH));
  return name.length > MAX_LENGTH ? `${text}…` : text;
}

/** Of a sentence, which may have names in it, and is not cut. */
export const plainText = (text: string): string =>
  text.replaceAll(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `‹${code.toString(16).toUpperCase().padStart(4, '0')}›`;
  });
