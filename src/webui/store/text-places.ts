// Where a text is within a long one. Pure.

/** More are not counted. */
const MAX_PLACES = 10_000;

/** Where it begins, capital letters or not; of too many the last ones. */
export function placesOf(text: string, wanted: string): readonly number[] {
  const [within, what] = [text.toLowerCase(), wanted.toLowerCase()];
  const places: number[] = [];
  for (
    let at = within.lastIndexOf(what);
    at >= 0 && places.length < MAX_PLACES;
    at = at < what.length ? -1 : within.lastIndexOf(what, at - what.length)
  ) {
    places.push(at);
  }
  return places.reverse();
}
