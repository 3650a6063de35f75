// What people type to search: words, all of which have to be in texts, capital letters or not.

export const wordsOf = (text: string): readonly string[] =>
  text.toLowerCase().split(/\s+/).filter(Boolean);

/** Whether each word is in one of the texts. */
export const haveWords = (texts: readonly string[], words: readonly string[]): boolean =>
  words.every((word) => texts.some((text) => text.toLowerCase().includes(word)));
