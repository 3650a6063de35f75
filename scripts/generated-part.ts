// The part of a page of docs/ that is generated, between two comments, and tables of such parts.

const END = '<!-- End of what is generated. -->';

interface GeneratedPart {
  /** The comment before it, which says what it is made of. */
  readonly begin: string;
  readonly text: string;
}

/** The page with its generated part made anew. Throws Error where the page has no such part. */
export function withGenerated(page: string, { begin, text }: GeneratedPart): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(END)];
  if (from < 0 || to < from) {
    throw new Error(`The page has no lines ${begin} and ${END}`);
  }
  return `${page.slice(0, from)}${begin}\n\n${text}\n${page.slice(to)}`;
}

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  `${[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
