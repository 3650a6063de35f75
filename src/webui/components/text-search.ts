// Marks places in a long text without changing the page's tree, and scrolls to one of them.

const ALL = 'found';
const ONE = 'found-now';

interface Marked {
  readonly places: readonly number[];
  readonly length: number;
  /** Which of them is scrolled to. */
  readonly shown: number;
}

/** Marks places in the text of an element's `code`. */
export function showPlaces(element: HTMLElement | null, { places, length, shown }: Marked): void {
  CSS.highlights.delete(ALL);
  CSS.highlights.delete(ONE);
  const text = element?.querySelector('code')?.firstChild;
  const now = places[shown];
  if (!(text instanceof Text) || now === undefined) {
    return;
  }
  const ranges = places.map((start) => {
    const range = new Range();
    range.setStart(text, start);
    range.setEnd(text, Math.min(text.length, start + length));
    return range;
  });
  CSS.highlights.set(ALL, new Highlight(...ranges));
  const one = ranges[shown] as Range;
  CSS.highlights.set(ONE, new Highlight(one));
  const box = one.getBoundingClientRect();
  const frame = element?.getBoundingClientRect();
  if (frame !== undefined && (box.top < frame.top || box.bottom > frame.bottom)) {
    element?.scrollBy({ top: box.top - frame.top - frame.height / 2 });
  }
}
