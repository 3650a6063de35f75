// Text with names in it that others have given, as a terminal may get it.

/** `?` for what a terminal would obey; line feeds are ours. */
export const printable = (text: string): string => text.replaceAll(/[^\P{C}\n]/gu, '?');
