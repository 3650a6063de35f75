// Finds a text within a long one, and marks where it is without changing the page's tree.

/** More are not counted. */
const MAX_PLACES = 10_000;

const ALL = 'found';
const ONE = 'found-now';

/** Where it begins, capital letters or not. */
export function placesOf(text: string, wanted: string): readonly number[] {
  const [within, what] = [text.toLowerCase(), wanted.toLowerCase()];
  const places: number[] = [];
  for (
    let at = within.indexOf(what);
    at >= 0 && places.length < MAX_PLACES;
    at = within.indexOf(what, at + what.length)
  ) {
    places.push(at);
  }
  return places;
}

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
